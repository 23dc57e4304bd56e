/**
 * The first block and the first state from a genesis file in geth's format. Large allocations are not part of the package, so
 * what a file gives is compared with the spec before it is used (derive/genesis.ts).
 */
import { z } from 'zod'
import { bigintToFixedBytes, EMPTY_BYTES, trimLeadingZeros } from '../primitives/bytes.ts'
import { CriticalError } from '../primitives/errors.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH, headerHash, NO_REQUESTS_HASH } from '../primitives/header.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256Hex } from '../primitives/keccak.ts'
import { BLOOM_BYTES } from '../primitives/receipt.ts'
import type { AccountState, StateChanges, StorageChanges } from './state/source.ts'
import { createEmptyState } from './state/witness.ts'

export type Genesis = {
  /** Against the empty state. */
  readonly changes: StateChanges
  readonly header: BlockHeader
  readonly hash: Hash
  readonly stateRoot: Hash
}

/** The file is no genesis in geth's format. The message says where. */
export class GenesisError extends CriticalError {
  override readonly name = 'GenesisError'

  constructor(reason: string) {
    super(`this is not a genesis file: ${reason}`)
  }
}

/** Wei per gas. EIP-1559. */
const BASE_FEE_DEFAULT = 1_000_000_000n

const integer = z
  .union([z.number().int().nonnegative(), z.string().regex(/^(0x[0-9a-fA-F]+|[0-9]+)$/)])
  .transform((value) => BigInt(value))
const byteString = z
  .string()
  .regex(/^(0x)?([0-9a-fA-F]{2})*$/)
  .transform((text) => hexToBytes(text.startsWith('0x') ? text : `0x${text}`))
/** Up to 32 bytes, as geth reads storage: short ones are padded on the left. */
const word = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,64}$/)
  .transform((text) => bigintToFixedBytes(BigInt(text), 32))

const accountSchema = z.object({
  balance: integer.optional(),
  nonce: integer.optional(),
  code: byteString.optional(),
  storage: z.record(z.string(), z.string()).optional(),
})

const genesisSchema = z.object({
  config: z.object({
    londonBlock: integer.nullish(),
    shanghaiTime: integer.nullish(),
    cancunTime: integer.nullish(),
    pragueTime: integer.nullish(),
  }),
  nonce: integer.default(0n),
  timestamp: integer.default(0n),
  extraData: byteString.optional(),
  // Taiko's files spell it so; geth reads names without regard to case.
  extradata: byteString.optional(),
  gasLimit: integer,
  difficulty: integer.default(0n),
  mixHash: byteString.optional(),
  coinbase: byteString.optional(),
  baseFeePerGas: integer.nullish(),
  excessBlobGas: integer.nullish(),
  blobGasUsed: integer.nullish(),
  alloc: z.record(z.string(), accountSchema),
})

/** `json` is the parsed file. Throws a GenesisError. */
export function buildGenesis(json: unknown): Genesis {
  const parsed = genesisSchema.safeParse(json)
  if (!parsed.success) throw new GenesisError(z.prettifyError(parsed.error))
  const changes = allocate(parsed.data.alloc)
  const { stateRoot } = createEmptyState().after(changes)
  const header = genesisHeader(parsed.data, stateRoot)
  return { changes, header, hash: headerHash(header), stateRoot }
}

function allocate(alloc: Readonly<Record<string, z.infer<typeof accountSchema>>>): StateChanges {
  const accounts = new Map<Address, AccountState>()
  const storage = new Map<Address, StorageChanges>()
  const codes = new Map<Hash, Uint8Array>()
  for (const [key, { balance = 0n, nonce = 0n, code = EMPTY_BYTES, storage: words = {} }] of Object.entries(
    alloc,
  )) {
    const address = parseAddress(key)
    if (accounts.has(address)) throw new GenesisError(`account ${address} is there twice`)
    const codeHash = keccak256Hex(code)
    if (code.length > 0) codes.set(codeHash, code)
    accounts.set(address, { nonce, balance, storageRoot: EMPTY_TRIE_ROOT, codeHash })
    const slots = new Map<Hex, Uint8Array>()
    for (const [slot, value] of Object.entries(words)) {
      const bytes = trimLeadingZeros(parseWord(value, address))
      if (bytes.length > 0) slots.set(bytesToHex(parseWord(slot, address)), bytes)
    }
    if (slots.size > 0) storage.set(address, { cleared: false, slots })
  }
  return { accounts, storage, code: codes }
}

/** Fields of a fork are there when the fork is on at block 0. */
function genesisHeader(genesis: z.infer<typeof genesisSchema>, stateRoot: Hash): BlockHeader {
  const { config, timestamp } = genesis
  const isActive = (time: bigint | null | undefined) => time != null && time <= timestamp
  return {
    parentHash: ZERO_HASH,
    ommersHash: EMPTY_OMMERS_HASH,
    coinbase: genesis.coinbase === undefined ? ZERO_ADDRESS : bytesToHex(genesis.coinbase),
    stateRoot,
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: new Uint8Array(BLOOM_BYTES),
    difficulty: genesis.difficulty,
    number: 0n,
    gasLimit: genesis.gasLimit,
    gasUsed: 0n,
    timestamp,
    extraData: genesis.extraData ?? genesis.extradata ?? EMPTY_BYTES,
    mixHash: genesis.mixHash === undefined ? ZERO_HASH : bytesToHex(genesis.mixHash),
    nonce: bigintToFixedBytes(genesis.nonce, 8),
    ...(config.londonBlock === 0n && { baseFeePerGas: genesis.baseFeePerGas ?? BASE_FEE_DEFAULT }),
    ...(isActive(config.shanghaiTime) && { withdrawalsRoot: EMPTY_TRIE_ROOT }),
    ...(isActive(config.cancunTime) && {
      blobGasUsed: genesis.blobGasUsed ?? 0n,
      excessBlobGas: genesis.excessBlobGas ?? 0n,
      parentBeaconBlockRoot: ZERO_HASH,
    }),
    ...(isActive(config.pragueTime) && { requestsHash: NO_REQUESTS_HASH }),
  }
}

function parseAddress(key: string): Address {
  const digits = key.startsWith('0x') ? key.slice(2) : key
  if (!/^[0-9a-fA-F]{40}$/.test(digits)) throw new GenesisError(`${key} is not an address`)
  return `0x${digits.toLowerCase()}`
}

function parseWord(text: string, address: Address): Uint8Array {
  const parsed = word.safeParse(text)
  if (!parsed.success) throw new GenesisError(`${text} is not a storage word of ${address}`)
  return parsed.data
}
