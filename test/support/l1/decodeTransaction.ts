/**
 * Raw transactions as `eth_sendRawTransaction` takes them: types 0, 2 and 3, the last with its blobs in the wrapper of
 * EIP-4844 (a proof each) or of EIP-7594 (a proof for each cell). What a client would refuse is refused in its words.
 */
import kzg from 'c-kzg'
import secp256k1 from 'secp256k1'
import { bigintToFixedBytes, bytesToBigint, concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256, keccak256Hex } from '../../../src/primitives/keccak.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../../../src/primitives/rlp.ts'
import { type Blob, BYTES_PER_BLOB, loadSetup, toBlob } from './blob.ts'
import type { L1Transaction } from './calls.ts'
import { decodeCall } from './decodeCall.ts'
import { RpcError } from './rpcError.ts'
import { encode, type SignedTransaction, signingHash, type TransactionFields } from './transaction.ts'

/** 0: one proof a blob. 1: one proof a cell. */
export type WrapperVersion = 0 | 1

const CELLS_PER_BLOB = 128
/** Wrapper, transaction, access list, entry, slots. */
const DEPTH_MAX = 5

export function decodeTransaction(
  raw: Uint8Array,
  config: { readonly inbox: Address; readonly wrapper: WrapperVersion },
): L1Transaction {
  const type = raw[0] ?? 0
  if (type === 3) return decodeWrapped(raw, config)
  return withCall(config.inbox, decodeSigned(type, items(type === 2 ? raw.subarray(1) : raw), raw), [])
}

function decodeWrapped(
  raw: Uint8Array,
  config: { readonly inbox: Address; readonly wrapper: WrapperVersion },
): L1Transaction {
  const parts = items(raw.subarray(1))
  const version = parts.length === 5 ? 1 : 0
  if (version !== config.wrapper)
    throw new RpcError(-32000, `invalid sidecar version ${version}, expected ${config.wrapper}`)
  if (version === 1 && (parts[1] as Uint8Array)[0] !== 1) throw malformed('the wrapper version')
  const body = listOf(parts[0])
  const [blobs, commitments, proofs] = parts.slice(-3).map((part) => listOf(part) as readonly Uint8Array[])
  const tx = decodeSigned(3, body, concatBytes(Uint8Array.of(3), encodeRlp(body)))
  const made = checkSidecar(tx, version, blobs ?? [], commitments ?? [], proofs ?? [])
  return withCall(config.inbox, tx, made)
}

/** geth: core/txpool/validation.go, validateBlobSidecar. */
function checkSidecar(
  { blobHashes }: SignedTransaction,
  version: WrapperVersion,
  blobs: readonly Uint8Array[],
  commitments: readonly Uint8Array[],
  proofs: readonly Uint8Array[],
): readonly Blob[] {
  if (blobHashes.length === 0) throw new RpcError(-32000, 'blobless blob transaction')
  if (blobs.length !== blobHashes.length || commitments.length !== blobs.length)
    throw new RpcError(
      -32000,
      `invalid number of ${blobs.length} blobs compared to ${blobHashes.length} blob hashes`,
    )
  if (proofs.length !== blobs.length * (version === 0 ? 1 : CELLS_PER_BLOB))
    throw new RpcError(-32000, `invalid number of ${proofs.length} blob proofs`)
  loadSetup()
  return blobs.map((bytes, index) => {
    if (bytes.length !== BYTES_PER_BLOB) throw malformed('a blob')
    const blob = toBlob(bytes)
    if (blob.versionedHash !== blobHashes[index])
      throw new RpcError(
        -32000,
        `blob ${index}: computed hash ${blob.versionedHash} mismatches transaction one`,
      )
    if (blob.commitment !== bytesToHex(commitments[index]!))
      throw new RpcError(-32000, `blob ${index}: the commitment is another blob's`)
    const own =
      version === 0 ? [proofs[index]!] : proofs.slice(index * CELLS_PER_BLOB, (index + 1) * CELLS_PER_BLOB)
    if (!verify(blob, version, own)) throw new RpcError(-32000, `invalid blob ${index}: invalid proof`)
    return blob
  })
}

/** Blobs whose proofs were good once; a node sends the same ones again with every fee. */
const proven = new Set<string>()

function verify(
  { bytes, commitment, versionedHash }: Blob,
  version: WrapperVersion,
  proofs: readonly Uint8Array[],
) {
  const key = `${versionedHash} ${keccak256Hex(concatBytes(...proofs))}`
  if (proven.has(key)) return true
  const holds = check()
  if (holds) proven.add(key)
  return holds

  function check(): boolean {
    const known = hexToBytes(commitment)
    try {
      if (version === 0) return kzg.verifyBlobKzgProof(bytes, known, proofs[0]!)
      const cells = kzg.computeCells(bytes)
      return kzg.verifyCellKzgProofBatch(
        cells.map(() => known),
        [...cells.keys()],
        cells,
        [...proofs],
      )
    } catch {
      return false
    }
  }
}

function withCall(inbox: Address, tx: SignedTransaction, blobs: readonly Blob[]): L1Transaction {
  return { ...tx, call: decodeCall(inbox, tx), blobs }
}

/** `raw` is what is hashed. */
function decodeSigned(type: number, fields: readonly RlpItem[], raw: Uint8Array): SignedTransaction {
  if (fields.length !== (type === 0 ? 9 : type === 2 ? 12 : type === 3 ? 14 : -1))
    throw new RpcError(-32000, 'transaction type not supported')
  const v = numberOf(fields.at(-3))
  const common = type === 0 ? legacyFields(fields, v) : typedFields(type as 2 | 3, fields)
  const yParity = Number(type === 0 ? (v - 35n) & 1n : v)
  const signature = { r: numberOf(fields.at(-2)), s: numberOf(fields.at(-1)), yParity }
  const encoded = encode(common, fields.slice(-3))
  // An access list, or a form that is not the shortest: nothing here makes one.
  if (bytesToHex(encoded) !== bytesToHex(raw)) throw malformed('a transaction of this form')
  return { ...common, hash: keccak256Hex(encoded), from: recover(common, signature), raw: encoded, signature }
}

function legacyFields(fields: readonly RlpItem[], v: bigint): TransactionFields {
  if (v < 35n) throw new RpcError(-32000, 'only replay-protected (EIP-155) transactions allowed over RPC')
  const price = numberOf(fields[1])
  return {
    type: 0,
    chainId: (v - 35n) / 2n,
    nonce: numberOf(fields[0]),
    maxFeePerGas: price,
    maxPriorityFeePerGas: price,
    gas: numberOf(fields[2]),
    to: addressOf(fields[3]),
    value: numberOf(fields[4]),
    input: bytesOf(fields[5]),
    maxFeePerBlobGas: 0n,
    blobHashes: [],
  }
}

function typedFields(type: 2 | 3, fields: readonly RlpItem[]): TransactionFields {
  if (listOf(fields[8]).length > 0) throw malformed('an access list')
  return {
    type,
    chainId: numberOf(fields[0]),
    nonce: numberOf(fields[1]),
    maxPriorityFeePerGas: numberOf(fields[2]),
    maxFeePerGas: numberOf(fields[3]),
    gas: numberOf(fields[4]),
    to: addressOf(fields[5]),
    value: numberOf(fields[6]),
    input: bytesOf(fields[7]),
    maxFeePerBlobGas: type === 3 ? numberOf(fields[9]) : 0n,
    blobHashes: type === 3 ? listOf(fields[10]).map((hash) => bytesToHex(bytesOf(hash)) as Hash) : [],
  }
}

function recover(fields: TransactionFields, { r, s, yParity }: SignedTransaction['signature']): Address {
  try {
    const rs = concatBytes(bigintToFixedBytes(r, 32), bigintToFixedBytes(s, 32))
    const publicKey = secp256k1.ecdsaRecover(rs, yParity, signingHash(fields), false)
    return bytesToHex(keccak256(publicKey.subarray(1)).subarray(12))
  } catch {
    throw new RpcError(-32000, 'invalid sender')
  }
}

function items(raw: Uint8Array): readonly RlpItem[] {
  try {
    return listOf(decodeRlp(raw, DEPTH_MAX))
  } catch (error) {
    throw new RpcError(-32000, `rlp: ${error instanceof Error ? error.message : error}`)
  }
}

function listOf(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw malformed('a list')
  return item
}

function bytesOf(item: RlpItem | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw malformed('a string')
  return item
}

function numberOf(item: RlpItem | undefined): bigint {
  return bytesToBigint(bytesOf(item))
}

function addressOf(item: RlpItem | undefined): Address {
  const bytes = bytesOf(item)
  if (bytes.length !== 20) throw malformed('a transaction that creates a contract')
  return bytesToHex(bytes)
}

function malformed(what: string): RpcError {
  return new RpcError(-32000, `the simulated L1 does not take ${what}`)
}
