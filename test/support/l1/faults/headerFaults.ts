/** Lies about headers: with the true hash still claimed, or with a hash that follows the lie. */
import { type BlockHeader, headerHash } from '../../../../src/primitives/header.ts'
import { EMPTY_TRIE_ROOT } from '../../../../src/primitives/keccak.ts'
import { orderedTrieRoot } from '../../../../src/primitives/orderedTrie.ts'
import { encodeReceipt, logsBloom } from '../../../../src/primitives/receipt.ts'
import type { L1Block } from '../block.ts'
import type { Random } from '../random.ts'
import type { BlockFault } from './fault.ts'
import { flipBit, flipHexBit } from './flip.ts'

const FIELDS = [
  'parentHash',
  'ommersHash',
  'coinbase',
  'stateRoot',
  'transactionsRoot',
  'receiptsRoot',
  'logsBloom',
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'extraData',
  'mixHash',
  'nonce',
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
] as const satisfies readonly (keyof BlockHeader)[]

export const HEADER_FAULTS: readonly BlockFault[] = [
  ...FIELDS.flatMap((field): readonly BlockFault[] => [
    {
      type: 'block',
      name: `header-${field}-altered`,
      remedy: 'refute',
      alter: (block, { random }) => ({ ...block, header: alterField(block.header, field, random) }),
    },
    // Coherent, but it does not fit where it is said to stand.
    {
      type: 'block',
      name: `header-${field}-altered-and-rehashed`,
      remedy: 'outvote',
      alter: (block, { random }) => rehash(block, alterField(block.header, field, random)),
    },
  ]),
  {
    type: 'block',
    name: 'block-emptied-and-rehashed',
    remedy: 'outvote',
    alter: (block, { inbox }) => {
      if (!block.receipts.some((receipt) => receipt.logs.some((log) => log.address === inbox)))
        return undefined
      const forged = {
        ...block.header,
        transactionsRoot: EMPTY_TRIE_ROOT,
        receiptsRoot: EMPTY_TRIE_ROOT,
        logsBloom: logsBloom([]),
        gasUsed: 0n,
        blobGasUsed: 0n,
      }
      return rehash({ ...block, transactions: [], receipts: [] }, forged)
    },
  },
  {
    type: 'block',
    name: 'logs-hidden-and-rehashed',
    remedy: 'outvote',
    alter: (block, { inbox }) => {
      const receipts = block.receipts.map((receipt) => ({
        ...receipt,
        logs: receipt.logs.filter((log) => log.address !== inbox),
      }))
      const logs = receipts.flatMap((receipt) => receipt.logs)
      if (logs.length === block.receipts.flatMap((receipt) => receipt.logs).length) return undefined
      const receiptsRoot = orderedTrieRoot(receipts.map(encodeReceipt))
      return rehash({ ...block, receipts }, { ...block.header, receiptsRoot, logsBloom: logsBloom(logs) })
    },
  },
]

function rehash(block: L1Block, header: BlockHeader): L1Block {
  return { ...block, header, hash: headerHash(header) }
}

function alterField(header: BlockHeader, field: (typeof FIELDS)[number], random: Random): BlockHeader {
  const value = header[field]
  if (value === undefined) return header
  if (typeof value === 'bigint') return { ...header, [field]: value + 1n + BigInt(random.below(100)) }
  return {
    ...header,
    [field]: typeof value === 'string' ? flipHexBit(value, random) : flipBit(value, random),
  }
}
