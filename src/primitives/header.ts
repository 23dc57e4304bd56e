/** Block headers of L1 and L2: one type for every fork, its RLP and its hash. */
import { bigintToBytes } from './bytes.ts'
import { type Address, type Hash, hexToBytes } from './hex.ts'
import { keccak256Hex } from './keccak.ts'
import { encodeRlp, type RlpItem } from './rlp.ts'

export type BlockHeader = {
  readonly parentHash: Hash
  readonly ommersHash: Hash
  readonly coinbase: Address
  readonly stateRoot: Hash
  readonly transactionsRoot: Hash
  readonly receiptsRoot: Hash
  /** 256 bytes. */
  readonly logsBloom: Uint8Array
  readonly difficulty: bigint
  readonly number: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint
  readonly extraData: Uint8Array
  readonly mixHash: Hash
  /** 8 bytes. */
  readonly nonce: Uint8Array
  /** Wei per gas. From London. */
  readonly baseFeePerGas?: bigint
  /** From Shanghai. */
  readonly withdrawalsRoot?: Hash
  /** From Cancun. */
  readonly blobGasUsed?: bigint
  readonly excessBlobGas?: bigint
  readonly parentBeaconBlockRoot?: Hash
  /** From Prague. */
  readonly requestsHash?: Hash
}

/** keccak-256 of an empty RLP list: the ommers hash of every block since Paris. */
export const EMPTY_OMMERS_HASH: Hash = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'

/** Fork fields are appended in order; the first absent one ends the header. */
export function encodeHeader(header: BlockHeader): Uint8Array {
  const items: RlpItem[] = [
    hexToBytes(header.parentHash),
    hexToBytes(header.ommersHash),
    hexToBytes(header.coinbase),
    hexToBytes(header.stateRoot),
    hexToBytes(header.transactionsRoot),
    hexToBytes(header.receiptsRoot),
    header.logsBloom,
    bigintToBytes(header.difficulty),
    bigintToBytes(header.number),
    bigintToBytes(header.gasLimit),
    bigintToBytes(header.gasUsed),
    bigintToBytes(header.timestamp),
    header.extraData,
    hexToBytes(header.mixHash),
    header.nonce,
  ]
  const forkFields: readonly (bigint | Hash | undefined)[] = [
    header.baseFeePerGas,
    header.withdrawalsRoot,
    header.blobGasUsed,
    header.excessBlobGas,
    header.parentBeaconBlockRoot,
    header.requestsHash,
  ]
  for (const field of forkFields) {
    if (field === undefined) break
    items.push(typeof field === 'bigint' ? bigintToBytes(field) : hexToBytes(field))
  }
  return encodeRlp(items)
}

export function headerHash(header: BlockHeader): Hash {
  return keccak256Hex(encodeHeader(header))
}
