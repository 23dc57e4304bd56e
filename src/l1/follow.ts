/**
 * The stream of L1: history in proven ranges, then block by block along parent hashes. A lower head is no news; only a head
 * that does not build on our cursor is a reorg.
 */
import { sleep } from '../primitives/async.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Logger } from '../telemetry/log.ts'
import { settleContradiction } from './arbiter.ts'
import type { Finality } from './finality.ts'
import { branchBetween, hashOnChain, newestOnChain } from './fork.ts'
import type { Heads } from './heads.ts'
import { type HistoryDeps, readHistory } from './history.ts'
import type { FollowInput, L1Event, L1Header, L1Position } from './l1.ts'
import type { L1Provider } from './provider.ts'

/** So near to the head, every block is read by hash and its hits by receipt; deeper reorgs than this are unheard of. */
const TIP_BLOCKS = 64n
/** How often in a row a lower head on another branch must be seen before it counts as a reorg to a shorter chain. */
const LOWER_FORK_POLLS = 3

export type FollowDeps = HistoryDeps & {
  readonly provider: L1Provider
  readonly heads: Heads
  readonly finality: Finality
  /** A block that an operator vouches for. */
  readonly trusted?: L1Position | undefined
  readonly pollIntervalMs: number
  /** Tells the status what the stream knows. */
  readonly onHead: (head: L1Position) => void
  readonly onFinalized: (block: L1Position) => void
  /** What an earlier stream of this process has seen to be final. */
  readonly finalizedBefore: () => L1Position | undefined
  readonly log: Logger
}

export async function* followL1(deps: FollowDeps, input: FollowInput): AsyncGenerator<L1Event> {
  const { reader } = deps
  const { signal } = input
  let at = input.cursor
  /** Newest block said to be final in this stream, or known to its caller. */
  let finalized = input.finalized
  let trustedSeen = false
  let announced: Hash | undefined
  let lowerForks = 0

  const advance = (block: L1Header): void => {
    at = { number: block.number, hash: block.hash }
  }

  async function* catchUp(head: L1Header): AsyncGenerator<L1Event> {
    const to = head.number - TIP_BLOCKS
    for await (const range of readHistory(deps, { from: at.number + 1n, to, signal })) {
      if (range.headers[0]?.parentHash !== at.hash) {
        // Inside a range headers link, so it is the last one before it that is of another branch.
        const from = reader.servedBy(at.hash)
        if (from)
          deps.provider.demote(from, `block ${at.number + 1n} does not build on its block ${at.number}`)
        if ((await hashOnChain(reader, head, at.number, signal)) !== at.hash) yield* reorganize(head)
        break
      }
      for (const block of range.headers) {
        advance(block)
        yield { type: 'block', block, logs: range.logs.get(block.hash) ?? [] }
      }
      yield* settle()
    }
    // Blocks were there a moment ago, or servers differ: wait a little before looking anew.
    if (at.number < to) await sleep(deps.pollIntervalMs, signal)
  }

  async function* followTip(head: L1Header): AsyncGenerator<L1Event> {
    const branch = await branchBetween(reader, at, head, signal)
    if (branch === null) {
      yield* reorganize(head)
      return
    }
    for (const block of branch) {
      const logs = deps.watch.mayHold(block.header) ? await reader.logsOfBlock(block, signal) : []
      // Its receipts are gone: it was reorged out in the meantime.
      if (logs === null) return
      advance(block)
      yield { type: 'block', block, logs }
    }
  }

  /** A head of our height with another hash is another branch. A lower one may only be late. */
  async function* considerLower(head: L1Header): AsyncGenerator<L1Event> {
    const ours = head.number === at.number ? at.hash : await ourHash(head.number)
    if (ours === undefined || ours === head.hash) lowerForks = 0
    else lowerForks = head.number === at.number ? LOWER_FORK_POLLS : lowerForks + 1
    if (lowerForks < LOWER_FORK_POLLS) return
    lowerForks = 0
    yield* reorganize(head)
  }

  /** From what we remember, without asking: the providers may not know our branch any more. */
  const ourHash = async (number: bigint): Promise<Hash | undefined> => {
    let header = reader.known(at.hash)
    while (header && header.number > number) header = reader.known(header.parentHash)
    if (header) return header.hash
    return (await input.knownAncestors()).find((position) => position.number === number)?.hash
  }

  async function* reorganize(head: L1Header): AsyncGenerator<L1Event> {
    const known = (await input.knownAncestors()).filter(({ number }) => number <= at.number)
    const ancestor = await newestOnChain(reader, head, known, signal)
    const final = newestOf(finalized, deps.finalizedBefore())
    // The caller need not remember the final block itself: an older position will do, as long as the chain holds that block.
    if (final && (await hashOnChain(reader, head, final.number, signal)) !== final.hash) {
      const sentence =
        `L1 block ${final.number} (${final.hash}) was final, and every provider now serves a chain without it; ` +
        'check the providers, and whether L1 had a consensus failure. Nothing was changed in the database'
      throw await settleContradiction(deps.provider, final, sentence, signal)
    }
    if (ancestor === null) {
      const oldest = known.at(-1) ?? at
      const sentence =
        `none of the L1 blocks this node remembers (down to ${oldest.number}) is on the chain the providers serve; ` +
        'check that the data directory belongs to this network, or start from an empty one'
      throw await settleContradiction(deps.provider, oldest, sentence, signal)
    }
    deps.log.warn({ from: at, to: ancestor, head: head.hash }, 'L1 reorg')
    at = { number: ancestor.number, hash: ancestor.hash }
    announced = undefined
    yield { type: 'reorg', ancestor: at }
  }

  /** Yields what has become certain up to our cursor; throws if our chain contradicts it. */
  async function* settle(): AsyncGenerator<L1Event> {
    // A cursor from the database may be of a branch that nobody serves any more; the head will tell.
    if (!reader.known(at.hash)) return
    const { trusted } = deps
    if (trusted && !trustedSeen && trusted.number <= at.number) {
      await assertCertain(deps, at, trusted, 'the trusted L1 block of the configuration', signal)
      trustedSeen = true
    }
    const newest = await deps.finality.read(signal)
    if (newest === null || newest.number > at.number || newest.number <= (finalized?.number ?? -1n)) return
    await assertCertain(deps, at, newest, 'the finalized L1 block', signal)
    finalized = newest
    deps.onFinalized(newest)
    yield { type: 'finalized', block: newest }
  }

  try {
    for (;;) {
      const head = await deps.heads.read(signal)
      if (head) {
        deps.onHead({ number: head.number, hash: head.hash })
        if (head.number - at.number > TIP_BLOCKS) {
          yield* catchUp(head)
          continue
        }
        if (head.number > at.number) {
          lowerForks = 0
          yield* followTip(head)
        } else yield* considerLower(head)
        // While the head is of another branch, nothing can be said of ours.
        if (lowerForks === 0) yield* settle()
        if (at.hash === head.hash && announced !== head.hash) {
          announced = head.hash
          yield { type: 'caughtUp', head: at }
        }
      }
      await sleep(deps.pollIntervalMs, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function newestOf(a: L1Position | undefined, b: L1Position | undefined): L1Position | undefined {
  return a && b ? (b.number > a.number ? b : a) : (a ?? b)
}

/** Throws unless `certain` is on the chain of our cursor `at`. */
async function assertCertain(
  deps: FollowDeps,
  at: L1Position,
  certain: L1Position,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  const ours = await hashOnChain(deps.reader, at, certain.number, signal)
  if (ours === certain.hash) return
  const sentence =
    `${what}, ${certain.number} (${certain.hash}), is not on the chain the providers serve (they have ${ours ?? 'none'}); ` +
    'check the providers, and that the beacon node is of the same network'
  throw await settleContradiction(deps.provider, certain, sentence, signal)
}
