/** What L1 says at one of its blocks, once this node has derived all that L2 has there. */
import type { ChainReader } from '../../chain/chain.ts'
import type { L1, L1Header, L1Position } from '../../l1/l1.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { PendingInclusion } from '../../schedule/forcedInclusions.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { InboxConfig, InboxReader, InboxState } from '../inbox.ts'

export type L1View = {
  readonly head: L1Header
  readonly config: InboxConfig
  readonly inbox: InboxState
  /** The oldest forced inclusions that wait. */
  readonly queue: readonly PendingInclusion[]
}

export type L1ViewAnswer =
  | { readonly type: 'view'; readonly view: L1View }
  | { readonly type: 'wait'; readonly reason: string }

export type L1ViewDeps = {
  readonly chain: ChainReader
  readonly l1: Pick<L1, 'ancestor'>
  readonly inbox: InboxReader
  readonly schedule: Pick<Schedule, 'forcedInclusions'>
}

export type ReadL1View = (at: L1Position, signal?: AbortSignal) => Promise<L1ViewAnswer>

/** Views remembered: making blocks and posting them may see L1 at different heads. */
const KNOWN_MAX = 2

/** Remembers the newest ones: what a block says does not change. */
export function createL1Views(deps: L1ViewDeps): ReadL1View {
  const { chain, l1, inbox, schedule } = deps
  const known = new Map<Hash, L1View>()
  /** Of the last proposal, by the L1 block that was asked. */
  const lastHashes = new Map<Hash, Hash>()

  const read = async (at: L1Position, signal?: AbortSignal): Promise<L1View | undefined> => {
    const remembered = known.get(at.hash)
    if (remembered !== undefined) return remembered
    const head = await l1.ancestor(at, at.number, signal)
    const [config, state, queue] = await Promise.all([
      inbox.config(signal),
      inbox.state(at.hash, signal),
      schedule.forcedInclusions(signal),
    ])
    if (queue.l1.hash !== at.hash) return undefined
    const view = { head, config, inbox: state, queue: queue.inclusions }
    remember(known, at.hash, view)
    return view
  }

  const readLastHash = async (id: bigint, at: L1Position, signal?: AbortSignal): Promise<Hash> => {
    const remembered = lastHashes.get(at.hash)
    if (remembered !== undefined) return remembered
    const hash = await inbox.proposalHash(id, at.hash, signal)
    remember(lastHashes, at.hash, hash)
    return hash
  }

  return async (at, signal) => {
    const view = await read(at, signal)
    if (view === undefined) return { type: 'wait', reason: `L1 moves on from block ${at.number}` }
    const lastId = view.inbox.nextProposalId - 1n
    const derivedId = (await chain.origin(chain.heads().safe.number))?.proposalId ?? 0n
    if (derivedId !== lastId)
      return {
        type: 'wait',
        reason: `L1 has proposal ${lastId}, and this node has derived up to ${derivedId}`,
      }
    // After a reorg the same id may be another proposal, which this node has yet to see.
    const derived = await chain.proposal(derivedId)
    if (derived !== undefined && derived.hash !== (await readLastHash(lastId, at, signal)))
      return { type: 'wait', reason: `L1 has another proposal ${lastId} than this node has derived` }
    return { type: 'view', view }
  }
}

function remember<T>(map: Map<Hash, T>, key: Hash, value: T): void {
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > KNOWN_MAX && oldest !== undefined) map.delete(oldest)
}
