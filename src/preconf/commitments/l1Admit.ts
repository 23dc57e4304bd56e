/** What can be said of an L1 transaction without the L1's state; the operator's own builder says the rest. */
import { recoverPublicKey, SIGNATURE_S_MAX } from '../../engine/crypto.ts'
import { decodeTransaction, signingHash } from '../../engine/transaction.ts'
import { minBigint } from '../../primitives/bigint.ts'
import { CommitmentRefusedError } from './errors.ts'

const BLOB_TRANSACTION = 3

/** Throws CommitmentRefusedError. @param tipMin Wei per gas. */
export function admitL1(raw: Uint8Array, chainId: bigint, tipMin: bigint): void {
  // Its blobs are no part of a request.
  if (raw[0] === BLOB_TRANSACTION) throw new CommitmentRefusedError('blobTransaction')
  const decoded = decodeTransaction(raw)
  if (decoded.type === 'undecodable') throw new CommitmentRefusedError('malformedTransaction', decoded.detail)
  const { transaction } = decoded
  if (transaction.chainId !== chainId)
    throw new CommitmentRefusedError('wrongChain', `have ${transaction.chainId ?? 'none'}, want ${chainId}`)
  const tip = minBigint(transaction.maxPriorityFeePerGas, transaction.maxFeePerGas)
  if (tip < tipMin) throw new CommitmentRefusedError('underpriced', `${tip} wei per gas, ${tipMin} wanted`)
  const { r, s, yParity } = transaction.signature
  const hasSender =
    yParity !== null &&
    s <= SIGNATURE_S_MAX &&
    recoverPublicKey(signingHash(transaction), { r, s, yParity }) !== null
  if (!hasSender) throw new CommitmentRefusedError('wrongSignature')
}
