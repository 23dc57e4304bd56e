/**
 * Brings an epoch's lookahead to the schedule contract, so that opted-in proposers can use it. Anyone may; once an epoch is
 * enough, and a second time does nothing.
 */
import { encodeFunctionData } from 'viem'
import { sleep } from '../primitives/async.ts'
import { CriticalError } from '../primitives/errors.ts'
import { bytesToHex, type Hash, type Hex } from '../primitives/hex.ts'
import { SCHEDULE_ABI } from '../schedule/abi.ts'
import type { LookaheadProof, Schedule } from '../schedule/schedule.ts'
import type { Logger } from '../telemetry/log.ts'
import { type RpcRequest, readHead } from './l1Rpc.ts'
import type { PlainSender } from './plainSender.ts'

export type LookaheadProverDeps = {
  readonly rpc: RpcRequest
  readonly schedule: Schedule
  /** Not with the proposer's account: pools keep blob and other transactions of an account apart. */
  readonly sender: PlainSender
  readonly logger: Logger
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

export type LookaheadProverOptions = {
  /** Slots ahead for which the contract should be ready; a transaction takes one or two to be included. */
  readonly slotsAhead: bigint
  /** Milliseconds between rounds; an L1 slot, or a part of it. */
  readonly intervalMs: number
}

export const DEFAULT_LOOKAHEAD_PROVER_OPTIONS: LookaheadProverOptions = {
  slotsAhead: 8n,
  intervalMs: 12_000,
}

export type ProveResult =
  | { readonly type: 'upToDate' }
  /** Another schedule. */
  | { readonly type: 'notNeeded' }
  | { readonly type: 'waiting'; readonly reason: string }
  | { readonly type: 'sent'; readonly epoch: bigint; readonly transactionHash: Hash }

export type LookaheadProver = {
  /** At most one transaction. */
  step(signal?: AbortSignal): Promise<ProveResult>
  /** Runs until the signal; throws only a CriticalError. */
  run(signal: AbortSignal): Promise<void>
}

export function createLookaheadProver(
  deps: LookaheadProverDeps,
  options: LookaheadProverOptions,
): LookaheadProver {
  const { rpc, schedule, sender, logger, wait = sleep } = deps

  const step = async (signal?: AbortSignal): Promise<ProveResult> => {
    if ((await schedule.kind()) !== 'lookahead') return { type: 'notNeeded' }
    if (!(await isMissing(signal))) return { type: 'upToDate' }
    const proof = await schedule.proof(signal)
    const head = await readHead(rpc, signal)
    const sent = await sender.send(
      { to: proof.schedule, data: async () => encodeProof(proof), headNumber: head.number },
      signal,
    )
    if (sent.type === 'waiting') return sent
    const { transactionHash } = sent
    logger.info({ epoch: proof.epoch, transactionHash }, 'sent the proof of a lookahead')
    return { type: 'sent', epoch: proof.epoch, transactionHash }
  }

  /** Whether one of the next slots has an owner for whom the contract wants a lookahead that it does not know. */
  const isMissing = async (signal?: AbortSignal): Promise<boolean> => {
    const next = await schedule.currentSlot(signal)
    for (let ahead = 0n; ahead <= options.slotsAhead; ahead++)
      if ((await schedule.evidence(next + ahead, signal)).type === 'unproven') return true
    return false
  }

  return {
    step,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await step(signal)
        } catch (error) {
          if (signal.aborted) return
          if (error instanceof CriticalError) throw error
          logger.warn({ error: String(error) }, 'no lookahead was proven in this round')
        }
        await wait(options.intervalMs, signal).catch(() => {})
      }
    },
  }
}

function encodeProof({ header, timestamp, lookahead, branch }: LookaheadProof): Hex {
  return encodeFunctionData({
    abi: SCHEDULE_ABI,
    functionName: 'proveLookahead',
    args: [header, timestamp, bytesToHex(lookahead), branch],
  })
}
