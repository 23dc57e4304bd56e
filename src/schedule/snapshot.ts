/** Everything the schedule says at one L1 head. Nothing in it outlives that head, so that no reorg and no removal is missed. */
import type { L1, L1Header } from '../l1/l1.ts'
import type { L1Reads } from '../l1/reads.ts'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { encodeCall, needAnswer } from './abi.ts'
import type { SlotClock } from './clock.ts'
import type { FallbackSource, LookaheadSource } from './detect.ts'
import { dependentRootsOf, type KnownLookahead, type Lookaheads } from './lookaheads.ts'
import { readOwners } from './owners.ts'
import type { EpochSchedule, Evidence, Window } from './schedule.ts'
import { groupTurns, readSimpleTurns, unknownKind } from './simpleTurns.ts'
import { windowsOf } from './windows.ts'

export type Snapshot = {
  readonly head: L1Header
  /** One or two, in order. */
  readonly epochs: readonly EpochSchedule[]
  evidence(slot: bigint): Evidence
  readonly problems: readonly string[]
  /** The newest lookahead; only of a lookahead schedule. */
  readonly lookahead?: KnownLookahead
}

export type SnapshotDeps = {
  readonly spec: Pick<RollupSpec, 'l1'>
  readonly l1: Pick<L1, 'ancestor'>
  readonly reads: L1Reads
  readonly clock: SlotClock
}

const NO_EVIDENCE: Evidence = { type: 'none' }

/** Open and whitelist schedules: the epoch of the head and the next. */
export async function readSimpleSnapshot(
  deps: SnapshotDeps,
  source: FallbackSource,
  head: L1Header,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const { clock, reads, spec } = deps
  const turnAt = await readSimpleTurns({ reads, l1: spec.l1, clock, source }, head, signal)
  const first = clock.epochOf(clock.slotAt(head.timestamp))
  const epochs = [first, first + 1n].map((epoch): EpochSchedule => {
    const slots = { firstSlot: clock.firstSlotOf(epoch), lastSlot: clock.lastSlotOf(epoch) }
    const windows = groupTurns(slots, turnAt, false)
    const l1 = { number: head.number, hash: head.hash }
    return { epoch, kind: source.kind, ...slots, windows, trust: 'contract', l1 }
  })
  return {
    head,
    epochs,
    evidence: () => NO_EVIDENCE,
    problems: source.kind === 'unknown' ? [unknownKind(source.address)] : [],
  }
}

/**
 * The two epochs of the newest lookahead that L1 knows: that of the beacon block before the head. Right after a boundary it is
 * the last epoch's, until a second block has come.
 */
export async function readLookaheadSnapshot(
  deps: SnapshotDeps & { readonly lookaheads: Lookaheads },
  source: LookaheadSource,
  head: L1Header,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const { clock, reads, l1, spec, lookaheads } = deps
  const parent = head.number === 0n ? head : await l1.ancestor(head, head.number - 1n, signal)
  const epoch = clock.epochOf(clock.slotAt(parent.timestamp))
  const [stored, storedBefore] = await readStoredHashes(deps, source, epoch, head.hash, signal)
  const dependentRoots = await dependentRootsOf(l1, clock, head, epoch, signal)
  const known = await lookaheads.current({ head, epoch, dependentRoots, stored, signal })
  const [ownerOf, fallbackAt] = await Promise.all([
    readOwners({ reads, clock, source }, known, head.hash, signal),
    readSimpleTurns({ reads, l1: spec.l1, clock, source: source.fallback }, head, signal),
  ])
  const windows = windowsOf(known, ownerOf).flatMap((window): readonly Window[] => {
    if (window.type === 'fallback') return groupTurns(window, fallbackAt, true)
    const { firstSlot, lastSlot } = window
    if (window.type === 'owned')
      return [{ firstSlot, lastSlot, turn: { type: 'owner', owner: window.owner }, isFallback: false }]
    const reason = `the lookahead of epoch ${epoch + 1n} decides, which is known from its second block on`
    return [{ firstSlot, lastSlot, turn: { type: 'unknown', reason }, isFallback: false }]
  })
  const epochs = [epoch, epoch + 1n].map((each, i): EpochSchedule => {
    const [firstSlot, lastSlot] = [clock.firstSlotOf(each), clock.lastSlotOf(each)]
    return {
      epoch: each,
      kind: 'lookahead',
      firstSlot,
      lastSlot,
      windows: windows.filter((window) => window.firstSlot <= lastSlot && window.lastSlot >= firstSlot),
      trust: known.isProven ? 'proven' : 'beacon',
      dependentRoot: dependentRoots[i] as Hash,
      l1: { number: head.number, hash: head.hash },
    }
  })
  // What the contract knows of the epoch before helps as long as it has not been told this one's.
  const before =
    stored === ZERO_HASH && storedBefore !== ZERO_HASH && epoch > 0n
      ? await lookaheads.stored(head, epoch - 1n, storedBefore, signal)
      : undefined
  return {
    head,
    epochs,
    lookahead: known,
    problems: known.problem === undefined ? [] : [known.problem],
    evidence: (slot) =>
      chooseEvidence({ clock, known, isStored: stored !== ZERO_HASH, before, windows }, slot),
  }
}

async function readStoredHashes(
  { reads }: Pick<SnapshotDeps, 'reads'>,
  source: LookaheadSource,
  epoch: bigint,
  at: Hash,
  signal?: AbortSignal,
): Promise<readonly [Hash, Hash]> {
  const before = epoch > 0n ? epoch - 1n : 0n
  const answers = await reads.call(
    [epoch, before].map((each) => encodeCall(source.address, 'lookaheadHashes', [each])),
    at,
    signal,
  )
  const [stored, storedBefore] = answers.map((answer) => needAnswer<Hash>('lookaheadHashes', answer))
  return [stored ?? ZERO_HASH, storedBefore ?? ZERO_HASH]
}

/** The lookahead of the slot's own epoch, or that of the epoch before if it names an owner in time. */
function chooseEvidence(
  input: {
    readonly clock: SlotClock
    readonly known: KnownLookahead
    readonly isStored: boolean
    readonly before: KnownLookahead | undefined
    readonly windows: readonly Window[]
  },
  slot: bigint,
): Evidence {
  const { clock, known, before } = input
  const epoch = clock.epochOf(slot)
  const window = input.windows.find(({ firstSlot, lastSlot }) => firstSlot <= slot && slot <= lastSlot)
  if (window === undefined)
    return { type: 'unknown', reason: `slot ${slot} is in neither epoch of the known lookahead` }
  if (window.turn.type === 'unknown') return { type: 'unknown', reason: window.turn.reason }
  const type = input.isStored ? 'proven' : 'unproven'
  const isOwnedInEpoch = !window.isFallback && clock.epochOf(window.lastSlot) === epoch
  if (type === 'unproven' && epoch === known.epoch && before !== undefined && isOwnedInEpoch)
    return { type: 'proven', epoch: before.epoch, lookahead: before.bytes }
  return { type, epoch: known.epoch, lookahead: known.bytes }
}
