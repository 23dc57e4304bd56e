/** Builds the block that attributes describe: the anchor transaction, then every listed transaction that is valid. Rules D-70..D-91. */
import { assert } from '../primitives/assert.ts'
import { CriticalError } from '../primitives/errors.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH, headerHash, NO_REQUESTS_HASH } from '../primitives/header.ts'
import { type Hash, hexToBytes, ZERO_HASH } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { orderedTrieRoot } from '../primitives/orderedTrie.ts'
import { encodeReceipt, logsBloom } from '../primitives/receipt.ts'
import type { PayloadAttributes } from '../protocol/protocol.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { type BlockRun, type BlockRunInput, createBlockRun } from './blockRun.ts'
import { reviewScript } from './check/judge.ts'
import type { BlockScript } from './check/script.ts'
import type { AncestorHashes, ExecutedBlock, OpenBlock } from './engine.ts'
import { BEACON_ROOTS, HISTORY_STORAGE, runSystemCall } from './ethereum/systemCalls.ts'
import type { RunContext } from './evm.ts'
import { rollupRules } from './rules/evmRules.ts'
import { runListed } from './runListed.ts'
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
  /** Default: our own. */
  readonly loop?: 'own' | 'stock'
  /** Every block runs on EthereumJS's loop as well. */
  readonly isChecked?: boolean
}

/** Throws an EngineDisagreementError where blocks are checked. */
export async function executeBlock(
  input: BlockInput & { readonly attributes: PayloadAttributes },
): Promise<ExecutedBlock> {
  const { isChecked, attributes } = input
  const listed = attributes.transactions
  const block = await beginBlock(input)
  const dropped = await runListed(listed, (raw, listedIndex) => block.run(raw, listedIndex))
  const executed = { ...(await block.seal()), dropped }
  if (isChecked)
    await review(
      input,
      listed.map(({ raw }) => raw),
      executed,
    )
  return executed
}

/** Both loops from the beginning; what they make of the list if it is the same. Throws an EngineDisagreementError. */
export async function reviewBlock(
  input: BlockInput & { readonly attributes: PayloadAttributes },
): Promise<ExecutedBlock> {
  return executeBlock({ ...input, loop: 'own', isChecked: true })
}

async function review(
  input: BlockInput,
  listed: readonly Uint8Array[],
  executed?: ExecutedBlock,
): Promise<void> {
  const { attributes, state } = input
  const script: BlockScript = {
    number: attributes.number,
    raws: [attributes.anchorTransaction, ...listed],
    open: (options) => openRollupRun({ ...runInputOf(input), ...options }),
  }
  const ours = executed && { ...executed, zkGas: executed.header.difficulty }
  await reviewScript(script, state, ours)
}

/** A block that is filled from outside, where a transaction's listed index is its place among those that were added. */
export async function openBlock(input: BlockInput): Promise<OpenBlock> {
  const { attributes, state } = input
  const block = await beginBlock({ ...input, asksAlone: true })
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
        const executed = { ...(await block.seal()), dropped: [] }
        if (input.isChecked) await review(input, listedIn(block), executed)
        return executed
      })
    },
    review: (refused) =>
      inOrder(() => review(input, [...listedIn(block), ...(refused === undefined ? [] : [refused])])),
  }
}

function listedIn({ transactions }: Pick<BlockRun, 'transactions'>): readonly Uint8Array[] {
  return transactions.slice(1).map(({ raw }) => raw)
}

function runInputOf({
  spec,
  senders,
  attributes,
  state,
  ancestorHash,
  loop = 'own',
}: BlockInput): BlockRunInput {
  return {
    ...{ execution: { type: 'rollup', spec }, senders, info: attributes, state, ancestorHash },
    ...{ rules: rollupRules(attributes.fork), basefeeSharingPctg: attributes.basefeeSharingPctg },
    ...{ loop, countsSteps: loop === 'stock' },
  }
}

async function beginBlock(input: BlockInput & Pick<BlockRunInput, 'asksAlone'>) {
  const { attributes, state, asksAlone = false } = input
  const block = await openRollupRun({ ...runInputOf(input), asksAlone })
  await block.run(attributes.anchorTransaction)
  return {
    ...block,
    changes: () => block.state.takeChanges(),
    async seal() {
      const changes = block.state.takeChanges()
      const root = await state.rootAfter(changes)
      const header = sealHeader(attributes, block, root)
      return { hash: headerHash(header), header, transactions: block.transactions, changes }
    },
  }
}

/** D-91: everything execution found out, in a header without withdrawals, blobs or requests. taiko.md §2.5, unzen.md §3. */
function sealHeader(
  attributes: BlockInput['attributes'],
  block: Pick<BlockRun, 'context' | 'transactions' | 'gasUsed' | 'zkGas'>,
  stateRoot: BlockHeader['stateRoot'],
): BlockHeader {
  const { transactions } = block
  const { parentHash, coinbase, number, gasLimit, timestamp, extraData, mixHash, baseFeePerGas } = attributes
  return {
    parentHash,
    ommersHash: EMPTY_OMMERS_HASH,
    coinbase,
    stateRoot,
    transactionsRoot: orderedTrieRoot(transactions.map(({ raw }) => raw)),
    receiptsRoot: orderedTrieRoot(transactions.map(({ receipt }) => encodeReceipt(receipt))),
    logsBloom: logsBloom(transactions.flatMap(({ receipt }) => receipt.logs)),
    difficulty: BigInt(block.zkGas()),
    number,
    gasLimit,
    gasUsed: block.gasUsed(),
    timestamp,
    extraData,
    mixHash,
    nonce: NO_NONCE,
    baseFeePerGas,
    withdrawalsRoot: EMPTY_TRIE_ROOT,
    ...(block.context.rules.zkGas !== undefined && {
      blobGasUsed: 0n,
      excessBlobGas: 0n,
      parentBeaconBlockRoot: ZERO_HASH,
      requestsHash: NO_REQUESTS_HASH,
    }),
  }
}

/** Before the anchor transaction. */
export async function openRollupRun(input: BlockRunInput): Promise<BlockRun> {
  const { rules, info } = input
  // No blobs, so the price of blob gas stands at its floor (EIP-4844).
  const block = await createBlockRun(rules.usesKzg ? { ...input, info: { ...info, blobBaseFee: 1n } } : input)
  if (rules.zkGas !== undefined) await block.unmetered(() => keepParent(block.context, info.parentHash))
  return block
}

/** From Unzen on the protocol's calls come first: the parent's hash, and a beacon root there is none of. unzen.md §3. */
async function keepParent(context: RunContext, parentHash: Hash): Promise<void> {
  await runSystemCall(context, HISTORY_STORAGE, hexToBytes(parentHash))
  await runSystemCall(context, BEACON_ROOTS, hexToBytes(ZERO_HASH))
}
