/**
 * How far the node is, by three clocks that are never blurred: derived from L1, executed here, and received from others. It says that
 * it is at the tip only while a source that speaks says nothing newer.
 */
import type { BlockRef, ChainReader } from '../../chain/chain.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { SourceHealth } from './sources.ts'

export type FollowerStatus = {
  /** Everything that connected sources have is executed here, and L1 is derived to its head. False without a source that speaks. */
  readonly isAtTip: boolean
  /** The same in a sentence, with how far behind. */
  readonly detail: string
  /** Last block derived from L1. */
  readonly derived: BlockRef
  /** Last block executed, preconfirmed or derived. */
  readonly executed: BlockRef
  /** Newest block whose signatures are right, whether it could be executed yet or not. */
  readonly received?: BlockRef
  /** When the last one came, in milliseconds since the Unix epoch. */
  readonly receivedAt?: number
  readonly sources: readonly SourceHealth[]
  /** Stopping now breaks no promise of ours. */
  readonly canShutdown: boolean
  /** Seconds: while `canShutdown`, until when (absent: no window of ours is known); else when it will be possible at the latest. */
  readonly until?: bigint
}

export function createStatus(deps: {
  readonly chain: Pick<ChainReader, 'heads'>
  readonly isDerived: () => boolean
  readonly health: () => readonly SourceHealth[]
  readonly highestWaiting: () => bigint | undefined
  readonly sequencer?: () => { readonly canShutdown: boolean; readonly until?: bigint }
  readonly now: () => number
}) {
  let received: BlockRef | undefined
  let receivedAt: number | undefined

  /** Newest block that anybody has shown or names. */
  function newest(sources: readonly SourceHealth[]): bigint {
    const { latest } = deps.chain.heads()
    const tips = sources.flatMap(({ state, tip }) =>
      state === 'connected' && tip !== undefined ? [tip] : [],
    )
    return [deps.highestWaiting() ?? 0n, ...tips].reduce((a, b) => (a > b ? a : b), latest.number)
  }

  function describe(sources: readonly SourceHealth[]): {
    readonly isAtTip: boolean
    readonly detail: string
  } {
    const { latest, safe } = deps.chain.heads()
    const connected = sources.filter(({ state, heardAt }) => state === 'connected' && heardAt !== undefined)
    const behind = newest(sources) - latest.number
    const ahead = `${blocks(latest.number - safe.number)} ahead of what is derived from L1`
    if (!deps.isDerived())
      return { isAtTip: false, detail: `catching up with L1: derived up to block ${safe.number}` }
    if (behind > 0n)
      return { isAtTip: false, detail: `at block ${latest.number}, ${blocks(behind)} behind the stream` }
    if (sources.length === 0)
      return { isAtTip: false, detail: `at block ${latest.number}, ${ahead}; no stream is followed` }
    if (connected.length === 0)
      return {
        isAtTip: false,
        detail: `at block ${latest.number}, ${ahead}; no source of the stream answers`,
      }
    return { isAtTip: true, detail: `at block ${latest.number}, the stream's newest, ${ahead}` }
  }

  return {
    received(number: bigint, hash: Hash): void {
      receivedAt = deps.now()
      if (received === undefined || number >= received.number) received = { number, hash }
    },
    /** Blocks were taken back: what was received of them may not be the newest any more. */
    note(): void {
      const { latest } = deps.chain.heads()
      if (received !== undefined && received.number > latest.number) received = undefined
    },
    read(): FollowerStatus {
      const sources = deps.health()
      const { latest, safe } = deps.chain.heads()
      const own = deps.sequencer?.()
      return {
        ...describe(sources),
        derived: safe,
        executed: latest,
        ...(received !== undefined && { received }),
        ...(receivedAt !== undefined && { receivedAt }),
        sources,
        canShutdown: own?.canShutdown ?? true,
        ...(own?.until !== undefined && { until: own.until }),
      }
    },
  }
}

function blocks(count: bigint): string {
  return count === 1n ? '1 block' : `${count} blocks`
}
