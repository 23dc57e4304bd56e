/** What proposers earned on L2 and paid on L1. */
import type { Row } from '../dataset/column.ts'
import { bigintOf, numberOf, optionalBigint, optionalText, textOf } from './fields.ts'
import type { Metric } from './metric.ts'

export const proposerEconomics: Metric = {
  id: 'proposer-economics',
  title: 'Fees and costs of proposers',
  definition:
    'Fees = priority fees and shared base fee that the coinbases of its blocks received. Cost = gas used × effective gas price + blob gas × blob base fee of its proposing transactions; ' +
    'proving is not in it. Result = fees − cost. Cost per transaction = cost / executed transactions of its blocks, anchor transactions excluded.',
  source: 'prior-art: sequencing economics of based rollups (ethresear.ch 21320, 22266)',
  tables: ['proposers'],
  compute({ rows }) {
    const proposers = rows('proposers')
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
      ],
    }
  },
}

function costsOf(row: Row): readonly (bigint | null)[] {
  const cost = optionalBigint(row, 'cost')
  const transactions = bigintOf(row, 'transactions')
  if (cost === null) return [null, null, null]
  return [cost, bigintOf(row, 'fees') - cost, transactions === 0n ? null : cost / transactions]
}

const missing = (cost: bigint | null) =>
  cost === null ? { note: 'the receipt of a proposing transaction is not at hand' } : {}
