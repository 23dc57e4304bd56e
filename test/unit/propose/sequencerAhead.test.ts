/**
 * The next block takes requests while the one before it is signed, and answers none of them before nothing else of ours can come in that
 * one's place: it is signed, and on the disk with all that it holds.
 */
import { afterEach, expect, test } from 'vitest'
import { createUnsafeBuilder } from '../../../src/derive/unsafe.ts'
import type { BlockCommitment } from '../../../src/promise/blockCommitment.ts'
import type { IncludeResult, SealAnswer } from '../../../src/propose/sequencer/events.ts'
import type { SequencerDeps } from '../../../src/propose/sequencer/sequencer.ts'
import { DiskFullError } from '../../../src/store/errors.ts'
import { until } from '../../support/proposeNode.ts'
import { createMemoryBuildJournal, type MemoryBuildJournal } from '../../support/sequencerJournal.ts'
import { createWorld, type RunningSequencer, type World } from '../../support/sequencerWorld.ts'

let world: World
let running: RunningSequencer[] = []
let first = 0
/** Time that passes beside the test. */
let passing: Promise<void>[] = []
afterEach(async () => {
  for (const sequencer of running) await sequencer.stop()
  running = []
  await Promise.all(passing)
  passing = []
  await world?.close()
})

/** The signature of one block is asked for, and not given before `release`. */
type Held = {
  readonly one: RunningSequencer
  readonly journal: MemoryBuildJournal
  readonly commitment: BlockCommitment
  /** The block that waits for it. */
  readonly draft: MemoryBuildJournal['drafts'][number]
  release(answer?: SealAnswer): void
}

/** The second block of a window waits for its signature, and time stands still. */
async function holdSecond(
  seed: string,
  deps: {
    readonly ready?: SequencerDeps['ready']
    readonly unsafe?: (world: World) => SequencerDeps['unsafe']
    readonly listed?: SequencerDeps['listed']
    /** Before anything is begun. */
    readonly open?: () => Promise<void>
  } = {},
  journal = createMemoryBuildJournal(),
): Promise<Held> {
  world = await createWorld({ seed, operators: [1, 2], slotsPerEpoch: 4 })
  first = world.sim.head().beacon.slot + 2
  const { unsafe, open, ...others } = deps
  await open?.()
  const signer = world.createSigner(1)
  const answers: ((answer?: SealAnswer) => void)[] = []
  const asked: BlockCommitment[] = []
  const one = await world.start(1, {
    journal,
    deps: {
      ...others,
      ...(unsafe && { unsafe: unsafe(world) }),
      async sign(commitment) {
        asked.push(commitment)
        if (asked.length !== 2) return signer(commitment)
        const given = await new Promise<SealAnswer | undefined>((resolve) => answers.push(resolve))
        return given ?? signer(commitment)
      },
    },
  })
  running.push(one)
  passing.push(world.until(first, 5000))
  await until(() => answers.length === 1)
  return {
    ...{ one, journal },
    commitment: asked[1]!,
    draft: journal.drafts.at(-1)!,
    release: (answer) => answers[0]!(answer),
  }
}

/** Asks for a transaction, and waits until it is kept in the block after the one that is signed. */
async function ask({ one, journal, draft }: Held) {
  const raw = await world.transfer()
  const answer: { result?: IncludeResult } = {}
  const asked = one.sequencer.include(raw).then((result) => {
    answer.result = result
    return result
  })
  await until(() => journal.log.includes(`added ${draft.header.number + 1n} 0+1`))
  return { raw, asked, answer }
}

const refused: SealAnswer = { type: 'refused', reason: 'other content', needsLanding: false }

test('a request that comes while a block is signed is executed at once, and answered when it is', async () => {
  const held = await holdSecond('ahead')
  const { one, draft, journal } = held
  const { hash, header } = draft
  const { raw, asked, answer } = await ask(held)
  expect(answer.result).toBeUndefined()
  expect(one.sequencer.pending()?.attributes.number).toBe(header.number)
  expect(one.events.some((event) => event.type === 'opened' && event.parentHash === hash)).toBe(false)
  // Until it is seen that the block is the latest: it would not be for long.
  const goOn = world.clock.join()
  held.release()
  const result = await asked
  await until(() => world.chain.heads().latest.hash === hash)
  expect(result).toMatchObject({ type: 'included', number: header.number + 1n, parentHash: hash, index: 1 })
  await until(() => one.sequencer.pending()?.attributes.parentHash === hash)
  goOn()
  if (result.type === 'included') await result.kept
  await world.until(first, 8000)
  const next = one.sealed().find((block) => block.header.parentHash === hash)
  expect(next?.transactions).toEqual([raw])
  const kinds = one.events.flatMap((event) =>
    event.type === 'sealed'
      ? [`sealed ${event.block.header.number}`]
      : event.type === 'opened'
        ? [`opened ${event.number}`]
        : [],
  )
  expect(kinds).toEqual([...new Set(kinds)])
  expect(kinds.indexOf(`opened ${header.number + 1n}`)).toBe(kinds.indexOf(`sealed ${header.number}`) + 1)
  const log = journal.log
  expect(log.indexOf(`added ${header.number + 1n} 0+1`)).toBeLessThan(log.indexOf(`sealed ${header.number}`))
})

test('when the guard refuses the block, nothing was told of the next one, and whoever asked is told to come later', async () => {
  const held = await holdSecond('ahead-refused')
  const { one, draft } = held
  const { asked } = await ask(held)
  held.release(refused)
  expect(await asked).toMatchObject({ type: 'later' })
  expect(world.chain.heads().latest.hash).toBe(draft.header.parentHash)
  expect(one.sequencer.pending()).toBeUndefined()
  expect(one.events.filter((event) => 'parentHash' in event && event.parentHash === draft.hash)).toEqual([])
})

test('when it cannot be told whether the next block may go on, whoever asked is told to come later', async () => {
  let isFailing = false
  const held = await holdSecond('ahead-failed', {
    ready() {
      if (isFailing) throw new Error('the disk is away')
      return { isReady: true }
    },
  })
  const { one, draft } = held
  const { asked } = await ask(held)
  isFailing = true
  held.release()
  expect(await asked).toMatchObject({ type: 'later' })
  expect(world.chain.heads().latest.hash).toBe(draft.hash)
  expect(one.events.filter((event) => 'parentHash' in event && event.parentHash === draft.hash)).toEqual([])
})

test('when the chain moves on meanwhile, the next block goes with its parent', async () => {
  const held = await holdSecond('ahead-moved')
  const { one, draft } = held
  const { raw, asked } = await ask(held)
  const { latest } = world.chain.heads()
  await world.node.driver.drop(latest)
  held.release()
  const result = await asked
  // Or in a block of the chain as it is now.
  if (result.type === 'included') expect(result.parentHash).not.toBe(draft.hash)
  await world.until(first + 2, 0)
  expect(one.sealed().map(({ hash }) => hash)).not.toContain(draft.hash)
  const ours = one
    .sealed()
    .filter(({ transactions }) => transactions.some((each) => Buffer.compare(each, raw) === 0))
  expect(ours.length).toBe(result.type === 'included' ? 1 : 0)
})

test('a stop while the block is signed answers whoever asked, and what was kept of the next one is gone on with', async () => {
  const held = await holdSecond('ahead-stopped')
  const { one, journal, draft, commitment } = held
  const { raw, asked } = await ask(held)
  running = []
  const stopping = one.stop()
  held.release()
  await stopping
  const result = await asked
  // As it is put back at the next start: the draft is signed, and becomes the latest.
  if (world.chain.heads().latest.hash !== draft.hash) {
    const { spec, chain, node, l1 } = world
    const { driver, state, engine } = node
    const builder = createUnsafeBuilder({ spec, chain, state, engine, l1, between: driver.between })
    const opened = await builder.open(draft.metadata)
    if (opened.type === 'refused') throw new Error(opened.reason)
    for (const each of draft.transactions) await opened.block.add(each)
    const executed = await opened.block.seal()
    expect(executed.hash).toBe(draft.hash)
    expect(await driver.extend({ executed, origin: opened.origin })).toBe('extended')
  }
  world.commitments.set(draft.hash, { hash: draft.hash, commitment })
  const again = await world.start(1, { journal })
  running.push(again)
  passing.push(world.until(first + 2))
  await until(() => again.sealed().length > 0)
  const next = again.sealed()[0]!
  expect(next.header.parentHash).toBe(draft.hash)
  expect(next.transactions).toEqual([raw])
  if (result.type === 'included') expect(result.parentHash).toBe(draft.hash)
})

/** The chain takes no block from `hold` on, before `release`. */
function holdExtending() {
  let release: () => void = () => {}
  let held: Promise<void> | undefined
  const isWaiting = { now: false }
  return {
    isWaiting,
    hold() {
      held = new Promise((resolve) => {
        release = resolve
      })
    },
    release: () => release(),
    unsafe: ({ node }: World): SequencerDeps['unsafe'] => ({
      ...node.driver,
      async extend(input) {
        isWaiting.now = held !== undefined
        await held
        isWaiting.now = false
        return node.driver.extend(input)
      },
    }),
  }
}

test('once a block is signed and kept, who asked is answered, however long the chain takes for it', async () => {
  const extending = holdExtending()
  const held = await holdSecond('ahead-slow-chain', { unsafe: extending.unsafe })
  const { one, draft, journal } = held
  const { raw, asked } = await ask(held)
  extending.hold()
  held.release()
  const result = await asked
  expect(result).toMatchObject({ type: 'included', parentHash: draft.hash })
  await until(() => extending.isWaiting.now)
  expect(world.chain.heads().latest.hash).toBe(draft.header.parentHash)
  // Of the next one nothing goes out.
  expect(one.events.some((event) => 'parentHash' in event && event.parentHash === draft.hash)).toBe(false)
  expect(one.sequencer.pending()?.attributes.number).toBe(draft.header.number)
  expect(one.sequencer.newest()?.attributes.number).toBe(draft.header.number + 1n)
  expect(journal.log.indexOf(`draft ${draft.header.number}`)).toBeGreaterThan(-1)
  extending.release()
  await world.until(first, 8000)
  expect(one.sealed().find(({ header }) => header.parentHash === draft.hash)?.transactions).toEqual([raw])
})

test('nobody is answered before the draft of the block is on the disk, though it is signed', async () => {
  const journal = createMemoryBuildJournal()
  const keep = journal.draft
  let written: () => void = () => {}
  journal.draft = async (block) => {
    await keep(block)
    if (journal.drafts.length === 2)
      await new Promise<void>((resolve) => {
        written = resolve
      })
  }
  const held = await holdSecond('ahead-slow-disk', {}, journal)
  const { asked, answer } = await ask(held)
  held.release()
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(answer.result).toBeUndefined()
  expect(journal.log).not.toContain(`sealed ${held.draft.header.number}`)
  written()
  expect(await asked).toMatchObject({ type: 'included', parentHash: held.draft.hash })
})

test('no signature is asked for before the disk has it that the block takes no more', async () => {
  world = await createWorld({ seed: 'ahead-closing', operators: [1, 2], slotsPerEpoch: 4 })
  first = world.sim.head().beacon.slot + 2
  const journal = createMemoryBuildJournal()
  const keep = journal.closed
  let written: () => void = () => {}
  let isHeld = false
  journal.closed = async (block) => {
    isHeld = true
    await new Promise<void>((resolve) => {
      written = resolve
    })
    await keep(block)
  }
  const signer = world.createSigner(1)
  let asked = 0
  const sign: SequencerDeps['sign'] = (commitment) => {
    asked++
    expect(journal.log).toContain(`closed ${commitment.blockNumber}`)
    return signer(commitment)
  }
  running.push(await world.start(1, { journal, deps: { sign } }))
  passing.push(world.until(first, 3000))
  await until(() => isHeld)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(asked).toBe(0)
  journal.closed = keep
  written()
  // The blocks after it ask, too, as soon as it goes on.
  await until(() => asked > 0)
})

test('what the next block holds is told only once the signature of the one before is on the disk', async () => {
  const journal = createMemoryBuildJournal()
  const keep = journal.sealed
  let written: () => void = () => {}
  let isHeld = false
  journal.sealed = async (block) => {
    if (journal.blocks.length === 1) {
      isHeld = true
      await new Promise<void>((resolve) => {
        written = resolve
      })
    }
    await keep(block)
  }
  const held = await holdSecond('ahead-slow-signature', {}, journal)
  const { asked } = await ask(held)
  // Until it is seen that the block is the latest: it would not be for long.
  const goOn = world.clock.join()
  held.release()
  const result = await asked
  expect(isHeld).toBe(true)
  if (result.type !== 'included') throw new Error(result.reason)
  let isKept = false
  const kept = result.kept.then(() => {
    isKept = true
  })
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(isKept).toBe(false)
  // Whoever publishes it waits, too.
  const signed = held.one.events.find(
    (event) => event.type === 'signed' && event.block.hash === held.draft.hash,
  )
  let isPublishable = false
  if (signed?.type === 'signed')
    signed.kept.then(() => {
      isPublishable = true
    })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect([signed?.type, isPublishable]).toEqual(['signed', false])
  written()
  await kept
  await until(() => world.chain.heads().latest.hash === held.draft.hash)
  goOn()
})

test('when the chain refuses a block that was promised on, a later one takes what was promised', async () => {
  const extending = holdExtending()
  const held = await holdSecond('ahead-refused-late', { unsafe: extending.unsafe })
  const { one, draft } = held
  const { raw, asked } = await ask(held)
  extending.hold()
  held.release()
  expect(await asked).toMatchObject({ type: 'included', parentHash: draft.hash })
  await until(() => extending.isWaiting.now)
  await world.node.driver.drop(world.chain.heads().latest)
  extending.release()
  // What was signed there keeps its place: another window comes first.
  await world.until(first + 10, 0)
  const ours = one
    .sealed()
    .filter(({ transactions }) => transactions.some((each) => Buffer.compare(each, raw) === 0))
  expect(ours.length).toBe(1)
  expect(ours[0]?.header.parentHash).not.toBe(draft.hash)
})

test('what hinders the next block when its parent is signed keeps it from being promised in', async () => {
  const extending = holdExtending()
  let isReady = true
  const held = await holdSecond('ahead-hindered', {
    ready: () => (isReady ? { isReady } : { isReady, reason: 'the node is not at the head of L1' }),
    unsafe: extending.unsafe,
  })
  const { asked, answer } = await ask(held)
  isReady = false
  extending.hold()
  held.release()
  await until(() => extending.isWaiting.now)
  expect(answer.result).toBeUndefined()
  extending.release()
  expect(await asked).toMatchObject({ type: 'later' })
})

test('a stop after the signature and before the draft: the block is made again to the last bit, and signed again', async () => {
  world = await createWorld({ seed: 'closed-stopped', operators: [1, 2], slotsPerEpoch: 4 })
  first = world.sim.head().beacon.slot + 2
  const journal = createMemoryBuildJournal()
  const signer = world.createSigner(1)
  const asked: BlockCommitment[] = []
  const sign = (commitment: BlockCommitment) => {
    asked.push(commitment)
    return signer(commitment)
  }
  const keep = journal.draft
  let isCut = false
  journal.draft = (block) => {
    isCut = journal.drafts.length === 1
    return isCut ? new Promise(() => {}) : keep(block)
  }
  const one = await world.start(1, { journal, deps: { sign } })
  running.push(one)
  const raw = await world.transfer()
  // As the second block begins, by its own event: time passes however long a look at it from here would take.
  let opened = 0
  const answered = new Promise<IncludeResult>((resolve) => {
    one.sequencer.onEvent((event) => {
      if (event.type === 'opened' && ++opened === 2) resolve(one.sequencer.include(raw))
    })
  })
  passing.push(world.until(first, 5000))
  expect(await answered).toMatchObject({ type: 'included' })
  await until(() => isCut && asked.length === 2)
  const signed = asked[1]!
  const kept = (await journal.resume(signed.parentBlockHash))!
  expect(kept).toMatchObject({ isClosed: true, transactions: [raw] })
  running = []
  // Nothing it waits for comes: as if it was killed.
  void one.stop()
  journal.draft = keep
  // Would be in the block if that took anything more.
  const listed = [await world.transfer(2)]
  const again = await world.start(1, { journal, deps: { sign, listed: () => listed } })
  running.push(again)
  passing.push(world.until(first + 2))
  await until(() => again.sealed().length > 0)
  expect(asked[2]).toEqual(signed)
  expect(again.sealed()[0]).toMatchObject({ commitment: signed, transactions: kept.transactions })
  expect(journal.log.filter((each) => each === `opened ${signed.blockNumber}`).length).toBe(1)
})

test('what the disk has no room for is tried again: a block that was promised on becomes the latest when there is room', async () => {
  let fails = 0
  const full = () => {
    fails--
    return new DiskFullError('the disk is full')
  }
  const journal = createMemoryBuildJournal()
  const keep = journal.sealed
  let sealFails = 0
  journal.sealed = async (block) => {
    if (sealFails-- > 0) throw new DiskFullError('the disk is full')
    return keep(block)
  }
  const held = await holdSecond(
    'ahead-disk-full',
    {
      unsafe: ({ node }: World) => ({
        ...node.driver,
        extend: async (input) => (fails > 0 ? Promise.reject(full()) : node.driver.extend(input)),
      }),
    },
    journal,
  )
  const { one, draft } = held
  const { raw, asked } = await ask(held)
  fails = 3
  sealFails = 2
  held.release()
  expect(await asked).toMatchObject({ type: 'included', parentHash: draft.hash })
  await world.until(first + 1, 5000)
  expect((await world.chain.blockByNumber(draft.header.number))?.hash).toBe(draft.hash)
  expect(one.events.filter(({ type }) => type === 'abandoned')).toEqual([])
  expect(one.sealed().find(({ header }) => header.parentHash === draft.hash)?.transactions).toEqual([raw])
})

test('what was promised in two blocks that did not come to be waits where the next has no room for all of it', async () => {
  const extending = holdExtending()
  const journal = createMemoryBuildJournal()
  let refusals = 0
  let small: Uint8Array | undefined
  const held = await holdSecond(
    'ahead-two-lost',
    {
      unsafe: extending.unsafe,
      ready: () => (refusals-- > 0 ? { isReady: false, reason: 'not now' } : { isReady: true }),
      // In the second block, from when the first is closed.
      async open() {
        small = await world.transfer(2)
      },
      listed: () =>
        small !== undefined && journal.log.some((each) => each.startsWith('closed')) ? [small] : [],
    },
    journal,
  )
  const { one, draft } = held
  expect(draft.transactions).toEqual([small])
  // All that is left beside the anchor transaction, but for less than the small one uses.
  const { gasLimit, gasUsed } = draft.header
  const large = await world.transfer(1, { gas: gasLimit - (gasUsed - 21_000n) - 10_000n })
  const asked = one.sequencer.include(large)
  await until(() => journal.log.includes(`added ${draft.header.number + 1n} 0+1`))
  extending.hold()
  held.release()
  expect(await asked).toMatchObject({ type: 'included', parentHash: draft.hash })
  await until(() => extending.isWaiting.now)
  await world.node.driver.drop(world.chain.heads().latest)
  // The block after the one that takes the first of them is not begun ahead.
  one.sequencer.onEvent((event) => {
    const isFirst = event.type === 'signed' && event.block.transactions.length > 0 && refusals <= 0
    if (isFirst && event.block.transactions.some((each) => Buffer.compare(each, small!) === 0)) refusals = 8
  })
  extending.release()
  await world.until(first + 10, 0)
  const blocks = one.sealed().filter(({ transactions }) => transactions.length > 0)
  expect(blocks.map(({ transactions }) => transactions)).toEqual([[small], [large]])
})
