/**
 * The next block begun while the one before it is written down, signed and made the latest. It takes transactions at once and answers
 * for none of them before its parent is bound: signed, and on the disk with all that it holds, so that no other block of ours can be in
 * its place. When that does not come to be, nobody has heard of the block. From then on it is under way as any other.
 */
import type { ChainReader } from '../../chain/chain.ts'
import type { LatestBlock, UnsafeBuilder } from '../../derive/unsafe.ts'
import type { L1 } from '../../l1/l1.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Bound } from './building.ts'
import type { BuildJournal } from './events.ts'
import { type Group, groupBlocks, lastOf } from './groups.ts'
import type { L1View, ReadL1View } from './l1View.ts'
import type { BegunBlock, BlockMaker } from './makeBlock.ts'
import { type NextBlockOptions, prepareOwn } from './nextBlock.ts'
import type { Plan } from './plan.ts'
import type { UnsignedBlock } from './seal.ts'
import type { ShowBuilding } from './shown.ts'
import type { SequencingWindow, WindowAnswer, Windows } from './window.ts'

/** What the next block is decided by. */
export type Situation = {
  readonly window: SequencingWindow
  readonly isPreviousOver: boolean
  readonly view: L1View
  /** The latest block is one of this window. */
  readonly isBegun: boolean
  readonly latest: LatestBlock
  readonly groups: readonly Group[]
}

/** A block that was begun ahead, as it was decided then. */
export type AheadBlock = {
  readonly begun: BegunBlock
  readonly answer: Extract<WindowAnswer, { type: 'ours' }>
  readonly groups: readonly Group[]
  /** The batch it joins. */
  readonly joined: Group | undefined
  /** Of the L1 head, in seconds. */
  readonly headTimestamp: bigint
  /** What was asked for in it is answered: it has to be made. */
  readonly isConfirmed: () => boolean
  /** @param kept When its parent's signature is on the disk. */
  confirm(kept: Promise<void>): void
  giveUp(): void
}

export type Ahead = {
  /** Reads what L1 says now, so that it is at hand when the next block is begun. Never throws. */
  prepare(signal: AbortSignal): void
  /** Begins the block after `parent`, if there is anything to be begun. Never throws. */
  begin(
    parent: UnsignedBlock & { readonly latest: LatestBlock; readonly isBatchFull: boolean },
    signal: AbortSignal,
  ): void
  /** Its parent is bound: what was asked for in it is answered, unless something hinders the block. Never throws. */
  confirm(kept: Promise<void>, isHindered: (block: AheadBlock) => Promise<boolean>): void
  /** What was begun on the latest block. It is the caller's from now on. */
  take(): Promise<AheadBlock | undefined>
  /** Gives up what was begun: its parent does not become the latest, or something else comes next. */
  drop(): void
}

export type AheadDeps = {
  readonly chain: Pick<ChainReader, 'heads'>
  readonly l1: Pick<L1, 'ancestor' | 'status'>
  readonly builder: Pick<UnsafeBuilder, 'ahead'>
  readonly journal: Pick<BuildJournal, 'begun'>
  readonly windows: Windows
  readonly readView: ReadL1View
  readonly readGroups: () => Promise<readonly Group[]>
  readonly maker: Pick<BlockMaker, 'beginAhead' | 'forsake'>
  readonly show: ShowBuilding
  /** Why nothing may be promised now. */
  readonly findHindrance: (headTimestamp: bigint) => Promise<string | undefined>
  readonly plan: (situation: Situation, isBatchFull: boolean) => Promise<Plan>
  readonly logger: Logger
  readonly now: () => number
}

type Attempt = {
  readonly result: Promise<AheadBlock | undefined>
  settle(bound: Bound | false): void
}

export function createAhead(deps: AheadDeps, options: NextBlockOptions): Ahead {
  const { chain, l1, builder, journal, windows, maker, show, logger, now } = deps
  let attempt: Attempt | undefined
  let isPreparing = false

  const look = async (
    parent: Parameters<Ahead['begin']>[0],
    { isBound: parentIsBound, settle, isConfirmed }: Binding,
    signal: AbortSignal,
  ): Promise<AheadBlock | undefined> => {
    const { executed, origin, commitment } = parent
    const { hash, header } = executed
    const position = l1.status().head
    if (position === undefined) return undefined
    const { timestamp: headTimestamp } = await l1.ancestor(position, position.number, signal)
    const query = { nowMs: now(), headTimestamp, latest: { commitment } }
    const answer = await windows.find(query, signal)
    if (answer.type !== 'ours' || answer.window.end !== commitment.windowEnd) return undefined
    if ((await deps.findHindrance(headTimestamp)) !== undefined) return undefined
    const { safe } = chain.heads()
    const earlier = journal.begun(hash)
    earlier.catch(() => {})
    const viewed = await deps.readView(position, signal)
    if (viewed.type === 'wait') return undefined
    const before = await deps.readGroups()
    const last = before.at(-1)
    if ((last === undefined ? safe.hash : lastOf(last).hash) !== header.parentHash) return undefined
    const anchorBlockNumber = origin.anchorBlock.number
    const latest = await builder.ahead({ executed, parent: parent.latest.parent, anchorBlockNumber })
    if (chain.heads().safe.hash !== safe.hash) return undefined
    const groups = groupBlocks([...before.flatMap(({ blocks }) => blocks), { hash, header, origin }])
    const situation = { ...answer, view: viewed.view, isBegun: true, latest, groups }
    const plan = await deps.plan(situation, parent.isBatchFull)
    // Anything else is decided, and told, once the block is the latest; so is what was kept of an earlier life.
    if (plan.type !== 'own' || (await earlier) !== undefined) return undefined
    const next = prepareOwn(plan, situation, options)
    const joined = groups.find(({ proposalId }) => proposalId === next.metadata.proposalId)
    const begun = await maker.beginAhead(next, { latest, joined, parent, parentIsBound })
    const giveUp = () => {
      settle(false)
      if (begun === undefined) return
      if (isConfirmed()) maker.forsake(begun)
      show.end(begun.building)
    }
    const confirm = (kept: Promise<void>) => settle({ kept })
    return begun && { ...{ begun, answer, groups, joined, headTimestamp }, isConfirmed, confirm, giveUp }
  }

  const drop = (): void => {
    const dropped = attempt
    attempt = undefined
    dropped?.settle(false)
    dropped?.result.then((block) => block?.giveUp())
  }

  return {
    prepare(signal) {
      const { head } = l1.status()
      if (head === undefined || isPreparing) return
      isPreparing = true
      Promise.allSettled([deps.readView(head, signal), deps.readGroups()]).then(() => {
        isPreparing = false
      })
    },
    begin(parent, signal) {
      // Its own: what was given up before settles whenever it is done.
      const stop = () => drop()
      const binding = createBinding(() => signal.removeEventListener('abort', stop))
      const { settle } = binding
      signal.addEventListener('abort', stop, { once: true })
      const result = look(parent, binding, signal)
        .then((block) => {
          if (block !== undefined && attempt === mine) show.open(block.begun.building)
          return block
        })
        .catch((error: unknown) => {
          logger.debug({ error: String(error) }, 'the next block is begun once its parent is the latest')
          return undefined
        })
      const mine: Attempt = { result, settle }
      attempt = mine
    },
    confirm(kept, isHindered) {
      const mine = attempt
      const settle = async () => {
        const block = await mine?.result
        if (block === undefined || (await isHindered(block))) return
        if (attempt === mine) block.confirm(kept)
      }
      // Where it cannot be told, it is asked again when the parent is the latest.
      settle().catch(() => {})
    },
    async take() {
      const taken = attempt
      const block = await taken?.result
      if (attempt !== taken) return undefined
      attempt = undefined
      if (block === undefined) {
        taken?.settle(false)
        return undefined
      }
      if (chain.heads().latest.hash === block.begun.building.position.parentHash) return block
      block.giveUp()
      return undefined
    },
    drop,
  }
}

/** Whether what is asked for in a block is answered: said once. */
type Binding = {
  readonly isBound: Promise<Bound | false>
  /** The first time counts. */
  settle(bound: Bound | false): void
  isConfirmed(): boolean
}

function createBinding(onSettled: () => void): Binding {
  let answer: Bound | false | undefined
  let resolve: (bound: Bound | false) => void = () => {}
  const isBound = new Promise<Bound | false>((settle) => {
    resolve = settle
  })
  return {
    isBound,
    settle(given) {
      if (answer !== undefined) return
      answer = given
      onSettled()
      resolve(given)
    },
    isConfirmed: () => answer !== undefined && answer !== false,
  }
}
