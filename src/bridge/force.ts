/**
 * The first step when nobody takes the transaction on L2: it is queued on L1 as a forced inclusion, a blob with one block of
 * one transaction, which proposers must take in turn once it is due.
 */
import { encodeFunctionData, type LocalAccount } from 'viem'
import { GAS_PER_BLOB } from '../engine/rules/filter.ts'
import { versionedHashOf } from '../l1/versionedHash.ts'
import { defined } from '../primitives/assert.ts'
import { sleep } from '../primitives/async.ts'
import { toSafeNumber } from '../primitives/bigint.ts'
import { CriticalError } from '../primitives/errors.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes, ZERO_ADDRESS } from '../primitives/hex.ts'
import type { BlobProver } from '../propose/blobProver.ts'
import {
  type BlobFees,
  type Sidecar,
  signBlobTransaction,
  wrapBlobTransaction,
} from '../propose/blobTransaction.ts'
import { bumpFees, estimateFees } from '../propose/fees.ts'
import type { InboxReader } from '../propose/inbox.ts'
import { readHead, readNonce } from '../propose/l1Rpc.ts'
import { classifySendError } from '../propose/sendErrors.ts'
import { detectSidecarVersion } from '../propose/sidecarVersion.ts'
import { encodeBlobs } from '../protocol/blobCodec.ts'
import { encodeManifest } from '../protocol/shasta/encodeManifest.ts'
import { forcedInclusionAbi } from './abi.ts'
import { type BridgeEnd, findReceipt, readContract } from './end.ts'
import type { StepOptions } from './send.ts'
import { saveTransfer, type Transfer } from './transfer.ts'

const GWEI = 10n ** 9n
/** Of what queues on L1, wei per gas. */
export const TIP_MIN = GWEI
/** The queue may grow by a third of its doubling length meanwhile; what is too much comes back. Percent. */
const FEE_MARGIN = 30n
/** `saveForcedInclusion` takes 80,000. */
const GAS_LIMIT = 200_000n

export type ForceDeps = {
  readonly l1: Omit<BridgeEnd, 'bridge'>
  readonly inbox: InboxReader
  readonly inboxAddress: Address
  readonly account: LocalAccount
  readonly prover: BlobProver
}

/** Timestamp, coinbase, anchor and gas limit are inherited (D-40), so the manifest says nothing of them. */
export function forcedBlobs(rawTransaction: Hex): readonly Uint8Array[] {
  const nothing = { timestamp: 0n, coinbase: ZERO_ADDRESS, anchorBlockNumber: 0n, gasLimit: 0n }
  return encodeBlobs(encodeManifest([{ ...nothing, transactions: [hexToBytes(rawTransaction)] }]))
}

/** Queues the transfer's transaction on L1, once, and says when what happens. */
export async function forceTransfer(
  deps: ForceDeps,
  transfer: Transfer,
  options: StepOptions,
): Promise<Transfer> {
  const { l1, account } = deps
  const { signal, say, path } = options
  let current = transfer
  const sender = account.address.toLowerCase() as Address
  let fees: BlobFees | undefined
  for (let isFirst = true; ; isFirst = false) {
    const landed = await findLanded(l1, current.forced?.transactionHashes ?? [], signal)
    if (landed !== undefined) {
      await sayWhen(deps, landed, say, signal)
      return current
    }
    // The same nonce for as long as it is free: at most one of the transactions can be mined.
    const nonce = current.forced?.nonce ?? (await readNonce(l1.rpc, sender, 'latest', signal))
    if (nonce < (await readNonce(l1.rpc, sender, 'latest', signal))) {
      if ((await findLanded(l1, current.forced?.transactionHashes ?? [], signal)) !== undefined) continue
      throw new CriticalError(
        `another transaction of ${sender} took nonce ${nonce}; remove "forced" from ${path} and run this again`,
      )
    }
    const isKnown = await isAnyKnown(l1, current.forced?.transactionHashes ?? [], signal)
    if (!isKnown) {
      const now = await estimateFees(l1.rpc, TIP_MIN, signal)
      fees = fees === undefined ? now : bumpFees(fees, now)
      const signed = await signForcedInclusion(deps, current.transaction.raw, { nonce, fees, signal })
      current = {
        ...current,
        forced: {
          nonce,
          blobHash: signed.blobHash,
          transactionHashes: [...(current.forced?.transactionHashes ?? []), signed.hash],
        },
      }
      saveTransfer(path, current)
      if (isFirst)
        say(`L1 transaction ${signed.hash} queues ${current.transaction.hash} as a forced inclusion`)
      try {
        const wrapped = wrapBlobTransaction(signed.raw, signed.sidecar)
        await l1.rpc('eth_sendRawTransaction', [bytesToHex(wrapped)], signal)
      } catch (error) {
        const kind = classifySendError(error)
        // The account has something pending under this nonce, perhaps an earlier attempt: its fees are outbid.
        if (kind === 'replacementUnderpriced' || kind === 'feeTooLow') continue
        if (kind !== 'alreadyKnown' && kind !== 'nonceTooLow') throw error
      }
    }
    await sleep(options.pollMs, signal)
  }
}

export type SignedForcedInclusion = {
  /** Without its blob. */
  readonly raw: Uint8Array
  readonly hash: Hash
  readonly sidecar: Sidecar
  readonly blobHash: Hash
  /** The most that it takes from the account, wei. */
  readonly costMax: bigint
}

/** The L1 transaction that queues `rawTransaction`; nothing is sent. */
export async function signForcedInclusion(
  { l1, inboxAddress, account, prover }: Omit<ForceDeps, 'inbox'>,
  rawTransaction: Hex,
  input: { readonly nonce: number; readonly fees: BlobFees; readonly signal: AbortSignal },
): Promise<SignedForcedInclusion> {
  const { signal } = input
  const head = await readHead(l1.rpc, signal)
  const version = await detectSidecarVersion(l1.rpc, { head, inclusionTime: head.timestamp, signal })
  const blobs = forcedBlobs(rawTransaction)
  if (blobs.length !== 1) throw new CriticalError('the transaction does not fit into one blob')
  const sidecar = await prover.prove(blobs, version)
  const blobVersionedHashes = sidecar.commitments.map(versionedHashOf)
  const feeGwei = await readContract(
    l1.rpc,
    inboxAddress,
    { abi: forcedInclusionAbi, functionName: 'getCurrentForcedInclusionFee' },
    signal,
  )
  const value = (feeGwei * GWEI * (100n + FEE_MARGIN)) / 100n // rounds down
  const { fees } = input
  const signed = await signBlobTransaction(account, {
    chainId: toSafeNumber(l1.chainId),
    nonce: input.nonce,
    to: inboxAddress,
    data: hexToBytes(
      encodeFunctionData({
        abi: forcedInclusionAbi,
        functionName: 'saveForcedInclusion',
        args: [{ blobStartIndex: 0, numBlobs: 1, offset: 0 }],
      }),
    ),
    value,
    gas: GAS_LIMIT,
    blobVersionedHashes,
    ...fees,
  })
  return {
    ...signed,
    sidecar,
    blobHash: defined(blobVersionedHashes[0], 'the hash of the one blob'),
    costMax: value + GAS_LIMIT * fees.maxFeePerGas + GAS_PER_BLOB * fees.maxFeePerBlobGas,
  }
}

/** The L1 block that holds one of them; throws when that one reverted. */
async function findLanded(
  l1: ForceDeps['l1'],
  hashes: readonly Hash[],
  signal: AbortSignal,
): Promise<bigint | undefined> {
  for (const hash of hashes) {
    const receipt = await findReceipt(l1, hash, signal)
    if (receipt === null) continue
    if (receipt.succeeded) return receipt.blockNumber
    throw new CriticalError(
      `${hash} reverted: the queue's fee had risen, or nothing has been proposed yet; remove "forced" from the file and run this again`,
    )
  }
  return undefined
}

async function isAnyKnown(
  l1: ForceDeps['l1'],
  hashes: readonly Hash[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const hash of hashes) {
    if ((await l1.rpc('eth_getTransactionByHash', [hash], signal)) !== null) return true
  }
  return false
}

async function sayWhen(
  { l1, inbox }: ForceDeps,
  blockNumber: bigint,
  say: StepOptions['say'],
  signal: AbortSignal,
): Promise<void> {
  const block = (await l1.rpc('eth_getBlockByNumber', [`0x${blockNumber.toString(16)}`, false], signal)) as {
    timestamp: Hex
  }
  const { forcedInclusionDelay: delay, permissionlessInclusionMultiplier: multiplier } =
    await inbox.config(signal)
  const savedAt = BigInt(block.timestamp)
  say(`L1 block ${blockNumber} holds it in the queue (forced inclusion)`)
  say(`due at L1 time ${savedAt + delay}: from then on no proposal is accepted without it`)
  say(
    `after L1 time ${savedAt + delay * multiplier} anyone may propose it: plumbline propose --once --transaction <this file>`,
  )
}
