/** The chain and the blocks of the benchmark: ten thousand funded accounts, two tokens and a pair, and signed transactions. */
import secp256k1 from 'secp256k1'
import { addressOfPublicKey } from '../src/engine/crypto.ts'
import type { AccountState, StateChanges, StorageChanges } from '../src/engine/state/source.ts'
import { bigintToBytes, concatBytes, EMPTY_BYTES, toWord, trimLeadingZeros } from '../src/primitives/bytes.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_HASH,
} from '../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256, keccak256Hex } from '../src/primitives/keccak.ts'
import { encodeRlp } from '../src/primitives/rlp.ts'
import { buildAnchorTransaction } from '../src/protocol/anchorTransaction.ts'
import { GOLDEN_TOUCH_ADDRESS } from '../src/protocol/goldenTouch.ts'
import { createDevnetSpec } from '../src/spec/devnet.ts'
import { compileContracts } from './contracts.ts'

const CHAIN_ID = 763_999n
const ETHER = 10n ** 18n
export const BASE_FEE = 1_000_000_000n
export const FIRST_BLOCK = 1000n
const ACCOUNTS = 10_000
const SENDERS = 500
export const TOKENS: readonly Address[] = [`0x${'70'.repeat(20)}`, `0x${'71'.repeat(20)}`]
const PAIR: Address = `0x${'9a'.repeat(20)}`
const COMPUTE: Address = `0x${'c1'.repeat(20)}`

export const SPEC = createDevnetSpec({
  l1ChainId: 1n,
  l2ChainId: CHAIN_ID,
  inbox: `0x${'11'.repeat(20)}`,
  startBlock: 0n,
  genesisTime: 0n,
  secondsPerSlot: 12n,
  genesis: { hash: ZERO_HASH, stateRoot: EMPTY_TRIE_ROOT },
})

export type Workload = {
  readonly name: string
  /** Transactions of one block, without the anchor. */
  readonly transactionsPerBlock: number
  /** As many as the zk gas of a block is enough for. */
  readonly meteredPerBlock: number
  /** Enough for the compiler to have seen what runs often. */
  readonly warmUpBlocks: number
  readonly measuredBlocks: number
  /** One commit for so many, as a node makes one for what an L1 block proposes. */
  readonly blocksPerStep: number
  readonly build: (context: { index: number; send: Send }) => Uint8Array
}

type Send = (input: {
  readonly sender: number
  readonly to: Address
  readonly value?: bigint
  readonly data?: Uint8Array
  readonly gasLimit: bigint
}) => Uint8Array

const recipientOf = (index: number): Address => `0x${(0x10_0000_0000 + index).toString(16).padStart(40, '0')}`

const transferData = (index: number) =>
  concatBytes(hexToBytes('0xa9059cbb'), toWord(BigInt(recipientOf(index))), toWord(1n))
/** `swap(uint256,bool)`, every other one the other way. */
const swapData = (index: number) =>
  concatBytes(hexToBytes('0x2aea6605'), toWord(10n ** 15n), toWord(BigInt(index & 1)))

/** `run(uint256)` of a million gas. */
const computeData = concatBytes(keccak256(Buffer.from('run(uint256)')).subarray(0, 4), toWord(2500n))

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'transfers',
    transactionsPerBlock: 500,
    meteredPerBlock: 400,
    warmUpBlocks: 10,
    measuredBlocks: 10,
    blocksPerStep: 5,
    build: ({ index, send }) =>
      send({ sender: index, to: recipientOf(index * 7), value: 1n, gasLimit: 21_000n }),
  },
  {
    name: 'ERC-20 transfers',
    transactionsPerBlock: 250,
    meteredPerBlock: 200,
    warmUpBlocks: 10,
    measuredBlocks: 10,
    blocksPerStep: 5,
    build: ({ index, send }) =>
      send({ sender: index, to: TOKENS[0] as Address, data: transferData(index * 7), gasLimit: 100_000n }),
  },
  {
    name: 'swaps',
    transactionsPerBlock: 100,
    meteredPerBlock: 80,
    warmUpBlocks: 20,
    measuredBlocks: 20,
    blocksPerStep: 5,
    build: ({ index, send }) => send({ sender: index, to: PAIR, data: swapData(index), gasLimit: 250_000n }),
  },
  {
    name: 'compute',
    transactionsPerBlock: 4,
    meteredPerBlock: 4,
    warmUpBlocks: 10,
    measuredBlocks: 10,
    blocksPerStep: 5,
    build: ({ index, send }) => send({ sender: index, to: COMPUTE, data: computeData, gasLimit: 2_000_000n }),
  },
  {
    name: 'anchor-only',
    transactionsPerBlock: 0,
    meteredPerBlock: 0,
    warmUpBlocks: 960,
    measuredBlocks: 960,
    blocksPerStep: 192,
    build: () => EMPTY_BYTES,
  },
]

export type BenchBlock = {
  readonly number: bigint
  readonly anchor: Uint8Array
  readonly transactions: readonly Uint8Array[]
}

/** Blocks that follow one another; signing them is not part of what is measured. */
export function buildBlocks(
  workload: Workload,
  count: number,
  transactionsPerBlock = workload.transactionsPerBlock,
): BenchBlock[] {
  const nonces = new Map<number, bigint>()
  const send: Send = ({ sender, to, value = 0n, data = EMPTY_BYTES, gasLimit }) => {
    const who = sender % SENDERS
    const nonce = nonces.get(who) ?? 0n
    nonces.set(who, nonce + 1n)
    return signTransaction(keyOf(who), { nonce, to, value, data, gasLimit })
  }
  return Array.from({ length: count }, (_, block) => ({
    number: FIRST_BLOCK + BigInt(block),
    anchor: anchorTransaction(BigInt(block)),
    transactions: Array.from({ length: transactionsPerBlock }, (__, i) =>
      workload.build({ index: block * transactionsPerBlock + i, send }),
    ),
  }))
}

const hashes = new Map<bigint, Hash>()

/** Hash of block `number`, as both machines are told; from memory, as a node has its last blocks'. */
export function hashOfBlock(number: bigint): Hash {
  const known = hashes.get(number)
  if (known !== undefined) return known
  const hash = keccak256Hex(toWord(number))
  hashes.set(number, hash)
  return hash
}

export function genesisChanges(): StateChanges {
  const { Token, Pair, Compute, Anchor } = compileContracts()
  const accounts = new Map<Address, AccountState>()
  const storage = new Map<Address, StorageChanges>()
  const code = new Map<Hash, Uint8Array>()
  const put = (address: Address, balance: bigint, bytes?: Uint8Array, slots?: Map<Hex, Uint8Array>) => {
    const codeHash = bytes === undefined ? EMPTY_CODE_HASH : keccak256Hex(bytes)
    if (bytes !== undefined) code.set(codeHash, bytes)
    accounts.set(address, {
      nonce: bytes === undefined ? 0n : 1n,
      balance,
      storageRoot: EMPTY_TRIE_ROOT,
      codeHash,
    })
    if (slots !== undefined) storage.set(address, { cleared: false, slots })
  }
  for (let i = 0; i < ACCOUNTS; i++) put(recipientOf(i), ETHER)
  const senders = Array.from({ length: SENDERS }, (_, i) => addressOf(keyOf(i)))
  for (const sender of senders) put(sender, 1000n * ETHER)
  for (const token of TOKENS) put(token, 0n, Token(), tokenSlots(senders))
  const reserves = ((10n ** 24n) << 112n) | (10n ** 24n)
  put(PAIR, 0n, Pair(TOKENS.map(BigInt)), new Map([[ZERO_HASH, trimLeadingZeros(toWord(reserves))]]))
  put(COMPUTE, 0n, Compute())
  put(SPEC.l2.anchor, 0n, Anchor())
  // Stock EthereumJS knows no exempt transaction: there the anchor is paid for.
  put(GOLDEN_TOUCH_ADDRESS, 1000n * ETHER)
  return { accounts, storage, code }
}

/** Balances (slot 0) of the senders, the pair and half the recipients; allowances (slot 1) for the pair. */
function tokenSlots(senders: readonly Address[]): Map<Hex, Uint8Array> {
  const slots = new Map<Hex, Uint8Array>()
  const amount = trimLeadingZeros(toWord(10n ** 24n))
  for (const sender of senders) {
    slots.set(mappingSlot(sender, toWord(0n)), amount)
    slots.set(mappingSlot(PAIR, hexToBytes(mappingSlot(sender, toWord(1n)))), amount)
  }
  slots.set(mappingSlot(PAIR, toWord(0n)), amount)
  for (let i = 0; i < ACCOUNTS; i += 2) slots.set(mappingSlot(recipientOf(i), toWord(0n)), amount)
  return slots
}

const mappingSlot = (key: Address, slot: Uint8Array): Hex =>
  keccak256Hex(concatBytes(toWord(BigInt(key)), slot))

function anchorTransaction(nonce: bigint): Uint8Array {
  // anchorV4 of a checkpoint that is not newer: the loop over the ancestors is what costs.
  const data = concatBytes(hexToBytes('0x523e6854'), toWord(0n), toWord(1n), toWord(2n))
  return buildAnchorTransaction({
    chainId: CHAIN_ID,
    nonce,
    gasLimit: 1_000_000n,
    baseFeePerGas: BASE_FEE,
    to: SPEC.l2.anchor,
    data,
  })
}

const keyOf = (index: number) => keccak256(toWord(BigInt(1_000_000 + index)))
const addressOf = (key: Uint8Array): Address =>
  bytesToHex(addressOfPublicKey(secp256k1.publicKeyCreate(key, false).slice(1)))

function signTransaction(
  key: Uint8Array,
  fields: { nonce: bigint; to: Address; value: bigint; data: Uint8Array; gasLimit: bigint },
): Uint8Array {
  const unsigned = [
    bigintToBytes(CHAIN_ID),
    bigintToBytes(fields.nonce),
    bigintToBytes(1n),
    bigintToBytes(2n * BASE_FEE),
    bigintToBytes(fields.gasLimit),
    hexToBytes(fields.to),
    bigintToBytes(fields.value),
    fields.data,
    [],
  ]
  const type = Uint8Array.of(2)
  const { signature, recid } = secp256k1.ecdsaSign(keccak256(concatBytes(type, encodeRlp(unsigned))), key)
  const [r, s] = [signature.slice(0, 32), signature.slice(32)].map(trimLeadingZeros) as [
    Uint8Array,
    Uint8Array,
  ]
  return concatBytes(type, encodeRlp([...unsigned, bigintToBytes(BigInt(recid)), r, s]))
}
