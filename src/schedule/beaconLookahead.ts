/**
 * The lookahead as beacon nodes give it. Each is asked about the state of a beacon block that our own L1 head names; a node
 * that has only duties must give them for the same branch. A Merkle branch to the state root, where a node gives one,
 * makes the answer proven; otherwise it rests on most of the nodes agreeing.
 */
import type { Beacon } from '../l1/beacon.ts'
import type { L1Reads } from '../l1/reads.ts'
import { merkleizeBytes } from '../l1/ssz.ts'
import { check } from '../l1/wrongData.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { TemporaryError } from '../primitives/errors.ts'
import { bytesToHex, type Hash, type Hex } from '../primitives/hex.ts'
import type { SlotClock } from './clock.ts'
import { encodeLookahead } from './vector.ts'

export type LookaheadQuestion = {
  /** Of the state: the first of the two epochs. */
  readonly epoch: bigint
  /** Beacon block of that epoch, on the branch of the L1 head. */
  readonly root: Hash
  /** Last beacon block before the epoch before `epoch`, and before `epoch`: what the proposers of `epoch` and the next depend on. */
  readonly dependentRoots: readonly [Hash, Hash]
  /** Where the state has its lookahead. */
  readonly gindex: bigint
}

export type BeaconLookahead = {
  readonly proposers: readonly bigint[]
  readonly isProven: boolean
  /** A sentence, where nodes differ. */
  readonly problem?: string
}

export async function readBeaconLookahead(
  deps: { readonly reads: Pick<L1Reads, 'askBeacons' | 'demoteBeacon'>; readonly clock: SlotClock },
  question: LookaheadQuestion,
  signal?: AbortSignal,
): Promise<BeaconLookahead> {
  const answers = await deps.reads.askBeacons(
    `the proposers of epoch ${question.epoch}`,
    (beacon) => askOne(beacon, deps.clock, question, signal),
    signal,
  )
  const found = answers.flatMap(({ from, answer }) => (answer === null ? [] : [{ from, ...answer }]))
  if (found.length === 0)
    throw new TemporaryError(
      answers.length === 0
        ? 'this schedule needs a beacon node that knows the proposers: configure --l1.beacon'
        : `no beacon node (${answers.map(({ from }) => from).join(', ')}) gives the proposers of epoch ${question.epoch}; ` +
            'it must serve states/{id}/proposer_lookahead or proposer duties',
    )
  const proven = found.find(({ isProven }) => isProven)
  if (proven) {
    for (const { from, key } of found.filter((each) => each.key !== proven.key))
      deps.reads.demoteBeacon(
        from,
        `its proposers of epoch ${question.epoch} (${key.slice(0, 20)}…) are not those of the state`,
      )
    return { proposers: proven.proposers, isProven: true }
  }
  return mostOf(found, question.epoch)
}

type Answer = {
  readonly proposers: readonly bigint[]
  readonly isProven: boolean
  /** Equal for equal proposers. */
  readonly key: Hex
}

async function askOne(
  beacon: Beacon,
  clock: SlotClock,
  question: LookaheadQuestion,
  signal?: AbortSignal,
): Promise<Answer | null> {
  const { epoch, gindex } = question
  const slotsPerEpoch = Number(clock.slotsPerEpoch)
  const known = await beacon.header(question.root, signal)
  if (known !== null && clock.epochOf(known.header.slot) === epoch) {
    const { stateRoot } = known.header
    const proposers = await beacon.proposerLookahead({ stateId: stateRoot, slotsPerEpoch }, signal)
    if (proposers !== null) {
      const bytes = encodeLookahead(proposers)
      const proof = await beacon.stateBranch({ stateRoot, gindex }, signal).catch((error) => {
        // Few nodes have that route; without it the lookahead is as good as before.
        if (error instanceof TemporaryError) return null
        throw error
      })
      check(
        proof === null || equalBytes(proof.leaf, merkleizeBytes(bytes)),
        `the proposers it names are not those in the state ${stateRoot}`,
      )
      return { proposers, isProven: proof !== null, key: bytesToHex(bytes) }
    }
  }
  let duties = await readDuties(beacon, 2, clock, question, signal)
  // The dependent root of a v1 answer says nothing (clients differ, and for the next epoch it is the head): only a node that
  // takes our branch for the chain is asked.
  if (duties === null && known?.isCanonical) duties = await readDuties(beacon, 1, clock, question, signal)
  if (duties === null || duties === 'otherBranch') return null
  return { proposers: duties, isProven: false, key: bytesToHex(encodeLookahead(duties)) }
}

async function readDuties(
  beacon: Beacon,
  version: 1 | 2,
  clock: SlotClock,
  { epoch, dependentRoots }: LookaheadQuestion,
  signal?: AbortSignal,
): Promise<readonly bigint[] | 'otherBranch' | null> {
  const slotsPerEpoch = Number(clock.slotsPerEpoch)
  const proposers: bigint[] = []
  for (const [i, dependentRoot] of dependentRoots.entries()) {
    const duties = await beacon.proposerDuties({ version, epoch: epoch + BigInt(i), slotsPerEpoch }, signal)
    if (duties === null) return null
    // Another branch, or a node that lags behind the boundary: its answer is not about our L1.
    if (version === 2 && duties.dependentRoot !== dependentRoot) return 'otherBranch'
    proposers.push(...duties.proposers)
  }
  return proposers
}

/** The answer of more than half of those that answered. */
function mostOf(found: readonly (Answer & { readonly from: string })[], epoch: bigint): BeaconLookahead {
  const votes = new Map<Hex, (Answer & { readonly from: string })[]>()
  for (const each of found) votes.set(each.key, [...(votes.get(each.key) ?? []), each])
  const groups = [...votes.values()].sort((a, b) => b.length - a.length)
  const [most = [], ...others] = groups
  const [first] = most
  const differing = `beacon nodes disagree about who proposes in epochs ${epoch} and ${epoch + 1n} (${groups
    .map((group) => group.map(({ from }) => from).join(', '))
    .join(' against ')})`
  if (first === undefined || most.length * 2 <= found.length)
    throw new TemporaryError(`${differing}; remove the wrong one from --l1.beacon`)
  return {
    proposers: first.proposers,
    isProven: false,
    ...(others.length > 0 && { problem: `${differing}; most of them are believed` }),
  }
}
