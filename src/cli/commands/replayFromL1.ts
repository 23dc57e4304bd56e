/** `plumbline replay --proposal`: a range of L1's proposals on the state of L2 nodes that are not trusted. */
import { openL1 } from '../../archive/openL1.ts'
import { hintBlock } from '../../replay/remote/hintBlock.ts'
import { createReplayPool } from '../../replay/remote/pool.ts'
import { type ProposalRange, readProposals } from '../../replay/remote/readProposals.ts'
import type { StateWay } from '../../replay/remote/replayProposal.ts'
import { anchorsOf, replayRange } from '../../replay/remote/replayRange.ts'
import { openRows, type ReplayRow, rowOf } from '../../replay/remote/rows.ts'
import type { Config } from '../config/load.ts'
import { ConfigError } from '../config/resolve.ts'
import { createLineProgress } from '../lineProgress.ts'
import { l1OptionsOf, sideLoggerOf, specOf } from '../nodeConfig.ts'
import { createShutdown } from '../shutdown.ts'

/** Ends with status 1 where a block differs. */
export async function replayFromL1(config: Config, json: boolean): Promise<void> {
  const spec = await specOf(config)
  const from = config.need<bigint>('proposal')
  const to = config.get<bigint>('to') ?? from
  if (to < from) throw new ConfigError(`--to ${to} is before --proposal ${from}`)
  const nodes = nodesOf(config)
  const workers = config.need<number>('replay.workers')
  const out = config.get<string>('out')
  const signal = createShutdown((name) => console.error(`${name}: stopping; run it again to go on`))
  const l1 = await openL1({ ...l1OptionsOf(config), spec, logger: sideLoggerOf(config), signal })
  const progress = createLineProgress()
  const setup = { spec, nodes, way: config.need<StateWay>('l2.state') }
  const pool = createReplayPool(workers, setup, anchorsOf(l1, signal))

  async function readRange(first: bigint | undefined): Promise<ProposalRange> {
    if (first === undefined) return { proposals: [], proven: new Map() }
    const l1Block = config.get<bigint>('l1-block')
    const hint = l1Block === undefined ? await hintBlock(nodes, first, signal) : undefined
    return readProposals({
      ...{ spec, l1, from: first, to, signal, ...(l1Block !== undefined && { l1Block }) },
      ...(hint !== undefined && { hint }),
      proofBlocks: BigInt(config.need<number>('replay.proof-blocks')),
      onProgress: (block, found) =>
        progress.note({ done: found, of: Number(to - first) + 1, text: `reading L1, block ${block}` }),
    })
  }

  try {
    const file = out === undefined ? undefined : openRows(out, spec.l2.chainId)
    const done = new Map((file?.rows ?? []).map((row) => [BigInt(row.proposal), row]))
    const known = [...done.values()].filter(({ proposal }) => proposal >= from && proposal <= to)
    const range = await readRange(firstOpen(from, to, done))
    progress.end()
    const rows: ReplayRow[] = []
    const isDone = (id: bigint) => done.has(id)
    for await (const each of replayRange({
      ...{ spec, l1, range, pool, isDone, signal },
      parallel: Math.max(1, workers),
    })) {
      const row = rowOf(spec.l2.chainId, each)
      file?.append(row)
      rows.push(row)
      if (json) console.log(JSON.stringify(row))
      else if (out === undefined || !row.match) printRow(row)
      const text = `proposal ${row.proposal} of ${to}, L2 block ${row.lastBlock}`
      progress.note({ done: row.proposal - Number(from) + 1, of: Number(to - from) + 1, text })
    }
    progress.end()
    if (!json) printSummary(rows, known, Number(to - from) + 1)
    if (rows.some(({ match }) => !match)) process.exitCode = 1
  } finally {
    progress.end()
    await pool.close()
    await l1.close()
  }
}

function nodesOf(config: Config) {
  const rate = config.need<number>('l2.rate-limit')
  const limits = { requestsPerSecond: rate > 0 ? rate : Number.MAX_SAFE_INTEGER }
  return config.need<readonly string[]>('l2.rpc').map((url) => ({ name: new URL(url).host, url, limits }))
}

function printRow(row: ReplayRow): void {
  const { proposal, firstBlock, lastBlock, hash, match, state, txs, dropped, gasUsed, difference } = row
  console.log(
    `proposal ${proposal}  blocks ${firstBlock} to ${lastBlock}  ${hash}  ${match ? 'matches' : 'DIFFERS'}, ${trustOf(row)}  ` +
      `${txs} transactions, ${dropped} dropped, ${gasUsed} gas, by ${state}`,
  )
  if (difference) for (const line of linesOf(difference as ShownDifference)) console.log(`  ${line}`)
}

type ShownDifference = {
  readonly block: number
  readonly ours?: string
  readonly expected?: string
  readonly sentence: string
  readonly rule?: string
  readonly interpreters?: string
  readonly fields: readonly { readonly field: string; readonly ours: string; readonly expected: string }[]
}

function linesOf(difference: ShownDifference): readonly string[] {
  const { block, ours, expected, sentence, rule, interpreters, fields } = difference
  return [
    `block ${block} is ${ours ?? 'none'} here, ${expected ?? 'none'} on the chain`,
    sentence,
    ...fields.map((each) => `${each.field}: ${each.ours} here, ${each.expected} on the chain`),
    ...(interpreters ? [interpreters] : []),
    rule
      ? `decided by rule ${rule} (docs/derivation.md)`
      : 'no rule of derivation decides it: it is in how the EVM ran',
  ]
}

function trustOf({ trust, trusted }: ReplayRow): string {
  if (trust === 'nodes') return `on the word of ${(trusted as readonly string[]).join(', ')}`
  return `proven in L1 block ${(trusted as { readonly l1Block: number }).l1Block}`
}

function printSummary(rows: readonly ReplayRow[], known: readonly ReplayRow[], total: number): void {
  const all = [...known, ...rows]
  const matching = all.filter(({ match }) => match)
  const blocks = matching.reduce((sum, row) => sum + row.lastBlock - row.firstBlock + 1, 0)
  const proven = matching.filter(({ trust }) => trust === 'proven').length
  const left = total - all.length
  console.log(
    `${matching.length} of ${total} proposals match (${blocks} blocks): ${proven} as proven on L1, ` +
      `${matching.length - proven} on the word of nodes` +
      (known.length > 0 ? `; ${known.length} were there already` : '') +
      (left > 0 ? `; ${left} were not replayed` : ''),
  )
}

/** Undefined where all are done. */
function firstOpen(from: bigint, to: bigint, done: ReadonlyMap<bigint, unknown>): bigint | undefined {
  for (let id = from; id <= to; id++) if (!done.has(id)) return id
  return undefined
}
