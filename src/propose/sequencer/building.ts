/**
 * A block under way: filled from the pool and by whoever asks for a transaction to be in it, kept on disk as it grows, and
 * published in frags. Everything that changes it happens in turn.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { UnsafeMetadata } from '../../derive/unsafe.ts'
import type { AddResult, ExecutedTransaction, OpenBlock } from '../../engine/engine.ts'
import { StaleStateError } from '../../engine/state/flatState.ts'
import { defined } from '../../primitives/assert.ts'
import type { Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import type { PooledTransaction } from '../pool/transaction.ts'
import type { BuildEvent, BuildJournal, BuildPosition, IncludeResult } from './events.ts'
import type { PayloadMeter } from './payload.ts'

/** Least gas of a transaction: with less left nothing fits. Yellow Paper, G_transaction. */
const TRANSACTION_GAS_MIN = 21_000n
/** The gas left in the block, or the base fee, does not suffice, or an earlier nonce is missing: another block may take it. D-78, D-80, D-83, D-92. */
const RULES_OF_THE_MOMENT: ReadonlySet<string> = new Set(['D-78', 'D-80', 'D-83', 'D-92'])

/** There can be no other block of ours in the place of one. */
export type Bound = {
  /** Resolves when its signature is on the disk, and rejects if it cannot be kept. */
  readonly kept: Promise<void>
}

export type BuildingInput = {
  readonly block: OpenBlock
  readonly position: BuildPosition
  readonly metadata: UnsafeMetadata
  /** Seconds. */
  readonly windowEnd: bigint
  readonly isEndOfWindow: boolean
  /** Of a block that is begun before its parent is signed: whether promises may name that one. */
  readonly parentIsBound?: Promise<Bound | false>
}

export type Building = BuildingInput & {
  /** Keeps that it is begun, in place of what was kept of another one here. */
  keepOpened(): Promise<void>
  /** Executes it at once, and answers when the block's parent is bound. */
  include(raw: Uint8Array): Promise<IncludeResult>
  /** Adds candidates, best first, until there are none, the block is full, or `isTimeUp`. */
  fill(
    candidates: Iterable<Pick<PooledTransaction, 'raw' | 'hash' | 'sender'>>,
    isTimeUp: () => boolean,
  ): Promise<void>
  /** Those that must be in the block if they are valid, in this order. */
  addListed(raws: readonly Uint8Array[]): Promise<void>
  /** What was kept of it before a stop. Throws if it no longer goes in. */
  restore(transactions: readonly Uint8Array[], frags: readonly number[]): Promise<void>
  /** Publishes what was added since the last one; nothing if there is nothing. */
  publishFrag(): Promise<void>
  /** Nothing is added from now on; resolves when what is being added is. */
  close(): Promise<void>
  /** Publishes the last frag, if there is something left for one, and keeps that nothing comes after it. To be closed before. */
  keepClosed(): Promise<void>
  /** Listed ones, in order. */
  transactions(): readonly ExecutedTransaction[]
  frags(): number
  /** No transaction would fit any more. */
  isFull(): boolean
  /** There was one that did not fit the batch any more and would fit the next one. */
  hasTurnedAway(): boolean
}

export function createBuilding(
  deps: {
    readonly journal: Pick<BuildJournal, 'opened' | 'added' | 'frag' | 'closed'>
    /** Of the batch's blobs; a forced block takes none of them. */
    readonly meter: PayloadMeter | undefined
    readonly emit: (event: BuildEvent) => void
    /** Told of a transaction that no block can take. */
    readonly forget?: (hash: Hash, reason: string) => void
  },
  input: BuildingInput,
): Building {
  const { journal, meter, emit, forget } = deps
  const { block, position, metadata, windowEnd, isEndOfWindow } = input
  const taken = new Set<Hash>()
  const hopeless = new Set<Hash>()
  let isClosed = false
  let hasTurnedAway = false
  let adding: Promise<unknown> = Promise.resolve()
  let writing: Promise<unknown> = Promise.resolve()
  /** Without it what is kept of the block is not found after a stop. */
  let opening: Promise<void> = Promise.resolve()
  /** The write that has not begun: whatever comes until then goes along. */
  let nextKeep: Promise<void> | undefined
  let kept = 0
  let published = 0
  let sequence = 0

  const listed = () => block.transactions.slice(1)
  const gasLeft = () => block.attributes.gasLimit - block.gasUsed

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = adding.then(work)
    adding = result.catch(() => {})
    return result
  }

  const write = <T>(work: () => Promise<T>): Promise<T> => {
    const result = writing.then(work)
    writing = result.catch(() => {})
    return result
  }

  type Tried = AddResult | { readonly type: 'there' | 'noRoom' | 'tooLarge' | 'closed' }

  const tryAdd = (raw: Uint8Array, hash: Hash): Promise<Tried> =>
    inTurn(async () => {
      if (taken.has(hash)) return { type: 'there' }
      if (isClosed) return { type: 'closed' }
      if (meter?.fits(raw) === false) {
        if (!meter.fitsAlone(raw)) return { type: 'tooLarge' }
        hasTurnedAway = true
        return { type: 'noRoom' }
      }
      const result = await block.add(raw)
      if (result.type === 'added') {
        taken.add(hash)
        meter?.add(raw)
      } else if (result.rule !== 'D-83') {
        // Only a missing nonce can turn up while the block is under way.
        hopeless.add(hash)
        if (result.fitsNoBlock) forget?.(hash, result.reason)
      }
      return result
    })

  const keep = (): Promise<void> => {
    nextKeep ??= write(async () => {
      nextKeep = undefined
      const added = listed().slice(kept)
      if (added.length === 0) return
      await journal.added({ ...position, from: kept, transactions: added.map(({ raw }) => raw) })
      kept += added.length
    })
    return nextKeep
  }

  const publish = (transactions: readonly ExecutedTransaction[]): Promise<void> =>
    write(async () => {
      const added = transactions.slice(published)
      if (added.length === 0) return
      const frag = { ...position, sequence }
      await journal.frag({ ...frag, from: published, transactions: added.map(({ raw }) => raw) })
      notePublished(added)
    })

  const notePublished = (added: readonly ExecutedTransaction[]): void => {
    published += added.length
    kept = Math.max(kept, published)
    emit({ type: 'frag', ...position, sequence, transactions: added })
    sequence++
  }

  return {
    ...input,
    keepOpened() {
      opening = write(() => journal.opened({ ...position, metadata, windowEnd, isEndOfWindow }))
      return opening
    },
    async include(raw) {
      const hash = keccak256Hex(raw)
      const tried = await tryAdd(raw, hash).catch((error): Tried => {
        // The block is about to be abandoned.
        if (error instanceof StaleStateError) return { type: 'closed' }
        throw error
      })
      switch (tried.type) {
        case 'closed':
          return { type: 'later', reason: `block ${position.number} takes no more transactions` }
        case 'noRoom':
          return { type: 'later', reason: 'the batch under way has no room for it in its blobs' }
        case 'tooLarge':
          return {
            type: 'refused',
            reason: `its ${raw.length} bytes are more than a batch holds in its blobs`,
          }
        case 'refused': {
          const isLater = RULES_OF_THE_MOMENT.has(tried.rule) && tried.fitsNoBlock === undefined
          const type = isLater ? 'later' : 'refused'
          return { type, reason: `${tried.reason} (${tried.rule})` }
        }
        default: {
          const index = block.transactions.findIndex((transaction) => transaction.hash === hash)
          const transaction = defined(block.transactions[index], 'the transaction that was added')
          const firstLogIndex = countLogsBefore(block.transactions, index)
          const whenKept = Promise.all([opening, keep()]).then(() => {})
          // Whoever waits for it is told; nobody has to.
          whenKept.catch(() => {})
          const bound = await input.parentIsBound
          if (bound === false)
            return { type: 'later', reason: `block ${position.number - 1n} did not come to be` }
          const told = Promise.all([whenKept, bound?.kept]).then(() => {})
          told.catch(() => {})
          return {
            type: 'included',
            ...position,
            ...{ index, firstLogIndex, transaction, windowEnd },
            kept: told,
          }
        }
      }
    },
    async fill(candidates, isTimeUp) {
      /** A later nonce of theirs cannot go in either. */
      const passedOver = new Set<string>()
      for (const { raw, hash, sender } of candidates) {
        if (isClosed || isTimeUp() || gasLeft() < TRANSACTION_GAS_MIN) return
        if (taken.has(hash) || passedOver.has(sender)) continue
        const tried = hopeless.has(hash) ? undefined : await tryAdd(raw, hash)
        if (tried?.type !== 'added') passedOver.add(sender)
        // Who asks meanwhile has the next turn; what is executed from memory alone would let nobody ask.
        if (tried !== undefined) await nextTurn()
      }
    },
    async addListed(raws) {
      for (const raw of raws) await tryAdd(raw, keccak256Hex(raw))
    },
    async restore(transactions, frags) {
      for (const raw of transactions) {
        const tried = await tryAdd(raw, keccak256Hex(raw))
        const detail = tried.type === 'refused' ? `${tried.reason} (${tried.rule})` : tried.type
        if (tried.type !== 'added')
          throw new Error(`a transaction kept of block ${position.number} no longer goes in: ${detail}`)
      }
      let end = 0
      for (const count of frags) {
        end += count
        await publish(listed().slice(0, end))
      }
      kept = Math.max(kept, transactions.length)
    },
    publishFrag: () => publish(listed()),
    async close() {
      isClosed = true
      await adding
    },
    keepClosed: () =>
      write(async () => {
        const added = listed().slice(published)
        const lastFrag = { sequence, from: published, transactions: added.map(({ raw }) => raw) }
        await journal.closed({ ...position, isEndOfWindow, ...(added.length > 0 && { lastFrag }) })
        if (added.length > 0) notePublished(added)
      }),
    transactions: listed,
    frags: () => sequence,
    isFull: () => gasLeft() < TRANSACTION_GAS_MIN || meter?.hasRoom() === false,
    hasTurnedAway: () => hasTurnedAway,
  }
}

/** What has no logs itself needs no count. */
function countLogsBefore(transactions: readonly ExecutedTransaction[], index: number): number {
  let logs = 0
  if (transactions[index]?.receipt.logs.length === 0) return logs
  for (let i = 0; i < index; i++) logs += transactions[i]?.receipt.logs.length ?? 0
  return logs
}
