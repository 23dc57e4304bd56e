/** What preconfirmations were worth: kept, broken, contradicted, undone. */
import type { Row, Value } from '../dataset/column.ts'
import { groupRows, numberOf, textOf } from './fields.ts'
import type { Metric } from './metric.ts'

export const promiseOutcomes: Metric = {
  id: 'promise-outcomes',
  title: 'Promises and reorganised preconfirmed blocks',
  definition:
    'Kept rate = kept / (kept + broken), by signer; pending and expired promises are counted apart. A preconfirmed block is reorganised if L1 brought another block of its number; ' +
    'the depth of a reorganisation is the run of consecutive such numbers, its rate per 10,000 preconfirmed blocks. Equivocation: two block hashes promised for one number in one window. ' +
    'Handover gap: timestamp of the first block of a proposer − timestamp of the last block of the proposer before him.',
  source: 'docs/metrics.md',
  tables: ['promises', 'preconfirmed_blocks', 'l2_blocks'],
  compute({ rows }) {
    const promises = rows('promises')
    const blocks = rows('preconfirmed_blocks').filter((row) => row.derived_hash !== null)
    const undone = [...new Set(blocks.filter(isUndone).map((row) => numberOf(row, 'block_number')))].sort(
      (a, b) => a - b,
    )
    const numbers = new Set(blocks.map((row) => numberOf(row, 'block_number'))).size
    const depths = runsOf(undone)
    const equivocations = countEquivocations(rows('preconfirmed_blocks'))
    const gaps = handoverGaps(rows('l2_blocks'))
    const noBlocks =
      numbers === 0 ? { note: 'no preconfirmed block of the range is in the stream’s journal' } : {}
    return {
      values: [
        {
          id: 'kept-rate',
          title: 'Promises kept',
          unit: 'share',
          value: keptRate(promises),
          ...noneOf(promises),
        },
        { id: 'equivocations', title: 'Equivocations', unit: 'count', value: equivocations },
        {
          id: 'preconfirmed-reorg-rate',
          title: 'Preconfirmed blocks reorganised, per 10,000',
          unit: 'ratio',
          value: numbers === 0 ? null : (10_000 * undone.length) / numbers,
          ...noBlocks,
        },
        {
          id: 'preconfirmed-reorg-depth',
          title: 'Deepest reorganisation of preconfirmed blocks',
          unit: 'count',
          value: numbers === 0 ? null : Math.max(0, ...depths),
          ...noBlocks,
        },
        {
          id: 'handover-gap',
          title: 'Longest gap between two proposers’ blocks',
          unit: 'seconds',
          value: gaps.length === 0 ? null : Math.max(...gaps),
        },
      ],
      tables: [
        {
          id: 'promises-by-signer',
          title: 'Promises by signer',
          columns: [
            { name: 'signer', unit: 'address' },
            { name: 'promises', unit: 'count' },
            { name: 'kept', unit: 'count' },
            { name: 'broken', unit: 'count' },
            { name: 'expired', unit: 'count' },
            { name: 'pending', unit: 'count' },
            { name: 'kept rate', unit: 'share' },
          ],
          rows: [...groupRows(promises, (row) => textOf(row, 'signer'))].map(
            ([signer, of]): readonly Value[] => [
              signer,
              of.length,
              ...['kept', 'broken', 'expired', 'pending'].map((outcome) => countOf(of, outcome)),
              keptRate(of),
            ],
          ),
        },
      ],
    }
  },
}

const countOf = (rows: readonly Row[], outcome: string): number =>
  rows.filter((row) => row.outcome === outcome).length
const isUndone = (row: Row): boolean => row.derived_hash !== row.block_hash
const noneOf = (rows: readonly Row[]) =>
  rows.length === 0 ? { note: 'no promise of the range is in the book' } : {}

function keptRate(rows: readonly Row[]): number | null {
  const [kept, broken] = [countOf(rows, 'kept'), countOf(rows, 'broken')]
  return kept + broken === 0 ? null : kept / (kept + broken)
}

/** Lengths of runs of consecutive numbers. */
function runsOf(ascending: readonly number[]): readonly number[] {
  const runs: number[] = []
  for (const [index, number] of ascending.entries()) {
    if (index > 0 && ascending[index - 1] === number - 1) runs[runs.length - 1] = (runs.at(-1) ?? 0) + 1
    else runs.push(1)
  }
  return runs
}

function countEquivocations(rows: readonly Row[]): number {
  const positions = groupRows(
    rows,
    (row) => `${numberOf(row, 'block_number')} ${numberOf(row, 'window_end')}`,
  )
  // A block that did not land may be known by its commitment alone.
  const countBlocks = (of: readonly Row[]) =>
    new Set(of.map((row) => row.block_hash ?? row.commitment_hash)).size
  return [...positions.values()].filter((of) => countBlocks(of) > 1).length
}

function handoverGaps(blocks: readonly Row[]): readonly number[] {
  return blocks.flatMap((row, index) => {
    const before = blocks[index - 1]
    if (before === undefined || before.proposer === row.proposer) return []
    return [numberOf(row, 'timestamp') - numberOf(before, 'timestamp')]
  })
}
