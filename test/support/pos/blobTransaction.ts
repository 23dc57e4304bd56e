/** Blob transactions for this L1's execution client, which takes one KZG proof a blob: the wrapper of before Osaka. */
import type { LocalAccount } from 'viem'
import { versionedHashOf } from '../../../src/l1/versionedHash.ts'
import { type Address, bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import {
  type SidecarVersion,
  signBlobTransaction,
  wrapBlobTransaction,
} from '../../../src/propose/blobTransaction.ts'
import { proveBlobs } from '../../../src/propose/proveBlobs.ts'
import type { PosL1 } from './startPosL1.ts'
import { nextNonce } from './transactions.ts'

const SIDECAR_VERSION: SidecarVersion = 0

const GWEI = 10n ** 9n

export type BlobTransactionRequest = {
  readonly account: LocalAccount
  readonly to: Address
  /** Whole blobs. */
  readonly blobs: readonly Uint8Array[]
  readonly data?: Uint8Array
  /** Wei. */
  readonly value?: bigint
  /** Default 1 million. */
  readonly gas?: bigint
  /** Default: the account's next, by its mined transactions. */
  readonly nonce?: number
}

/** Puts it into the pool; the next block has it.  */
export async function sendBlobTransaction(
  l1: PosL1,
  request: BlobTransactionRequest,
): Promise<{ readonly hash: Hash; readonly versionedHashes: readonly Hash[] }> {
  const { account, to, data = new Uint8Array(0), gas = 1_000_000n } = request
  const sidecar = proveBlobs(request.blobs, SIDECAR_VERSION)
  const versionedHashes = sidecar.commitments.map(versionedHashOf)
  const { raw, hash } = await signBlobTransaction(account, {
    ...{ to, data, gas, chainId: l1.chainId, blobVersionedHashes: versionedHashes },
    nonce: request.nonce ?? (await nextNonce(l1, account.address)),
    maxFeePerGas: 100n * GWEI,
    maxPriorityFeePerGas: GWEI,
    maxFeePerBlobGas: 100n * GWEI,
    ...(request.value === undefined ? {} : { value: request.value }),
  })
  const wrapped = bytesToHex(wrapBlobTransaction(raw, sidecar))
  await l1.rpc('eth_sendRawTransaction', [wrapped])
  return { hash, versionedHashes }
}
