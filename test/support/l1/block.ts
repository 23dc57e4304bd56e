/** A block of L1: a real header over real tries, its beacon block, and the inbox's state after it. */
import { createHash } from 'node:crypto'
import { concatBytes, EMPTY_BYTES } from '../../../src/primitives/bytes.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH, headerHash } from '../../../src/primitives/header.ts'
import { type Address, bytesToHex, type Hash, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256Hex } from '../../../src/primitives/keccak.ts'
import { orderedTrieRoot } from '../../../src/primitives/orderedTrie.ts'
import { BLOOM_BYTES, encodeReceipt, logsBloom, type Receipt } from '../../../src/primitives/receipt.ts'
import { type AccountState, genesisAccounts } from './accountState.ts'
import { type BeaconBlock, buildBeaconBlock } from './beaconBlock.ts'
import type { Blob } from './blob.ts'
import type { L1Transaction } from './calls.ts'
import { contractsRoot } from './checkpointTrie.ts'
import { type ExecutionContext, executeBlock } from './execute.ts'
import { blobBaseFee, GAS_PER_BLOB, INITIAL_BASE_FEE, nextBaseFee, nextExcessBlobGas } from './fees.ts'
import type { InboxConfig } from './inbox.ts'
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
  readonly accounts: AccountState
}

export type BlockConfig = InboxConfig & {
  /** Wei at genesis. */
  readonly balances: Readonly<Record<Address, bigint>>
}

export const GAS_LIMIT = 36_000_000n
/** sha256 of no requests. EIP-7685. */
const EMPTY_REQUESTS_HASH: Hash = bytesToHex(createHash('sha256').digest())
const EMPTY_BLOOM = new Uint8Array(BLOOM_BYTES)
const NONCE = new Uint8Array(8)
const COINBASE: Address = `0x${'c0'.repeat(20)}`

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
    accounts: genesisAccounts(config.balances),
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
  const context = contextAfter(config, parent, slot)
  const { number, timestamp, parentHash, baseFee } = context
  const executed = executeBlock(config, parent, transactions, context)
  const blobs = transactions.flatMap((transaction) => transaction.blobs)
  const mixHash = bytesToHex(random.bytes(32))
  const header: BlockHeader = {
    ...emptyFields(),
    ...{ number, timestamp, parentHash },
    // There is no EVM: the root is as opaque to a reader as a real one, and differs between branches. With something to prove it is one.
    stateRoot:
      contractsRoot(config, executed.inbox, mixHash) ??
      keccak256Hex(concatBytes(hexToBytes(parent.header.stateRoot), hexToBytes(mixHash))),
    transactionsRoot: orderedTrieRoot(transactions.map((transaction) => transaction.raw)),
    receiptsRoot: orderedTrieRoot(executed.receipts.map(encodeReceipt)),
    logsBloom: bloomOf(executed.receipts),
    gasUsed: executed.receipts.at(-1)?.cumulativeGasUsed ?? 0n,
    mixHash,
    baseFeePerGas: baseFee,
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

/** What transactions of the next block see, if it is in that slot. */
export function contextAfter(config: BlockConfig, parent: L1Block, slot: number): ExecutionContext {
  return {
    number: parent.header.number + 1n,
    timestamp: config.genesisTime + BigInt(slot) * config.secondsPerSlot,
    parentHash: parent.hash,
    baseFee: nextBaseFee(parent.header),
    blobBaseFee: blobBaseFee(nextExcessBlobGas(parent.header)),
    coinbase: COINBASE,
  }
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

function bloomOf(receipts: readonly Receipt[]): Uint8Array {
  return receipts.some((receipt) => receipt.logs.length > 0)
    ? logsBloom(receipts.flatMap((receipt) => receipt.logs))
    : EMPTY_BLOOM
}
