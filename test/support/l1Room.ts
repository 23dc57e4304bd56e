/** What the tests of the l1 room share: a chain long enough for history and tip, its truth, and a follower to hold against it. */
import { createL1, type L1Options } from '../../src/l1/createL1.ts'
import type { L1, L1Event, L1Position } from '../../src/l1/l1.ts'
import { TemporaryError } from '../../src/primitives/errors.ts'
import { bytesToHex, ZERO_HASH } from '../../src/primitives/hex.ts'
import { createDevnetSpec } from '../../src/spec/devnet.ts'
import type { RollupSpec } from '../../src/spec/rollupSpec.ts'
import type { L1Block } from './l1/block.ts'
import { createBusyChain } from './l1/busyChain.ts'
import type { Face } from './l1/face.ts'
import type { SimulatedL1 } from './l1/simulatedL1.ts'

/** About 260 blocks: two ranges of history and a tip, with proposals, proofs and forced inclusions in all of them. */
export function buildLongChain(seed: number | string): SimulatedL1 {
  const l1 = createBusyChain({ seed })
  for (let round = 0; round < 24; round++) {
    const { transactions: tx } = l1
    l1.propose({
      payload: Uint8Array.of(round),
      before: [tx.tokenTransfer({ logs: 2 })],
      after: [tx.transfer()],
    })
    l1.mine({ missedSlots: round % 3 })
    l1.mine({ transactions: [tx.tokenTransfer(), tx.transfer()] })
    if (round % 5 === 1) l1.saveForcedInclusion({ payload: Uint8Array.of(round, 1) })
    if (round % 4 === 2) l1.prove()
    for (let i = 0; i < 7; i++) l1.mine()
  }
  return l1
}

export function specOf(l1: SimulatedL1): RollupSpec {
  return createDevnetSpec({
    l1ChainId: l1.config.chainId,
    l2ChainId: 167_777n,
    inbox: l1.config.inbox,
    startBlock: 1n,
    genesisTime: l1.config.genesisTime,
    secondsPerSlot: l1.config.secondsPerSlot,
    genesis: { hash: ZERO_HASH, stateRoot: ZERO_HASH },
  })
}

/** Quick in every respect that is only waiting. */
export const QUICK = {
  kzgThreads: 0,
  pollIntervalMs: 1,
  finalityIntervalMs: 0,
  pauseScale: 0.001,
} as const

/** An endpoint over HTTP without a socket. */
export function endpointOf(name: string, face: Face, timeoutMs = 15_000) {
  return {
    name,
    url: `http://${name}.test`,
    fetch: face.fetch,
    limits: { timeoutMs, requestsPerSecond: 100_000, responseBytesMax: 4 * 1024 * 1024 },
  }
}

export function connect(l1: SimulatedL1, options: Partial<L1Options> = {}): Promise<L1> {
  const honest = endpointOf('honest', l1)
  return createL1({ spec: specOf(l1), endpoints: [honest], beacons: [honest], ...QUICK, ...options })
}

export function positionOf(block: L1Block): L1Position {
  return { number: block.header.number, hash: block.hash }
}

/** What an honest follower must see of a block. */
export function truthOf(l1: SimulatedL1, block: L1Block) {
  let logIndex = 0
  const logs = block.receipts.flatMap((receipt, i) =>
    receipt.logs.flatMap((log) => {
      const index = logIndex++
      if (log.address !== l1.config.inbox) return []
      return [
        {
          address: log.address,
          topics: log.topics,
          data: bytesToHex(log.data),
          blockNumber: block.header.number,
          blockHash: block.hash,
          transactionHash: block.transactions[i]!.hash,
          logIndex: index,
        },
      ]
    }),
  )
  return { hash: block.hash, logs }
}

/** Canonical blocks after `from`, up to `to`. */
export function truthBetween(l1: SimulatedL1, from: number, to = Number(l1.head().header.number)) {
  return Array.from({ length: to - from }, (_, i) => truthOf(l1, l1.blockAt(from + 1 + i)))
}

/** The chain as a consumer holds it: blocks appended, reorgs undone. */
export type Follower = {
  readonly blocks: { readonly hash: string; readonly logs: readonly unknown[] }[]
  readonly positions: L1Position[]
  readonly reorgs: L1Position[]
  finalized?: L1Position
  /** Until the stream announces a head for which `done` holds (default: the canonical one). Temporary errors start anew. */
  run(done?: () => boolean): Promise<void>
  /** Errors that ended a stream and were retried. */
  readonly errors: Error[]
}

const RETRIES_MAX = 200

export function createFollower(l1: L1, chain: SimulatedL1, start: L1Position): Follower {
  const follower: Follower = { blocks: [], positions: [start], reorgs: [], errors: [], run }
  const apply = (event: L1Event): void => {
    if (event.type === 'block') {
      if (event.block.parentHash !== follower.positions.at(-1)!.hash) throw new Error('a block does not link')
      follower.positions.push({ number: event.block.number, hash: event.block.hash })
      follower.blocks.push({ hash: event.block.hash, logs: event.logs })
    } else if (event.type === 'reorg') {
      follower.reorgs.push(event.ancestor)
      while (follower.positions.at(-1)!.hash !== event.ancestor.hash) {
        follower.positions.pop()
        follower.blocks.pop()
      }
    } else if (event.type === 'finalized') follower.finalized = event.block
  }
  async function run(done = () => follower.positions.at(-1)!.hash === chain.head().hash): Promise<void> {
    for (;;) {
      const ending = new AbortController()
      try {
        const stream = l1.follow({
          cursor: follower.positions.at(-1)!,
          knownAncestors: async () => [...follower.positions].reverse(),
          signal: ending.signal,
        })
        for await (const event of stream) {
          apply(event)
          if (event.type === 'caughtUp' && done()) return
        }
        throw new Error('the stream ended by itself')
      } catch (error) {
        follower.errors.push(error as Error)
        if (follower.errors.length > RETRIES_MAX || !(error instanceof TemporaryError)) throw error
      } finally {
        ending.abort()
      }
    }
  }
  return follower
}
