/** The proof that LookaheadSchedule takes: a beacon block that L1 names, and the branch from its state to the lookahead. */
import type { L1Header } from '../l1/l1.ts'
import type { L1Reads } from '../l1/reads.ts'
import { merkleizeBytes } from '../l1/ssz.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { TemporaryError } from '../primitives/errors.ts'
import { bytesToHex } from '../primitives/hex.ts'
import { parentBeaconRoot } from './branch.ts'
import type { SlotClock } from './clock.ts'
import type { LookaheadSource } from './detect.ts'
import { proposerLookaheadGindex } from './gindices.ts'
import type { KnownLookahead } from './lookaheads.ts'
import type { LookaheadProof } from './schedule.ts'

/** Throws TemporaryError, with a sentence for an operator, where no beacon node gives the branch. */
export async function readLookaheadProof(
  deps: {
    readonly reads: Pick<L1Reads, 'askBeacons'>
    readonly source: LookaheadSource
    readonly clock: SlotClock
  },
  input: { readonly head: L1Header; readonly lookahead: KnownLookahead },
  signal?: AbortSignal,
): Promise<LookaheadProof> {
  const { head, lookahead } = input
  const { epoch, bytes } = lookahead
  const root = parentBeaconRoot(head)
  const gindex = proposerLookaheadGindex(epoch, deps.source.gloasForkEpoch)
  const wanted = merkleizeBytes(bytes)
  const answers = await deps.reads.askBeacons(
    `a proof of the lookahead of epoch ${epoch}`,
    async (beacon) => {
      const { header } = (await beacon.header(root, signal)) ?? {}
      if (header === undefined || deps.clock.epochOf(header.slot) !== epoch) return null
      const proof = await beacon.stateBranch({ stateRoot: header.stateRoot, gindex }, signal)
      return proof && equalBytes(proof.leaf, wanted) ? { header, branch: proof.branch.map(bytesToHex) } : null
    },
    signal,
  )
  const found = answers.find(({ answer }) => answer !== null)?.answer
  if (!found)
    throw new TemporaryError(
      `no beacon node proves the lookahead of epoch ${epoch}: one that serves /eth/v0/beacon/proof/state (Lodestar) is needed`,
    )
  return { schedule: deps.source.address, epoch, timestamp: head.timestamp, lookahead: bytes, ...found }
}
