/** A block of L1: a real header over real tries, its beacon block, and the inbox's state after it. */
import { createHash } from 'node:crypto'
import { concatBytes, EMPTY_BYTES } from '../../../src/primitives/bytes.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH, headerHash } from '../../../src/primitives/header.ts'
import { type Address, bytesToHex, type Hash, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256Hex } from '../../../src/primitives/keccak.ts'
import { orderedTrieRoot } from '../../../src/primitives/orderedTrie.ts'
import {
  BLOOM_BYTES,
  encodeReceipt,
  type Log,
  logsBloom,
  type Receipt,
} from '../../../src/primitives/receipt.ts'
import { type BeaconBlock, buildBeaconBlock } from './beaconBlock.ts'
import { type Blob, BYTES_PER_BLOB } from './blob.ts'
import type { L1Transaction } from './calls.ts'
import { type BlockContext, callInbox, type InboxConfig } from './inbox.ts'
import { tokenTransferLog } from './inboxEvents.ts'
import { EMPTY_INBOX, type InboxState } from './inboxState.ts'
import type { Random } from './random.ts'

export type L1Block = {
  readonly header: BlockHeader
  readonly hash: Hash
  readonly transactions: readonly L1Transaction[]
  readonly receipts: readonly Receipt[]
  /** Why each failed transaction failed, by index. */
  readonly reverts: ReadonlyMap<number, string>
  readonly beacon: BeaconBlock
  /** In the order of the beacon block's commitments. */
  readonly blobs: readonly Blob[]
  /** After this block, on this branch. */
  readonly inbox: InboxState
}

export type BlockConfig = InboxConfig & {
  /** Seconds; time of slot 0 and of block 0. */
  readonly genesisTime: bigint
  readonly secondsPerSlot: bigint
}

const GAS_LIMIT = 36_000_000n
const GAS_PER_BLOB = BigInt(BYTES_PER_BLOB)
/** Six blobs. EIP-7691. */
const TARGET_BLOB_GAS = 6n * GAS_PER_BLOB
/** sha256 of no requests. EIP-7685. */
const EMPTY_REQUESTS_HASH: Hash = bytesToHex(createHash('sha256').digest())
const EMPTY_BLOOM = new Uint8Array(BLOOM_BYTES)
const NONCE = new Uint8Array(8)
const COINBASE: Address = `0x${'c0'.repeat(20)}`
const INITIAL_BASE_FEE = 10n ** 9n

export function buildGenesis(config: BlockConfig, random: Random): L1Block {
  const header: BlockHeader = {
    ...emptyFields(),
    parentHash: ZERO_HASH,
    stateRoot: bytesToHex(random.bytes(32)),
    number: 0n,
    timestamp: config.genesisTime,
    mixHash: bytesToHex(random.bytes(32)),
    baseFeePerGas: INITIAL_BASE_FEE,
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: ZERO_HASH,
  }
  const hash = headerHash(header)
  const beacon = buildBeaconBlock({ slot: 0, parentRoot: ZERO_HASH, payloadHash: hash, commitments: [] })
  return {
    header,
    hash,
    beacon,
    transactions: [],
    receipts: [],
    reverts: new Map(),
    blobs: [],
    inbox: EMPTY_INBOX,
  }
}

/** The child of `parent` in the slot after `missedSlots` empty ones. */
export function buildBlock(
  config: BlockConfig,
  parent: L1Block,
  transactions: readonly L1Transaction[],
  missedSlots: number,
  random: Random,
): L1Block {
  const slot = parent.beacon.slot + 1 + missedSlots
  const context: BlockContext = {
    number: parent.header.number + 1n,
    timestamp: config.genesisTime + BigInt(slot) * config.secondsPerSlot,
    parentHash: parent.hash,
  }
  const executed = execute(config, parent.inbox, transactions, context)
  const blobs = transactions.flatMap((transaction) => transaction.blobs)
  const mixHash = bytesToHex(random.bytes(32))
  const header: BlockHeader = {
    ...emptyFields(),
    ...context,
    // There is no EVM: the root is as opaque to a reader as a real one, and differs between branches.
    stateRoot: keccak256Hex(concatBytes(hexToBytes(parent.header.stateRoot), hexToBytes(mixHash))),
    transactionsRoot: orderedTrieRoot(transactions.map((transaction) => transaction.raw)),
    receiptsRoot: orderedTrieRoot(executed.receipts.map(encodeReceipt)),
    logsBloom: bloomOf(executed.receipts),
    gasUsed: executed.receipts.at(-1)?.cumulativeGasUsed ?? 0n,
    mixHash,
    baseFeePerGas: nextBaseFee(parent.header),
    blobGasUsed: BigInt(blobs.length) * GAS_PER_BLOB,
    excessBlobGas: nextExcessBlobGas(parent.header),
    parentBeaconBlockRoot: parent.beacon.root,
  }
  const hash = headerHash(header)
  const beacon = buildBeaconBlock({
    slot,
    parentRoot: parent.beacon.root,
    payloadHash: hash,
    commitments: blobs.map((blob) => blob.commitment),
  })
  return { header, hash, transactions, ...executed, beacon, blobs }
}

function emptyFields() {
  return {
    ommersHash: EMPTY_OMMERS_HASH,
    coinbase: COINBASE,
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: EMPTY_BLOOM,
    difficulty: 0n,
    gasLimit: GAS_LIMIT,
    gasUsed: 0n,
    extraData: EMPTY_BYTES,
    nonce: NONCE,
    withdrawalsRoot: EMPTY_TRIE_ROOT,
    requestsHash: EMPTY_REQUESTS_HASH,
  }
}

function execute(
  config: BlockConfig,
  before: InboxState,
  transactions: readonly L1Transaction[],
  context: BlockContext,
) {
  let inbox = before
  let cumulativeGasUsed = 0n
  const receipts: Receipt[] = []
  const reverts = new Map<number, string>()
  for (const [index, { type, call, from, gas }] of transactions.entries()) {
    let logs: readonly Log[] = []
    if (call.type === 'revert') reverts.set(index, 'reverted')
    else if (call.type === 'tokenTransfer')
      logs = Array.from({ length: call.logs }, () => tokenTransferLog(call.token, from, call.to, call.value))
    else if (call.type !== 'transfer') {
      const result = callInbox(config, inbox, call, context)
      if (result.type === 'done') ({ state: inbox, logs } = result)
      else reverts.set(index, result.reason)
    }
    // A plain transfer uses all of its gas; of the others any figure up to the limit is as good.
    cumulativeGasUsed += call.type === 'transfer' ? gas : (gas * 3n) / 4n
    receipts.push({ type, succeeded: !reverts.has(index), cumulativeGasUsed, logs })
  }
  return { inbox, receipts, reverts }
}

function bloomOf(receipts: readonly Receipt[]): Uint8Array {
  return receipts.some((receipt) => receipt.logs.length > 0)
    ? logsBloom(receipts.flatMap((receipt) => receipt.logs))
    : EMPTY_BLOOM
}

/** EIP-1559; divisions round down. */
function nextBaseFee(parent: BlockHeader): bigint {
  const baseFee = parent.baseFeePerGas ?? INITIAL_BASE_FEE
  const target = parent.gasLimit / 2n
  if (parent.gasUsed === target) return baseFee
  if (parent.gasUsed < target) return baseFee - (baseFee * (target - parent.gasUsed)) / target / 8n
  const rise = (baseFee * (parent.gasUsed - target)) / target / 8n
  return baseFee + (rise > 0n ? rise : 1n)
}

/** EIP-4844. */
function nextExcessBlobGas(parent: BlockHeader): bigint {
  const total = (parent.excessBlobGas ?? 0n) + (parent.blobGasUsed ?? 0n)
  return total < TARGET_BLOB_GAS ? 0n : total - TARGET_BLOB_GAS
}

/** Wei per blob gas. EIP-4844 `fake_exponential` with Prague's update fraction (EIP-7691). */
export function blobGasPrice(header: BlockHeader): bigint {
  const denominator = 5_007_716n
  let sum = 0n
  let term = denominator
  for (let i = 1n; term > 0n; i++) {
    sum += term
    term = (term * (header.excessBlobGas ?? 0n)) / (denominator * i)
  }
  return sum / denominator
}
