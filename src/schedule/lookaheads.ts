/**
 * Lookaheads by epoch and by what they depend on, so that one is read once and another branch of L1 has another. What the
 * schedule contract has proven is read from its own event and believed by its hash.
 */
import { LRUCache } from 'lru-cache'
import { decodeAbiParameters, parseAbiParameters, toEventSelector } from 'viem'
import { LOOKAHEAD_EPOCHS } from '../l1/beaconProposers.ts'
import type { L1, L1Header } from '../l1/l1.ts'
import type { L1Reads } from '../l1/reads.ts'
import { toWord } from '../primitives/bytes.ts'
import { TemporaryError } from '../primitives/errors.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes, ZERO_HASH } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { readBeaconLookahead } from './beaconLookahead.ts'
import { beaconRootBefore, parentBeaconRoot } from './branch.ts'
import type { SlotClock } from './clock.ts'
import type { LookaheadSource } from './detect.ts'
import { proposerLookaheadGindex } from './gindices.ts'
import { decodeLookahead, encodeLookahead } from './vector.ts'
import type { Lookahead } from './windows.ts'

export type KnownLookahead = Lookahead & {
  /** SSZ. */
  readonly bytes: Uint8Array
  /** keccak-256 of the bytes, as the contract stores it. */
  readonly hash: Hash
  readonly isProven: boolean
  readonly problem?: string
}

export type Lookaheads = {
  /** Of the state of a beacon block in `epoch` that the L1 head names. `stored`: the contract's hash, zero while unproven. */
  current(input: {
    readonly head: L1Header
    readonly epoch: bigint
    readonly dependentRoots: readonly [Hash, Hash]
    readonly stored: Hash
    readonly signal?: AbortSignal | undefined
  }): Promise<KnownLookahead>
  /** What the contract has proven for an epoch; undefined where no provider gives the event any more. */
  stored(head: L1Header, epoch: bigint, hash: Hash, signal?: AbortSignal): Promise<KnownLookahead | undefined>
}

/** This epoch's and the last one's, on a few branches. */
const LOOKAHEADS_KEPT = 16
const PROVEN_TOPIC = toEventSelector('LookaheadProven(uint256,bytes)')

export function createLookaheads(deps: {
  readonly l1: Pick<L1, 'ancestor'>
  readonly reads: L1Reads
  readonly clock: SlotClock
  readonly source: LookaheadSource
}): Lookaheads {
  const { reads, clock, source } = deps
  const byDependence = new LRUCache<string, KnownLookahead>({ max: LOOKAHEADS_KEPT })
  const byHash = new LRUCache<Hash, KnownLookahead>({ max: LOOKAHEADS_KEPT })

  const keep = (
    epoch: bigint,
    proposers: readonly bigint[],
    more: { isProven: boolean; problem?: string },
  ) => {
    const bytes = encodeLookahead(proposers)
    return { epoch, slotsPerEpoch: clock.slotsPerEpoch, proposers, bytes, hash: keccak256Hex(bytes), ...more }
  }

  const stored: Lookaheads['stored'] = async (head, epoch, hash, signal) => {
    const held = byHash.get(hash)
    if (held?.epoch === epoch) return held
    // It can be proven from its epoch on, and there is at most one block a slot.
    const slots = clock.slotAt(head.timestamp) - clock.firstSlotOf(epoch)
    const events = await reads.logData(
      {
        address: source.address,
        topics: [PROVEN_TOPIC, bytesToHex(toWord(epoch))],
        fromBlock: head.number > slots ? head.number - slots : 0n,
        toBlock: head.number,
      },
      signal,
    )
    for (const event of events) {
      const bytes = decodeEvent(event)
      if (bytes === undefined || keccak256Hex(bytes) !== hash) continue
      const proposers = decodeLookahead(bytes, LOOKAHEAD_EPOCHS * Number(clock.slotsPerEpoch))
      if (proposers === undefined) continue
      const found = keep(epoch, proposers, { isProven: true })
      byHash.set(hash, found)
      return found
    }
    return undefined
  }

  return {
    stored,
    async current({ head, epoch, dependentRoots, stored: storedHash, signal }) {
      const key = `${epoch}:${dependentRoots[1]}`
      const held = byDependence.get(key)
      if (held !== undefined && storedHash === ZERO_HASH) return held
      if (held !== undefined && held.hash === storedHash) return { ...held, isProven: true }
      if (storedHash !== ZERO_HASH) {
        const proven = await stored(head, epoch, storedHash, signal)
        if (proven) {
          byDependence.set(key, proven)
          return proven
        }
      }
      const gindex = proposerLookaheadGindex(epoch, source.gloasForkEpoch)
      const question = { epoch, root: parentBeaconRoot(head), dependentRoots, gindex }
      const { proposers, isProven, problem } = await readBeaconLookahead({ reads, clock }, question, signal)
      const found = keep(epoch, proposers, { isProven, ...(problem !== undefined && { problem }) })
      if (storedHash !== ZERO_HASH && found.hash !== storedHash)
        throw new TemporaryError(
          `the beacon nodes name other proposers for epoch ${epoch} than were proven to the schedule contract`,
        )
      // What nodes disagree about, or nobody has proven, is asked again when something may have changed: at the next epoch.
      byDependence.set(key, found)
      return storedHash === ZERO_HASH ? found : { ...found, isProven: true }
    },
  }
}

/** What the proposers of `epoch` and of the next depend on, by the branch of `head`. */
export async function dependentRootsOf(
  l1: Pick<L1, 'ancestor'>,
  clock: SlotClock,
  head: L1Header,
  epoch: bigint,
  signal?: AbortSignal,
): Promise<readonly [Hash, Hash]> {
  // At most one block a slot: this reads all headers the walks below can meet in one go.
  const slots = clock.slotAt(head.timestamp) - clock.firstSlotOf(epoch > 0n ? epoch - 1n : 0n)
  if (head.number > slots) await l1.ancestor(head, head.number - slots, signal)
  const before = (first: bigint) =>
    beaconRootBefore(l1, head, clock.timestampOf(clock.firstSlotOf(first)), signal)
  return [await before(epoch > 0n ? epoch - 1n : 0n), await before(epoch)]
}

/** Undefined for data that is not the event's. */
function decodeEvent(data: Hex): Uint8Array | undefined {
  try {
    const [lookahead] = decodeAbiParameters(parseAbiParameters('bytes'), data)
    return hexToBytes(lookahead)
  } catch {
    return undefined
  }
}
