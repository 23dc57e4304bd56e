/** A call as the transaction it would be, with a signature of zeros: what gives it a hash and a place in the block's roots. EIP-2718. */
import { bigintToBytes, concatBytes, EMPTY_BYTES } from '../../primitives/bytes.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import { encodeRlp, type RlpItem } from '../../primitives/rlp.ts'
import type { CallRequest } from '../engine.ts'
import type { AccessListEntry, Authorization } from '../transaction.ts'

const UNSIGNED: readonly RlpItem[] = [EMPTY_BYTES, EMPTY_BYTES, EMPTY_BYTES]

/** Legacy with a gas price or before London (`isLegacy`); otherwise type 4 with authorizations, 3 with blobs, else 2. */
export function encodeUnsigned(
  call: CallRequest & { readonly gas: bigint; readonly nonce: bigint },
  chainId: bigint,
  isLegacy: boolean,
): Uint8Array {
  const { nonce, gas, value = 0n, data = EMPTY_BYTES } = call
  const to = call.to === undefined ? EMPTY_BYTES : hexToBytes(call.to)
  const payment = [bigintToBytes(gas), to, bigintToBytes(value), data]
  if (isLegacy || call.gasPrice !== undefined)
    return encodeRlp([bigintToBytes(nonce), bigintToBytes(call.gasPrice ?? 0n), ...payment, ...UNSIGNED])
  const fields: readonly RlpItem[] = [
    bigintToBytes(chainId),
    bigintToBytes(nonce),
    bigintToBytes(call.maxPriorityFeePerGas ?? 0n),
    bigintToBytes(call.maxFeePerGas ?? 0n),
    ...payment,
    (call.accessList ?? []).map(accessItem),
  ]
  const { authorizations, blobVersionedHashes: hashes } = call
  if (authorizations !== undefined) return typed(4, [...fields, authorizations.map(authorizationItem)])
  if (hashes === undefined) return typed(2, fields)
  return typed(3, [...fields, bigintToBytes(call.maxFeePerBlobGas ?? 0n), hashes])
}

function typed(type: number, fields: readonly RlpItem[]): Uint8Array {
  return concatBytes(Uint8Array.of(type), encodeRlp([...fields, ...UNSIGNED]))
}

function accessItem({ address, slots }: AccessListEntry): RlpItem {
  return [address, slots]
}

function authorizationItem(authorization: Authorization): RlpItem {
  const { chainId, address, nonce, yParity, r, s } = authorization
  return [
    bigintToBytes(chainId),
    address,
    bigintToBytes(nonce),
    bigintToBytes(yParity),
    bigintToBytes(r),
    bigintToBytes(s),
  ]
}
