/** How many executed transactions fail, and where in the block. */
import type { Row } from '../dataset/column.ts'
import { groupRows, numberOf } from './fields.ts'
import type { Metric } from './metric.ts'

const DECILES = 10

export const revertRate: Metric = {
  id: 'revert-rate',
  title: 'Revert rate',
  definition:
    'Executed transactions that reverted or halted / executed transactions, without anchor transactions; in gas, their gas / all gas. By position: decile of i / n, where i is the ' +
    'transaction’s place among the n executed ones of its block, from 0.',
  source: 'arXiv 2506.01462 (reverts by position)',
  tables: ['transactions'],
  compute({ rows }) {
    const executed = rows('transactions').filter((row) => row.success !== null)
    const failed = executed.filter((row) => row.success === false)
    const gas = (of: readonly Row[]) => of.reduce((sum, row) => sum + numberOf(row, 'gas_used'), 0)
    const deciles = Array.from({ length: DECILES }, () => ({ executed: 0, failed: 0 }))
    for (const block of groupRows(executed, (row) => String(row.block_number)).values()) {
      const ordered = [...block].sort(
        (a, b) => numberOf(a, 'transaction_index') - numberOf(b, 'transaction_index'),
      )
      for (const [index, row] of ordered.entries()) {
        const decile = deciles[Math.floor((DECILES * index) / ordered.length)]
        if (decile === undefined) continue
        decile.executed++
        if (row.success === false) decile.failed++
      }
    }
    const share = (part: number, whole: number) => (whole === 0 ? null : part / whole)
    return {
      values: [
        {
          id: 'revert-rate',
          title: 'Transactions that failed',
          unit: 'share',
          value: share(failed.length, executed.length),
        },
        {
          id: 'revert-gas-rate',
          title: 'Gas of transactions that failed',
          unit: 'share',
          value: share(gas(failed), gas(executed)),
        },
      ],
      tables: [
        {
          id: 'reverts-by-position',
          title: 'Failures by position in the block',
          columns: [
            { name: 'decile', unit: 'count' },
            { name: 'executed', unit: 'count' },
            { name: 'failed', unit: 'count' },
            { name: 'share', unit: 'share' },
          ],
          rows: deciles.map((each, index) => [
            index + 1,
            each.executed,
            each.failed,
            share(each.failed, each.executed),
          ]),
        },
      ],
    }
  },
}
