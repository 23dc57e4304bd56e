/** Builds the block that attributes describe: the anchor transaction, then every listed transaction that is valid. Rules D-70..D-91. */
import { assert } from '../primitives/assert.ts'
import { CriticalError } from '../primitives/errors.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH, headerHash } from '../primitives/header.ts'
import { bytesToHex, hexToBytes, ZERO_HASH } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { orderedTrieRoot } from '../primitives/orderedTrie.ts'
import { encodeReceipt, type Log, logsBloom } from '../primitives/receipt.ts'
import type { PayloadAttributes } from '../protocol/protocol.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { type AdmittedTransaction, admitTransaction } from './admission.ts'
import type {
  AddResult,
  AncestorHashes,
  DroppedTransaction,
  ExecutedBlock,
  ExecutedTransaction,
  OpenBlock,
} from './engine.ts'
import { createRunContext, type RunContext } from './evm.ts'
import { effectiveGasPrice, messageOf } from './message.ts'
import { rollupRules } from './rules/evmRules.ts'
import { splitFees } from './rules/fees.ts'
import { type Credits, type MessageResult, runMessage } from './runMessage.ts'
import type { SenderPool } from './senderPool.ts'
import { overlayState } from './state/laidOver.ts'
import { OverlayState } from './state/overlay.ts'
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
  const inOrder = <T>(work: () => Promise<T> | T): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => {})
    return result
  }
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
      inOrder(() => {
        snapshot ??= overlayState(state, block.changes(), ZERO_HASH, () => {
          throw new CriticalError('a block that is not sealed has no state root')
        })
        return snapshot
      }),
    seal: () =>
      inOrder(async () => {
        assert(!isSealed, `block ${attributes.number} is sealed twice`)
        isSealed = true
        return { ...(await block.seal()), dropped: [] }
      }),
  }
}

async function beginBlock({ spec, senders, attributes, state, ancestorHash }: BlockInput) {
  const overlay = new OverlayState(state)
  const context = await createRunContext({
    chainId: spec.l2.chainId,
    rules: rollupRules(attributes.fork),
    state: overlay,
    info: attributes,
    ancestorHash,
  })
  const treasury = hexToBytes(spec.l2.anchor)
  const anchor = await runAnchor(context, senders, attributes)
  const transactions = [anchor]
  let gasUsed = anchor.gasUsed
  return {
    transactions,
    gasUsed: () => gasUsed,
    changes: () => overlay.takeChanges(),
    async run(raw: Uint8Array, listedIndex: number): Promise<AddResult> {
      const admission = await admitTransaction(context, senders, raw, attributes.gasLimit - gasUsed)
      if (admission.type === 'refused') return { type: 'refused', ...admission.refusal }
      const place = { attributes, treasury, gasUsed, listedIndex }
      const transaction = await runListed(context, admission.admitted, place)
      gasUsed += transaction.gasUsed
      transactions.push(transaction)
      return { type: 'added', transaction }
    },
    async seal() {
      const changes = overlay.takeChanges()
      const header = sealHeader(attributes, transactions, gasUsed, await state.rootAfter(changes))
      return { hash: headerHash(header), header, transactions, changes }
    },
  }
}

/**
 * The block's first transaction: it spends gas without paying for it, moves no fees, and must be valid. D-70.
 * It may revert like any other; the chain's other clients go on then, and so does this one.
 */
async function runAnchor(
  context: RunContext,
  senders: SenderPool,
  attributes: BlockInput['attributes'],
): Promise<ExecutedTransaction> {
  const admission = await admitTransaction(
    context,
    senders,
    attributes.anchorTransaction,
    attributes.gasLimit,
    { checksBalance: false },
  )
  if (admission.type === 'refused')
    throw new CriticalError(
      `the anchor transaction of block ${attributes.number} is invalid (${admission.refusal.reason}); the chain was derived or configured wrongly`,
    )
  const { admitted } = admission
  const price = effectiveGasPrice(admitted.transaction, attributes.baseFeePerGas)
  const result = await runMessage(context, messageOf(admitted, price, { isCharged: false }), () => [])
  return describe(admitted, price, result, 0n)
}

async function runListed(
  context: RunContext,
  admitted: AdmittedTransaction,
  place: {
    readonly attributes: BlockInput['attributes']
    readonly treasury: Uint8Array
    readonly gasUsed: bigint
    readonly listedIndex: number
  },
): Promise<ExecutedTransaction> {
  const { baseFeePerGas, basefeeSharingPctg, coinbase } = place.attributes
  const price = effectiveGasPrice(admitted.transaction, baseFeePerGas)
  const creditsFor = (gasUsed: bigint): Credits => {
    const tipPerGas = price - baseFeePerGas
    const shares = splitFees({ gasUsed, baseFeePerGas, tipPerGas, basefeeSharingPctg })
    return [
      [hexToBytes(coinbase), shares.coinbase],
      [place.treasury, shares.treasury],
    ]
  }
  const result = await runMessage(context, messageOf(admitted, price, { isCharged: true }), creditsFor)
  return { ...describe(admitted, price, result, place.gasUsed), listedIndex: place.listedIndex }
}

function describe(
  { transaction, hash, sender }: AdmittedTransaction,
  price: bigint,
  result: MessageResult,
  gasUsedBefore: bigint,
): ExecutedTransaction {
  return {
    raw: transaction.raw,
    hash,
    sender: bytesToHex(sender),
    to: transaction.to === null ? null : bytesToHex(transaction.to),
    gasUsed: result.gasUsed,
    effectiveGasPrice: price,
    createdContract:
      transaction.to === null && result.createdContract !== null ? bytesToHex(result.createdContract) : null,
    receipt: {
      type: transaction.type,
      succeeded: result.succeeded,
      cumulativeGasUsed: gasUsedBefore + result.gasUsed,
      logs: result.logs.map(toLog),
    },
  }
}

function toLog([address, topics, data]: MessageResult['logs'][number]): Log {
  return { address: bytesToHex(address), topics: topics.map(bytesToHex), data }
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
