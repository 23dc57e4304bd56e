/** Who sends transactions in a scenario: payments by the pool of nodes, or over L1 as forced inclusions. */
import { encodeFunctionData } from 'viem'
import { forcedInclusionAbi } from '../../bridge/abi.ts'
import { forcedBlobs } from '../../bridge/force.ts'
import { versionedHashOf } from '../../l1/versionedHash.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import type { BlobProver } from '../../propose/blobProver.ts'
import { signBlobTransaction, wrapBlobTransaction } from '../../propose/blobTransaction.ts'
import { estimateFees } from '../../propose/fees.ts'
import { type RpcRequest, readHead, readNonce } from '../../propose/l1Rpc.ts'
import { detectSidecarVersion } from '../../propose/sidecarVersion.ts'
import type { Operator } from './nodes.ts'
import { L1_CHAIN_ID } from './steppedL1.ts'

const GWEI = 10n ** 9n
const RECEIVER: Address = '0x00000000000000000000000000000000000ce115'
/** A payment to an account without code. */
const PAYMENT_GAS = 21_000n
/** `saveForcedInclusion` takes 80,000; `propose` more, with its proposal's hash. */
const BLOB_TRANSACTION_GAS = 1_000_000n

export type SignedPayment = { readonly raw: Uint8Array; readonly hash: Hash }

export type L1Sender = { readonly rpc: RpcRequest; readonly prover: BlobProver; readonly inbox: Address }

export function createPayments(l2ChainId: bigint) {
  const nonces = new Map<Address, number>()
  return async (user: Operator): Promise<SignedPayment> => {
    const nonce = nonces.get(user.address) ?? 0
    nonces.set(user.address, nonce + 1)
    const raw = hexToBytes(
      await user.account.signTransaction({
        ...{ type: 'eip1559', chainId: Number(l2ChainId), nonce, to: RECEIVER, value: 1n, gas: PAYMENT_GAS },
        ...{ maxFeePerGas: 100n * GWEI, maxPriorityFeePerGas: GWEI },
      }),
    )
    return { raw, hash: keccak256Hex(raw) }
  }
}

/** Into the inbox's queue with the next L1 block. Answers the L1 transaction. */
export async function queueForced(sender: L1Sender, user: Operator, raw: Uint8Array): Promise<Hash> {
  const data = encodeFunctionData({ abi: forcedInclusionAbi, functionName: 'getCurrentForcedInclusionFee' })
  const fee = BigInt((await sender.rpc('eth_call', [{ to: sender.inbox, data }, 'latest'])) as Hex)
  return sendBlobs(sender, user, {
    blobs: forcedBlobs(bytesToHex(raw)),
    data: hexToBytes(
      encodeFunctionData({
        abi: forcedInclusionAbi,
        functionName: 'saveForcedInclusion',
        args: [{ blobStartIndex: 0, numBlobs: 1, offset: 0 }],
      }),
    ),
    value: 2n * fee * GWEI,
  })
}

export async function sendBlobs(
  { rpc, prover, inbox }: L1Sender,
  user: Operator,
  call: { readonly blobs: readonly Uint8Array[]; readonly data: Uint8Array; readonly value?: bigint },
): Promise<Hash> {
  const head = await readHead(rpc)
  const version = await detectSidecarVersion(rpc, { head, inclusionTime: head.timestamp })
  const sidecar = await prover.prove(call.blobs, version)
  const { raw, hash } = await signBlobTransaction(user.account, {
    ...{ chainId: L1_CHAIN_ID, to: inbox, data: call.data, gas: BLOB_TRANSACTION_GAS },
    ...(call.value !== undefined && { value: call.value }),
    nonce: await readNonce(rpc, user.address, 'pending'),
    blobVersionedHashes: sidecar.commitments.map(versionedHashOf),
    ...(await estimateFees(rpc, GWEI)),
  })
  await rpc('eth_sendRawTransaction', [bytesToHex(wrapBlobTransaction(raw, sidecar))])
  return hash
}
