/** What a transaction asks of the inbox, read from its calldata as the contract reads it. */
import { decodeFunctionData } from 'viem'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import type { L1Call } from './calls.ts'
import { INBOX_ABI } from './inboxAbi.ts'

export type CallFields = {
  readonly from: Address
  readonly to: Address
  readonly input: Uint8Array
  /** Wei. */
  readonly value: bigint
  readonly blobHashes: readonly Hash[]
}

/** uint48 deadline, uint16 first blob, uint16 blobs, uint24 offset, uint16 forced inclusions. */
const PROPOSE_INPUT_BYTES = 6 + 2 + 2 + 3 + 2

/** To any other address nothing happens but the transfer of the value: there is no code there. */
export function decodeCall(inbox: Address, tx: CallFields): L1Call {
  if (tx.to !== inbox) return { type: 'transfer' }
  const call = decodeArguments(bytesToHex(tx.input))
  const { from, blobHashes } = tx
  if (call?.functionName === 'propose' && tx.value === 0n) {
    const input = hexToBytes(call.args[1])
    if (input.length !== PROPOSE_INPUT_BYTES) return { type: 'malformed', error: 'InvalidInputLength' }
    const field = (at: number, bytes: number) => {
      let value = 0
      for (const byte of input.subarray(at, at + bytes)) value = value * 256 + byte
      return value
    }
    return {
      type: 'propose',
      proposer: from,
      blobHashes,
      deadline: BigInt(field(0, 6)),
      blobRange: { start: field(6, 2), count: field(8, 2) },
      offset: field(10, 3),
      forcedInclusions: field(13, 2),
    }
  }
  if (call?.functionName === 'saveForcedInclusion') {
    const { blobStartIndex: start, numBlobs: count, offset } = call.args[0]
    const { value: valueWei } = tx
    return { type: 'saveForcedInclusion', from, blobHashes, blobRange: { start, count }, offset, valueWei }
  }
  // No function of the contract, one that takes no ether, or one that only tests call (`activate`, `prove`).
  return { type: 'malformed' }
}

function decodeArguments(data: `0x${string}`) {
  try {
    return decodeFunctionData({ abi: INBOX_ABI, data })
  } catch {
    return undefined
  }
}
