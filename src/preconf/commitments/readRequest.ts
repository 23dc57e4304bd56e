/** What can be said of a request without knowing anything of the chain: cheapest first, so that refusing costs little. */
import type { Hash, Hex } from '../../primitives/hex.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import type { CommitmentRequest } from '../../promise/commitment.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import {
  decodeTransactionRequest,
  encodeTransactionRequest,
  type TransactionRequest,
} from '../../promise/transactionPromise.ts'
import { TRANSACTION_BYTES_MAX } from '../../propose/pool/limits.ts'
import { CommitmentRefusedError } from './errors.ts'

/** Bytes of the largest payload: the largest transaction of the pool, encoded. */
export const PAYLOAD_BYTES_MAX: number = encodeTransactionRequest({
  slot: 1n,
  transaction: new Uint8Array(TRANSACTION_BYTES_MAX),
}).length

export type ReadRequest = TransactionRequest & {
  readonly request: CommitmentRequest
  readonly transactionHash: Hash
}

/** Throws CommitmentRefusedError. */
export function readRequest(
  request: CommitmentRequest,
  offered: readonly bigint[],
  domain: Pick<PromiseDomain, 'slasher'>,
): ReadRequest {
  if (sizeOf(request.payload) > PAYLOAD_BYTES_MAX)
    throw new CommitmentRefusedError('oversized', `the payload may have ${PAYLOAD_BYTES_MAX} bytes`)
  if (!offered.includes(request.commitmentType))
    throw new CommitmentRefusedError(
      'typeNotOffered',
      `${request.commitmentType}; this node answers types ${offered.join(', ')}`,
    )
  if (request.slasher !== domain.slasher)
    throw new CommitmentRefusedError('wrongSlasher', `${request.slasher}, promises name ${domain.slasher}`)
  const decoded = decodeTransactionRequest(hexToBytes(request.payload))
  if (decoded.type === 'fault') throw new CommitmentRefusedError('malformedPayload', decoded.fault)
  const { slot, transaction } = decoded.value
  return {
    request,
    slot,
    transaction,
    transactionHash: keccak256Hex(transaction),
  }
}

function sizeOf(payload: Hex): number {
  return (payload.length - 2) / 2
}
