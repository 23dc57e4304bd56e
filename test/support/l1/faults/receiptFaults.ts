/** Lies about receipts other than their logs, and answers that are not there. */
import type { Receipt } from '../../../../src/primitives/receipt.ts'
import type { L1Block } from '../block.ts'
import type { Random } from '../random.ts'
import { RpcError } from '../rpcError.ts'
import type { AnswerFault, BlockFault } from './fault.ts'

const METHODS = ['eth_getBlockReceipts', 'eth_getTransactionReceipt', 'eth_getLogs']

export const RECEIPT_FAULTS: readonly (BlockFault | AnswerFault)[] = [
  {
    type: 'block',
    name: 'receipts-swapped',
    remedy: 'refute',
    methods: METHODS,
    alter: (block, { random }) => {
      if (block.receipts.length < 2) return undefined
      const at = random.below(block.receipts.length - 1)
      const receipts = [...block.receipts]
      receipts.splice(at, 2, receipts[at + 1]!, receipts[at]!)
      return { ...block, receipts }
    },
  },
  {
    type: 'block',
    name: 'receipt-status-flipped',
    remedy: 'refute',
    methods: METHODS,
    alter: (block, { random }) =>
      changeReceipt(block, random, (receipt) => ({ ...receipt, succeeded: !receipt.succeeded })),
  },
  {
    type: 'block',
    name: 'receipt-gas-changed',
    remedy: 'refute',
    methods: METHODS,
    alter: (block, { random }) =>
      changeReceipt(block, random, (receipt) => ({
        ...receipt,
        cumulativeGasUsed: receipt.cumulativeGasUsed + 1n,
      })),
  },
  {
    type: 'block',
    name: 'receipts-of-parent',
    remedy: 'refute',
    methods: METHODS,
    alter: (block, { tree }) => {
      const parent = tree.block(block.header.parentHash)
      if (parent === undefined || parent.header.receiptsRoot === block.header.receiptsRoot) return undefined
      return { ...block, receipts: parent.receipts, transactions: parent.transactions }
    },
  },
  {
    type: 'answer',
    name: 'receipts-null',
    remedy: 'wait',
    methods: ['eth_getBlockReceipts', 'eth_getTransactionReceipt'],
    alter: () => null,
  },
  {
    type: 'answer',
    name: 'receipts-empty',
    remedy: 'refute',
    methods: ['eth_getBlockReceipts'],
    alter: () => [],
  },
  { type: 'answer', name: 'logs-empty', remedy: 'refute', methods: ['eth_getLogs'], alter: () => [] },
  {
    type: 'answer',
    name: 'logs-reversed',
    remedy: 'refute',
    methods: ['eth_getLogs'],
    alter: (logs) => [...(logs as unknown[])].reverse(),
  },
  {
    type: 'answer',
    name: 'chain-id-of-another-network',
    remedy: 'refute',
    methods: ['eth_chainId'],
    alter: () => '0x1',
  },
  {
    type: 'answer',
    name: 'blocks-null',
    remedy: 'wait',
    methods: ['eth_getBlockByHash', 'eth_getBlockByNumber'],
    alter: () => null,
  },
  {
    type: 'answer',
    name: 'receipts-refused',
    remedy: 'wait',
    methods: ['eth_getBlockReceipts'],
    alter: () => {
      throw new RpcError(-32000, 'header not found')
    },
  },
]

function changeReceipt(
  block: L1Block,
  random: Random,
  change: (receipt: Receipt) => Receipt,
): L1Block | undefined {
  if (block.receipts.length === 0) return undefined
  const at = random.below(block.receipts.length)
  return { ...block, receipts: block.receipts.map((receipt, i) => (i === at ? change(receipt) : receipt)) }
}
