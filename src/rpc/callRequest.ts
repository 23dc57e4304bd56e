/** A message of a parameter as the engine takes it. */
import type { CallRequest } from '../engine/engine.ts'
import type { AccessListEntry } from '../engine/transaction.ts'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { RpcError } from './errors.ts'
import { type CallParameter, withoutNulls } from './params.ts'

/** Throws an RpcError for a message meant for another chain. `input` is the newer name of `data`. */
export function toCallRequest(call: CallParameter, chainId: bigint): CallRequest {
  if (call.chainId != null && call.chainId !== chainId)
    throw new RpcError({
      code: 'invalidInput',
      message: `chainId does not match node's (have=${call.chainId}, want=${chainId})`,
    })
  const { from, to, gas, gasPrice, maxFeePerGas, maxPriorityFeePerGas, value, nonce, maxFeePerBlobGas } = call
  const { accessList, authorizationList, blobVersionedHashes } = call
  const plain = {
    from,
    to,
    gas,
    gasPrice,
    maxFeePerGas,
    maxPriorityFeePerGas,
    value,
    nonce,
    maxFeePerBlobGas,
  }
  return {
    ...withoutNulls({ ...plain, data: call.input ?? call.data }),
    ...(accessList != null && { accessList: accessList.map(toEntry) }),
    ...(blobVersionedHashes != null && { blobVersionedHashes: blobVersionedHashes.map(hexToBytes) }),
    ...(authorizationList != null && {
      authorizations: authorizationList.map((item) => ({ ...item, address: hexToBytes(item.address) })),
    }),
  }
}

type EntryParameter = NonNullable<CallParameter['accessList']>[number]

function toEntry({ address, storageKeys }: EntryParameter): AccessListEntry {
  return { address: hexToBytes(address), slots: (storageKeys ?? []).map(hexToBytes) }
}

export function accessListJson(list: readonly AccessListEntry[]) {
  return list.map(({ address, slots }) => ({
    address: bytesToHex(address),
    storageKeys: slots.map(bytesToHex),
  }))
}
