/** The entry point `forced`: a blob with the transaction alone, queued at the inbox, which proposers must take in turn. */
import { forcedBlobs, type SignedForcedInclusion, signForcedInclusion, TIP_MIN } from '../../bridge/force.ts'
import { RpcError } from '../../l1/rpcEndpoint.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { wrapBlobTransaction } from '../../propose/blobTransaction.ts'
import { estimateFees } from '../../propose/fees.ts'
import { type RpcRequest, readNonce } from '../../propose/l1Rpc.ts'
import type { ProbeDeps } from './deps.ts'
import { accepted, type EntryPoint, failed, refused } from './entries.ts'
import type { LoggedProbe } from './events.ts'

export type QueueEntry = EntryPoint & {
  /** L1 transactions that queue these, in this order; nothing is sent. */
  sign(raws: readonly Hex[], signal: AbortSignal): Promise<readonly QueueTransaction[]>
}

export type QueueTransaction = {
  readonly l1: NonNullable<LoggedProbe['l1']>
  /** Wei. */
  readonly costMax: bigint
}

export function createQueueEntry(
  { spec, payer, prover }: Pick<ProbeDeps, 'spec' | 'payer' | 'prover'>,
  rpc: RpcRequest,
): QueueEntry {
  const l1 = { name: 'L1', rpc, chainId: spec.l1.chainId } as const
  /** With its blob, by the hash of the L2 transaction; of the group that is to be sent. */
  const wrapped = new Map<Hash, Hex>()
  /** Made by `sign` in this process, by the hash of the L1 transaction. */
  const signed = new Map<Hash, SignedForcedInclusion>()

  async function wrap({ raw, l1: kept }: LoggedProbe): Promise<Hex | undefined> {
    if (kept === undefined) return undefined
    const sidecar = signed.get(kept.hash)?.sidecar ?? (await prover.prove(forcedBlobs(raw), kept.sidecar))
    return bytesToHex(wrapBlobTransaction(hexToBytes(kept.raw), sidecar))
  }

  return {
    async sign(raws, signal) {
      const sender = payer.address.toLowerCase() as Address
      const fees = await estimateFees(rpc, TIP_MIN, signal)
      const first = await readNonce(rpc, sender, 'pending', signal)
      const deps = { l1, inboxAddress: spec.l1.inbox, account: payer, prover }
      signed.clear()
      const made: QueueTransaction[] = []
      for (const [index, raw] of raws.entries()) {
        const each = await signForcedInclusion(deps, raw, { nonce: first + index, fees, signal })
        signed.set(each.hash, each)
        const { hash, sidecar } = each
        made.push({
          l1: { raw: bytesToHex(each.raw), hash, sidecar: sidecar.version },
          costMax: each.costMax,
        })
      }
      return made
    },
    async ready(probes) {
      wrapped.clear()
      for (const probe of probes) {
        const bytes = await wrap(probe)
        if (bytes !== undefined) wrapped.set(probe.hash, bytes)
      }
    },
    async send({ hash }, signal) {
      try {
        await rpc('eth_sendRawTransaction', [wrapped.get(hash)], signal)
        return accepted()
      } catch (error) {
        signal.throwIfAborted()
        return error instanceof RpcError ? refused(error.message) : failed(String(error))
      }
    },
  }
}
