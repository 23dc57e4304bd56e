/** Builds the block that attributes describe: the anchor transaction, then every listed transaction that is valid. Rules D-70..D-91. */
import { assert } from '../primitives/assert.ts'
import { CriticalError } from '../primitives/errors.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH, headerHash } from '../primitives/header.ts'
import { ZERO_HASH } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { orderedTrieRoot } from '../primitives/orderedTrie.ts'
import { encodeReceipt, logsBloom } from '../primitives/receipt.ts'
import type { PayloadAttributes } from '../protocol/protocol.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { createBlockRun } from './blockRun.ts'
import type {
  AncestorHashes,
  DroppedTransaction,
  ExecutedBlock,
  ExecutedTransaction,
  OpenBlock,
} from './engine.ts'
import { rollupRules } from './rules/evmRules.ts'
import type { SenderPool } from './senderPool.ts'
import { overlayState } from './state/laidOver.ts'
import type { StateSource } from './state/source.ts'

const NO_NONCE = new Uint8Array(8)

type BlockInput = {
  readonly spec: RollupSpec
  readonly senders: SenderPool
  readonly attributes: Omit<PayloadAttributes, 'transactions'>
  readonly state: StateSource
  readonly ancestorHash: AncestorHashes
}

export async function executeBlock(
  input: BlockInput & { readonly attributes: PayloadAttributes },
): Promise<ExecutedBlock> {
  const block = await beginBlock(input)
  const dropped: DroppedTransaction[] = []
  for (const [listedIndex, { raw }] of input.attributes.transactions.entries()) {
    const result = await block.run(raw, listedIndex)
    if (result.type === 'refused') dropped.push({ listedIndex, reason: result.reason, rule: result.rule })
  }
  return { ...(await block.seal()), dropped }
}

/** A block that is filled from outside, where a transaction's listed index is its place among those that were added. */
export async function openBlock(input: BlockInput): Promise<OpenBlock> {
  const { attributes, state } = input
  const block = await beginBlock(input)
  let tail: Promise<unknown> = Promise.resolve()
  let isSealed = false
  let snapshot: StateSource | undefined
  /** Settles when nothing is added any more, which is before its roots are known. */
  let filled: Promise<unknown> | undefined
  const inOrder = <T>(work: () => Promise<T> | T): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => {})
    return result
  }
  const onceAdded = <T>(read: () => T): Promise<T> =>
    filled === undefined ? inOrder(read) : filled.then(read)
  return {
    attributes,
    transactions: block.transactions,
    get gasUsed() {
      return block.gasUsed()
    },
    add: (raw) =>
      inOrder(async () => {
        assert(!isSealed, `a transaction for block ${attributes.number}, which is sealed`)
        const result = await block.run(raw, block.transactions.length - 1)
        if (result.type === 'added') snapshot = undefined
        return result
      }),
    state: () =>
      onceAdded(() => {
        snapshot ??= overlayState(state, block.changes(), ZERO_HASH, () => {
          throw new CriticalError('a block that is not sealed has no state root')
        })
        return snapshot
      }),
    changes: () => onceAdded(() => block.changes()),
    seal: () => {
      filled ??= tail
      return inOrder(async () => {
        assert(!isSealed, `block ${attributes.number} is sealed twice`)
        isSealed = true
        return { ...(await block.seal()), dropped: [] }
      })
    },
  }
}

async function beginBlock({ spec, senders, attributes, state, ancestorHash }: BlockInput) {
  const { basefeeSharingPctg } = attributes
  const execution = { type: 'rollup', spec } as const
  const block = await createBlockRun({
    ...{ execution, senders, info: attributes, basefeeSharingPctg, state, ancestorHash },
    rules: rollupRules(attributes.fork),
  })
  await block.run(attributes.anchorTransaction)
  return {
    ...block,
    changes: () => block.state.takeChanges(),
    async seal() {
      const changes = block.state.takeChanges()
      const root = await state.rootAfter(changes)
      const header = sealHeader(attributes, block.transactions, block.gasUsed(), root)
      return { hash: headerHash(header), header, transactions: block.transactions, changes }
    },
  }
}

/** D-91: everything execution found out, in a header without withdrawals, blobs or requests. taiko.md §2.5. */
function sealHeader(
  attributes: BlockInput['attributes'],
  transactions: readonly ExecutedTransaction[],
  gasUsed: bigint,
  stateRoot: BlockHeader['stateRoot'],
): BlockHeader {
  const { parentHash, coinbase, number, gasLimit, timestamp, extraData, mixHash, baseFeePerGas } = attributes
  return {
    parentHash,
    ommersHash: EMPTY_OMMERS_HASH,
    coinbase,
    stateRoot,
    transactionsRoot: orderedTrieRoot(transactions.map(({ raw }) => raw)),
    receiptsRoot: orderedTrieRoot(transactions.map(({ receipt }) => encodeReceipt(receipt))),
    logsBloom: logsBloom(transactions.flatMap(({ receipt }) => receipt.logs)),
    difficulty: 0n,
    number,
    gasLimit,
    gasUsed,
    timestamp,
    extraData,
    mixHash,
    nonce: NO_NONCE,
    baseFeePerGas,
    withdrawalsRoot: EMPTY_TRIE_ROOT,
  }
}
