/** Signed L1 transactions of types 0, 2 and 3. EIP-155, EIP-1559, EIP-4844. */
import secp256k1 from 'secp256k1'
import { bigintToBytes, concatBytes, trimLeadingZeros } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256, keccak256Hex } from '../../../src/primitives/keccak.ts'
import { encodeRlp, type RlpItem } from '../../../src/primitives/rlp.ts'
import type { Account } from './accounts.ts'

export type TransactionFields = {
  readonly type: 0 | 2 | 3
  readonly chainId: bigint
  readonly nonce: bigint
  readonly to: Address
  readonly gas: bigint
  /** Wei. */
  readonly value: bigint
  readonly input: Uint8Array
  /** Wei per gas; a legacy transaction's gas price. */
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  /** Type 3 only. */
  readonly maxFeePerBlobGas: bigint
  readonly blobHashes: readonly Hash[]
}

export type SignedTransaction = TransactionFields & {
  readonly hash: Hash
  readonly from: Address
  /** As blocks carry it: without the blob sidecar. */
  readonly raw: Uint8Array
  readonly signature: { readonly r: bigint; readonly s: bigint; readonly yParity: number }
}

export function signTransaction(fields: TransactionFields, account: Account): SignedTransaction {
  const { signature: rs, recid: yParity } = secp256k1.ecdsaSign(signingHash(fields), account.privateKey)
  const [r, s] = [trimLeadingZeros(rs.slice(0, 32)), trimLeadingZeros(rs.slice(32))]
  const v = fields.type === 0 ? fields.chainId * 2n + 35n + BigInt(yParity) : BigInt(yParity)
  const raw = encode(fields, [bigintToBytes(v), r, s])
  return {
    ...fields,
    raw,
    hash: keccak256Hex(raw),
    from: account.address,
    signature: { r: BigInt(bytesToHex(r)), s: BigInt(bytesToHex(s)), yParity },
  }
}

/** What the sender signs. */
export function signingHash(fields: TransactionFields): Uint8Array {
  return keccak256(encode(fields, fields.type === 0 ? [bigintToBytes(fields.chainId), NONE, NONE] : []))
}

const NONE = new Uint8Array(0)

/** The envelope with these as its last items: nothing to sign over, or a signature. */
export function encode(tx: TransactionFields, tail: readonly RlpItem[]): Uint8Array {
  const target = [bigintToBytes(tx.gas), hexToBytes(tx.to), bigintToBytes(tx.value), tx.input]
  if (tx.type === 0)
    return encodeRlp([bigintToBytes(tx.nonce), bigintToBytes(tx.maxFeePerGas), ...target, ...tail])
  const fees = [bigintToBytes(tx.maxPriorityFeePerGas), bigintToBytes(tx.maxFeePerGas)]
  const items: RlpItem[] = [bigintToBytes(tx.chainId), bigintToBytes(tx.nonce), ...fees, ...target, []]
  if (tx.type === 3) items.push(bigintToBytes(tx.maxFeePerBlobGas), tx.blobHashes.map(hexToBytes))
  return concatBytes(Uint8Array.of(tx.type), encodeRlp([...items, ...tail]))
}
