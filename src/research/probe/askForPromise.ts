/** The entry point `preconf`: a request for a promise of execution to the commitments API (docs/commitments.md), and its answer checked. */
import { z } from 'zod'
import { HttpStatusError, parseJson, readHttp } from '../../l1/http.ts'
import { parseSignedCommitment, requestJson } from '../../preconf/commitments/json.ts'
import { toSafeNumber } from '../../primitives/bigint.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { type CommitmentRequest, requestHash, type SignedCommitment } from '../../promise/commitment.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import { recoverCommitter } from '../../promise/signature.ts'
import {
  commitmentHash,
  decodeTransactionExecution,
  EXECUTION_TYPE,
  encodeTransactionRequest,
} from '../../promise/transactionPromise.ts'
import type { ProbeDeps } from './deps.ts'
import { type Answer, accepted, type EntryPoint, failed, refused } from './entries.ts'
import type { LoggedProbe } from './events.ts'

export type PromiseEntry = EntryPoint & {
  /** The tip that a promise costs now, wei per gas; 0 where nobody says. */
  tip(raw: Hex, signal: AbortSignal): Promise<bigint>
}

const GATEWAY_PATH = '/commitments/v0/gateway'
const LIMITS = { timeoutMs: 15_000, bytesMax: 1024 * 1024 }
/** A slot that leaves less is refused, or nearly. */
const SLOT_AHEAD_MS = 12_000

const slotsSchema = z.object({
  slots: z.array(
    z.object({
      slot: z.number().int().nonnegative(),
      offerings: z.array(z.object({ chain_id: z.number(), commitment_types: z.array(z.number()) })),
    }),
  ),
})
const feeSchema = z.object({ tip_wei: z.string().regex(/^0x[0-9a-f]+$/) })

export function createPromiseEntry({
  spec,
  now,
  url,
  domain,
}: Pick<ProbeDeps, 'spec' | 'now'> & NonNullable<ProbeDeps['preconf']>): PromiseEntry {
  const base = url.replace(/\/+$/, '')
  let slot: bigint | undefined
  const ask = async (path: string, json: unknown, signal: AbortSignal): Promise<unknown> => {
    const asked = { url: `${base}${GATEWAY_PATH}/${path}`, ...(json !== undefined && { json }), ...LIMITS }
    return parseJson((await readHttp({ ...asked, signal })).bytes)
  }
  const requestOf = (raw: Hex, at: bigint): CommitmentRequest => ({
    commitmentType: EXECUTION_TYPE,
    payload: bytesToHex(encodeTransactionRequest({ slot: at, transaction: hexToBytes(raw) })),
    slasher: domain.slasher,
  })

  /** The first slot with an execution on offer that leaves time, or the last one. */
  async function findSlot(signal: AbortSignal): Promise<bigint | undefined> {
    const { slots } = slotsSchema.parse(await ask('slots', undefined, signal))
    const offered = slots
      .filter(({ offerings }) =>
        offerings.some(
          (each) =>
            BigInt(each.chain_id) === spec.l2.chainId &&
            each.commitment_types.includes(toSafeNumber(EXECUTION_TYPE)),
        ),
      )
      .map((each) => BigInt(each.slot))
    const { genesisTime, secondsPerSlot } = spec.l1
    const leavesTime = (each: bigint) =>
      Number(genesisTime + each * secondsPerSlot) * 1000 >= now() + SLOT_AHEAD_MS
    return offered.find(leavesTime) ?? offered.at(-1)
  }

  return {
    async ready(_, signal) {
      slot = await findSlot(signal).catch(() => {
        signal.throwIfAborted()
        return undefined
      })
    },
    async send(probe, signal) {
      if (slot === undefined) return refused('no slot is offered for promises of execution')
      const request = requestOf(probe.raw, slot)
      try {
        return judge(await ask('commitmentRequest', requestJson(request), signal), request, probe, domain)
      } catch (error) {
        signal.throwIfAborted()
        const name = /"error": ?"(\w+)"/.exec(error instanceof HttpStatusError ? error.message : '')?.[1]
        return name === undefined ? failed(String(error)) : refused(name)
      }
    },
    async tip(raw, signal) {
      const at = await findSlot(signal)
      if (at === undefined) return 0n
      return BigInt(feeSchema.parse(await ask('fee', requestJson(requestOf(raw, at)), signal)).tip_wei)
    },
  }
}

/** Only a signed promise of this very execution is one. */
function judge(
  json: unknown,
  request: CommitmentRequest,
  { hash }: LoggedProbe,
  domain: PromiseDomain,
): Answer {
  let signed: SignedCommitment
  try {
    signed = parseSignedCommitment(json)
  } catch {
    return refused('the answer is no signed commitment')
  }
  const { commitment, signature } = signed
  const execution = decodeTransactionExecution(hexToBytes(commitment.payload))
  if (
    commitment.requestHash !== requestHash(request) ||
    execution.type === 'fault' ||
    execution.value.transactionHash !== hash
  )
    return refused('the promise is about something else')
  const signer = recoverCommitter(commitmentHash(commitment, domain), signature)
  if (signer === undefined) return refused('the promise is not signed')
  const { blockNumber, windowEnd } = execution.value
  return accepted({ signer, blockNumber: Number(blockNumber), windowEnd: Number(windowEnd) })
}
