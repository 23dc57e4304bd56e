/** Who proposes, and how few of them it takes: by address and by operator, counted in five ways. */
import type { Row, Value } from '../dataset/column.ts'
import { entropy, gini, herfindahl, nakamoto, sharesOf, theil } from './concentration.ts'
import { bigintOf, groupRows, optionalBigint, optionalText, textOf } from './fields.ts'
import type { Metric, MetricInput } from './metric.ts'

/** Columns of the proposers table; a proposer whose stake is not known makes stake shares not derivable. */
const MEASURES = ['proposals', 'blocks', 'gas_used', 'fees', 'stake'] as const
const BY = ['address', 'operator'] as const

const THIRD = { numerator: 1n, denominator: 3n }
const HALF = { numerator: 1n, denominator: 2n }
const TWO_THIRDS = { numerator: 2n, denominator: 3n }

export const proposerConcentration: Metric = {
  id: 'proposer-concentration',
  title: 'Concentration of proposers',
  definition:
    'Shares s of the entities with at least one unit, of proposals, L2 blocks, L2 gas, fees and stake, by address and by operator label (an address without ' +
    'label is its own operator). Nakamoto(τ): fewest entities whose shares sum to more than τ (strict) or to τ or more (non-strict). HHI = Σ(100 s)². ' +
    'Effective number = 10,000 / HHI. Gini = Σ(2j − n − 1)x_j / (nΣx), ascending. Entropy = −Σ s log2 s. Theil = mean of (x/μ) ln(x/μ).',
  source: 'Edinburgh Decentralisation Index (non-strict Nakamoto); arXiv 2501.16090',
  tables: ['proposers'],
  compute(input) {
    const rows = MEASURES.flatMap((measure) => BY.map((by) => describe(input, measure, by)))
    const headline = amountsOf(input, 'proposals', 'address') ?? []
    const shares = sharesOf(headline.map(Number))
    return {
      values: [
        { id: 'proposers', title: 'Proposers', unit: 'count', value: shares.length },
        {
          id: 'nakamoto-half',
          title: 'Nakamoto coefficient of proposals at 1/2, strict',
          unit: 'count',
          value: nakamoto(headline, HALF, true),
        },
        { id: 'max-share', title: 'Largest share of proposals', unit: 'share', value: shares[0] ?? null },
      ],
      tables: [
        {
          id: 'concentration',
          title: 'Concentration by what is counted and by whom',
          columns: [
            { name: 'counted', unit: '' },
            { name: 'by', unit: '' },
            { name: 'entities', unit: 'count' },
            { name: 'max share', unit: 'share' },
            { name: 'Nakamoto 1/3', unit: 'count' },
            { name: 'Nakamoto 1/3 non-strict', unit: 'count' },
            { name: 'Nakamoto 1/2', unit: 'count' },
            { name: 'Nakamoto 1/2 non-strict', unit: 'count' },
            { name: 'Nakamoto 2/3', unit: 'count' },
            { name: 'Nakamoto 2/3 non-strict', unit: 'count' },
            { name: 'HHI', unit: 'points' },
            { name: 'effective number', unit: 'count' },
            { name: 'Gini', unit: 'ratio' },
            { name: 'entropy', unit: 'bits' },
            { name: 'Theil', unit: 'ratio' },
          ],
          rows,
        },
      ],
    }
  },
}

function describe(input: MetricInput, measure: string, by: string): readonly Value[] {
  const amounts = amountsOf(input, measure, by)
  if (amounts === null) return [measure, by, ...Array(13).fill(null)]
  const numbers = amounts.map(Number)
  const shares = sharesOf(numbers)
  const hhi = herfindahl(shares)
  return [
    measure,
    by,
    shares.length,
    shares[0] ?? null,
    ...[THIRD, HALF, TWO_THIRDS].flatMap((threshold) => [
      nakamoto(amounts, threshold, true),
      nakamoto(amounts, threshold, false),
    ]),
    hhi,
    hhi === 0 ? null : 10_000 / hhi,
    gini(numbers),
    entropy(shares),
    theil(numbers),
  ]
}

/** One amount for each entity; null where it is not known of all. */
function amountsOf(input: MetricInput, measure: string, by: string): readonly bigint[] | null {
  const proposers = input.rows('proposers')
  if (proposers.some((row) => optionalBigint(row, measure) === null)) return null
  const groups = groupRows(proposers, by === 'address' ? addressOf : operatorOf)
  return [...groups.values()].map((rows) => rows.reduce((sum, row) => sum + bigintOf(row, measure), 0n))
}

const addressOf = (row: Row): string => textOf(row, 'proposer')
const operatorOf = (row: Row): string => optionalText(row, 'label') ?? addressOf(row)
