/** Block headers of L1 and L2: one type for every fork, its RLP and its hash. */
import { bigintToBytes, bytesToBigint } from './bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from './hex.ts'
import { keccak256Hex } from './keccak.ts'
import { decodeRlp, encodeRlp, RlpError, type RlpItem } from './rlp.ts'

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

/** SHA-256 of no bytes: no requests. EIP-7685. */
export const NO_REQUESTS_HASH: Hash = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

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

/** The inverse of `encodeHeader`. Throws RlpError when the bytes are no header of a fork we know. */
export function decodeHeader(bytes: Uint8Array): BlockHeader {
  const items = decodeRlp(bytes, 1)
  if (items instanceof Uint8Array || items.length < 15 || items.length > 21)
    throw new RlpError('not a block header')
  const at = (index: number) => items[index] as Uint8Array
  const has = (index: number) => index < items.length
  return {
    parentHash: bytesToHex(at(0)),
    ommersHash: bytesToHex(at(1)),
    coinbase: bytesToHex(at(2)),
    stateRoot: bytesToHex(at(3)),
    transactionsRoot: bytesToHex(at(4)),
    receiptsRoot: bytesToHex(at(5)),
    logsBloom: at(6),
    difficulty: bytesToBigint(at(7)),
    number: bytesToBigint(at(8)),
    gasLimit: bytesToBigint(at(9)),
    gasUsed: bytesToBigint(at(10)),
    timestamp: bytesToBigint(at(11)),
    extraData: at(12),
    mixHash: bytesToHex(at(13)),
    nonce: at(14),
    ...(has(15) && { baseFeePerGas: bytesToBigint(at(15)) }),
    ...(has(16) && { withdrawalsRoot: bytesToHex(at(16)) }),
    ...(has(17) && { blobGasUsed: bytesToBigint(at(17)) }),
    ...(has(18) && { excessBlobGas: bytesToBigint(at(18)) }),
    ...(has(19) && { parentBeaconBlockRoot: bytesToHex(at(19)) }),
    ...(has(20) && { requestsHash: bytesToHex(at(20)) }),
  }
}
