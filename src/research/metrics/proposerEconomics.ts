/** What proposers earned on L2 and paid on L1. */
import type { Row } from '../dataset/column.ts'
import { distributionTable, type Series } from './distribution.ts'
import { bigintOf, groupRows, numberOf, optionalBigint, optionalText, textOf } from './fields.ts'
import type { Metric, MetricInput } from './metric.ts'

export const proposerEconomics: Metric = {
  id: 'proposer-economics',
  title: 'Fees and costs of proposers',
  definition:
    'Fees = priority fees and shared base fee that the coinbases of its blocks received. Cost = gas used × effective gas price + blob gas × blob base fee of its proposing transactions; ' +
    'proving is not in it. Result = fees − cost. Cost per transaction = cost / executed transactions of its blocks, anchor transactions excluded. Batch: what one L1 transaction proposed. With proving, the share that its proposals have ' +
    'of the fees of the transactions that proved them is added (an equal share for each proposal of one proof); profit = fees − this cost. Batches that were not proven by the end of the range count as “not yet”.',
  source: 'prior-art: sequencing economics of based rollups (ethresear.ch 21320, 22266)',
  tables: ['proposers', 'proposals', 'l2_blocks'],
  compute(input) {
    const proposers = input.rows('proposers')
    const batches = batchesOf(input)
    const proven = batches.filter(({ proving }) => proving !== null)
    const provenTransactions = proven.reduce((sum, each) => sum + each.transactions, 0)
    const total = (name: string): bigint | null =>
      proposers.some((row) => optionalBigint(row, name) === null)
        ? null
        : proposers.reduce((sum, row) => sum + bigintOf(row, name), 0n)
    const [cost, transactions] = [total('cost'), total('transactions') ?? 0n]
    return {
      values: [
        { id: 'fees', title: 'Fees of all proposers', unit: 'wei', value: total('fees') },
        { id: 'cost', title: 'L1 cost of all proposals', unit: 'wei', value: cost, ...missing(cost) },
        {
          id: 'cost-per-transaction',
          title: 'L1 cost per executed transaction, rounded down',
          unit: 'wei',
          value: cost === null || transactions === 0n ? null : cost / transactions,
          ...missing(cost),
        },
        {
          id: 'cost-per-transaction-proven',
          title: 'The same with proving, of batches that were proven, rounded down',
          unit: 'wei',
          value:
            provenTransactions === 0
              ? null
              : proven.reduce((sum, { posting, proving }) => sum + posting + (proving ?? 0n), 0n) /
                BigInt(provenTransactions),
          ...(provenTransactions === 0 && {
            note: 'no batch with transactions whose costs are known was proven',
          }),
        },
      ],
      tables: [
        {
          id: 'proposer-economics',
          title: 'By proposer',
          columns: [
            { name: 'proposer', unit: 'address' },
            { name: 'label', unit: '' },
            { name: 'proposals', unit: 'count' },
            { name: 'blocks', unit: 'count' },
            { name: 'transactions', unit: 'count' },
            { name: 'fees', unit: 'wei' },
            { name: 'cost', unit: 'wei' },
            { name: 'result', unit: 'wei' },
            { name: 'cost per transaction', unit: 'wei' },
          ],
          rows: proposers.map((row) => [
            textOf(row, 'proposer'),
            optionalText(row, 'label'),
            numberOf(row, 'proposals'),
            numberOf(row, 'blocks'),
            numberOf(row, 'transactions'),
            bigintOf(row, 'fees'),
            ...costsOf(row),
          ]),
        },
        distributionTable(
          { id: 'batch-economics', title: 'By batch', unit: 'wei', of: 'measured' },
          batchSeries(batches),
        ),
      ],
    }
  },
}

/** What one L1 transaction proposed; amounts in wei. */
type Batch = {
  readonly transactions: number
  readonly fees: bigint
  readonly posting: bigint
  /** Null while one of its proposals is not proven, or the receipt is not at hand. */
  readonly proving: bigint | null
}

/** Without those whose receipts are not at hand. */
function batchesOf({ rows }: MetricInput): readonly Batch[] {
  const keyOf = (row: Row) => `${row.l1_block_number} ${row.proposal_id}`
  const blocks = groupRows(rows('l2_blocks'), keyOf)
  const feesOf = (row: Row) =>
    (blocks.get(keyOf(row)) ?? []).reduce(
      (sum, block) => sum + bigintOf(block, 'tips') + bigintOf(block, 'shared_base_fee'),
      0n,
    )
  const grouped = groupRows(rows('proposals'), (row) => textOf(row, 'l1_transaction_hash'))
  return [...grouped.values()].flatMap((proposals): readonly Batch[] => {
    const [first] = proposals
    const [execution, blob] = ['l1_execution_fee', 'l1_blob_fee'].map(
      (name) => first && optionalBigint(first, name),
    )
    if (execution == null || blob == null) return []
    const shares = proposals.map((row) => optionalBigint(row, 'proof_fee'))
    return [
      {
        transactions: proposals.reduce((sum, row) => sum + numberOf(row, 'transactions'), 0),
        fees: proposals.reduce((sum, row) => sum + feesOf(row), 0n),
        posting: execution + blob,
        proving: shares.reduce((sum, share) => (sum === null || share === null ? null : sum + share), 0n),
      },
    ]
  })
}

function batchSeries(batches: readonly Batch[]): readonly Series[] {
  const used = batches.filter(({ transactions }) => transactions > 0)
  const series = (
    name: string,
    of: readonly Batch[],
    value: (batch: Batch, proving: bigint) => number,
  ): Series => {
    const values = of.flatMap((batch) => (batch.proving === null ? [] : [value(batch, batch.proving)]))
    return { name, values, censored: of.length - values.length }
  }
  return [
    {
      name: 'cost per transaction',
      values: used.map(({ posting, transactions }) => Number(posting) / transactions),
    },
    series(
      'cost per transaction with proving',
      used,
      ({ posting, transactions }, proving) => Number(posting + proving) / transactions,
    ),
    series('profit', batches, ({ fees, posting }, proving) => Number(fees - posting - proving)),
  ]
}

function costsOf(row: Row): readonly (bigint | null)[] {
  const cost = optionalBigint(row, 'cost')
  const transactions = bigintOf(row, 'transactions')
  if (cost === null) return [null, null, null]
  return [cost, bigintOf(row, 'fees') - cost, transactions === 0n ? null : cost / transactions]
}

const missing = (cost: bigint | null) =>
  cost === null ? { note: 'the receipt of a proposing transaction is not at hand' } : {}
