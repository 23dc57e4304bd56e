/** The state a job is asked about, in a snapshot of the node's database. */
import type { ChainReader } from '../../chain/chain.ts'
import { createChain } from '../../chain/sqliteChain.ts'
import type { FlatCacheSizes } from '../../engine/state/flatCache.ts'
import { type FlatState, StaleStateError } from '../../engine/state/flatState.ts'
import { createFlatState } from '../../engine/state/flatStateOnStore.ts'
import { overlayState } from '../../engine/state/laidOver.ts'
import type { StateSource } from '../../engine/state/source.ts'
import { defined } from '../../primitives/assert.ts'
import { type Hash, ZERO_HASH } from '../../primitives/hex.ts'
import type { StoreSnapshot } from '../../store/store.ts'
import type { StatePlace } from '../deps.ts'
import type { JobEnvironment } from './jobs.ts'

/** Small beside the node's: it is for the few contracts that everybody calls, and lasts for one head. */
const CACHE: FlatCacheSizes = {
  hashedKeys: 20_000,
  accounts: 5_000,
  slots: 20_000,
  nodes: 10_000,
  codeBytes: 16 * 1024 * 1024,
}

/** A search for logs reads each block once. */
const CACHED_BLOCKS = 16

export type ReadPlace = (
  snapshot: StoreSnapshot,
  place: StatePlace,
) => Promise<Omit<JobEnvironment, 'execution'>>

/**
 * What it answers is good for as long as the snapshot. StaleStateError where the snapshot has another block at that number,
 * MissingStateError where the state after it is not kept.
 */
export function createReadPlace(): ReadPlace {
  /** The state after a head is the same in every snapshot with that head, and so is what was remembered of it. */
  let held: { readonly latest: Hash; readonly state: FlatState } | undefined

  return async (snapshot, { number, hash, laidOver }) => {
    const chain = await createChain(snapshot, { cachedBlocks: CACHED_BLOCKS })
    if ((await hashAt(chain, number)) !== hash) throw new StaleStateError()
    const { latest } = chain.heads()
    if (held?.latest !== latest.hash)
      held = {
        latest: latest.hash,
        state: await createFlatState({ store: snapshot, options: { cache: CACHE, recovers: 'onDemand' } }),
      }
    const { state } = held
    // The head's own source is the faster one, and the only one that can tell the root after changes.
    const base: StateSource = number === state.head.blockNumber ? state.source() : await state.at(number)
    return {
      chain,
      state: laidOver === undefined ? base : overlayState(base, laidOver, ZERO_HASH),
      ancestorHash: async (ancestor) => defined(await hashAt(chain, ancestor), `block ${ancestor}`),
      ...(laidOver === undefined && {
        proofs: {
          proof: (address, slots) => state.proof(address, slots, number),
          pathTo: (owner, key) => state.pathTo(owner, key, number),
        },
      }),
    }
  }
}

async function hashAt(chain: Pick<ChainReader, 'hashes'>, number: bigint): Promise<Hash | undefined> {
  const [found] = await chain.hashes(number, number)
  return found?.hash
}
