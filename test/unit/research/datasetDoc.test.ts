/** docs/datasets.md is written from the tables themselves: `UPDATE_DOCS=1 npx vitest run test/unit/research/datasetDoc.test.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { storedColumns } from '../../../src/research/dataset/duckdb.ts'
import { TABLES } from '../../../src/research/dataset/tables.ts'
import { VIEWS } from '../../../src/research/dataset/views.ts'

const FILE = join(import.meta.dirname, '../../../docs/datasets.md')

const HEAD = `# Datasets

\`plumbline export\` writes a range of L1, and the L2 that came of it, as tables: Parquet, CSV, NDJSON, with a description of every column, a hash of
every file, and a DuckDB file with views over them.

\`\`\`
plumbline archive fetch --archive.dir archive --to 21000000 --network taiko-mainnet --l1.rpc URL --l1.beacon URL
plumbline export --l1.archive archive --blocks 20.9M:21M --export.dir dataset --network taiko-mainnet --datadir DATA
plumbline export --l1.archive archive --export.format parquet,csv --labels labels.csv --rollup.config rollup.json --genesis genesis.json
\`\`\`

L1 comes from an archive (\`--l1.archive\`) or from endpoints (\`--l1.rpc\`, \`--l1.beacon\`); with endpoints the range is read twice, so that an
archive is quicker. L2 comes from a node's data directory, which is only read, while the node may be running; without \`--datadir\` the chain is
derived from its beginning into a temporary folder (\`--genesis\`; \`--engine.workers\` threads), and an archive that begins where the chain does is
enough. A node's directory also has what L1 does not say: its promise book, and when it heard of things. Endpoints
given beside an archive are asked only for what the inbox decides: after how long a forced inclusion is due, who was elected when, and what the
elected have as collateral in the registry that a lookahead schedule asks. That takes an endpoint that still has the state of old blocks, and for
lookaheads that nobody proved to the contract a beacon node that has theirs.

## Ranges

\`--from\` and \`--to\` are L1 blocks, both part of the range. \`--blocks\` takes a range as [cryo](https://github.com/paradigmxyz/cryo) has it, without
its end:

| written | L1 blocks |
|---|---|
| \`15M:16M\` | 15,000,000 to 15,999,999 |
| \`15M:+1000\` | 15,000,000 to 15,000,999 |
| \`-1000:7000\` | 6,000 to 6,999 |
| \`5_000:5.5K\` | 5,000 to 5,499 |
| \`16M\` | 16,000,000 alone |
| \`:700\` | the first that can hold an event, to 699 |
| \`15.5M:\`, \`15.5M:latest\` | 15,500,000 to the last that is final and derived |

A dataset has every block of its range: every n-th block (\`2000:5000:1000\`, \`100:200/5\`) is refused. The range must not end after the last L1
block that is final. Everything in a dataset is as of its end: a proposal that a later block proves is not proven in it. So the same range of
the same L1 makes the same files whenever it is exported, byte for byte (\`dataset.duckdb\` excepted); where anyone may propose, and given
\`--export.forced-inclusion-delay\`, also from an archive as from endpoints, which alone can be asked for that delay and for elections. The node's own observations (promises, \`preconfirmed_at\`,
\`finalized_at\`, \`first_seen_at\`) are of that node.

## Files

\`NETWORK__TABLE__FROM_to_TO.parquet\`, L1 block numbers with eight digits, one for each table and \`--export.chunk-size\` L1 blocks (1000); chunks
begin at its multiples. A table without rows has its files too. Parquet is compressed with zstd and its rows are in the order named below.

\`dataset.json\` names the network, the range and the hash of its last block, the code that wrote it, the definition of every column, the
labels, every file with rows, bytes and sha256, and in \`notes\` what is absent and why. It is written after each chunk: an export
that was stopped, in whatever way, is gone on with by the same command, and files that are as it names them are not written again. A folder with
another dataset is refused.

\`dataset.duckdb\` has a view of each table and the views below. It finds the files by their names, so open it in its folder:

\`\`\`
cd dataset && duckdb dataset.duckdb -c 'SELECT * FROM proposer_shares'
\`\`\`

## Labels

\`--labels FILE\` says who is behind an address. Either CSV, whose first line is \`address,label,source\` or \`address,label,source,country,host\`
and which has no quotes, or a JSON array of objects with these fields. Country and host are free text and may be left out. An address that is there
twice, an empty field among the first three or another field is an error.

## Types

As cryo's: \`u256\` becomes two columns, \`NAME_string\` (decimal, exact) and \`NAME_f64\`; hashes, addresses and bytes are \`0x\` and lower-case hexadecimals;
\`timestamp\` is seconds since 1970, \`milliseconds\` thousandths of them. Amounts of wei are \`DECIMAL(38, 0)\`, exact.

This page is written from the code; a test holds the two together.

## Tables
`

function render(): string {
  const tables = TABLES.map((table) => {
    const { name, definition, orderBy, columns, isOfWholeRange } = table
    const rows = columns.map((column) => {
      const stored = storedColumns({ columns: [column] })
      const names = stored.map((each) => `\`${each.name}\``).join(', ')
      const type = stored.map(({ sqlType }) => sqlType).join(', ')
      return `| ${names} | ${type}${column.isNullable ? ', null' : ''} | ${column.definition.replaceAll('|', '\\|')} |`
    })
    const order = `Ordered by ${orderBy.map((each) => `\`${each}\``).join(', ')}${isOfWholeRange ? '; one file over the whole range' : ''}.`
    return [
      `### ${name}`,
      '',
      `${definition} ${order}`,
      '',
      '| column | type | meaning |',
      '|---|---|---|',
      ...rows,
    ].join('\n')
  })
  const views = VIEWS.map(
    ({ name, definition, sql }) => `### ${name}\n\n${definition}\n\n\`\`\`sql\n${sql}\n\`\`\``,
  )
  return `${[HEAD.trimEnd(), ...tables, '## Views', ...views].join('\n\n')}\n`
}

test('docs/datasets.md says what the code writes', () => {
  if (process.env.UPDATE_DOCS) writeFileSync(FILE, render())
  expect(readFileSync(FILE, 'utf8')).toBe(render())
})
