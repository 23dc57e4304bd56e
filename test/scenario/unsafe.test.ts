/**
 * Blocks that are preconfirmed before L1 says them: what lands as it was is kept without being executed again, anything else
 * takes their place, and at every moment the derived part is what a fresh node derives. INV-3.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createUnsafeBuilder, type UnsafeBuilder } from '../../src/derive/unsafe.ts'
import type { L1 } from '../../src/l1/l1.ts'
import { hexToBytes } from '../../src/primitives/hex.ts'
import { encodeManifest, type ManifestBlockInput } from '../../src/protocol/shasta/encodeManifest.ts'
import { gasLimitWithoutAnchor } from '../../src/protocol/shasta/rules.ts'
import { connectL1, type Harness, openHarness } from '../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../support/derive/payload.ts'
import { happen } from '../support/derive/randomChain.ts'
import { expectSameContent } from '../support/derive/sameContent.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'

const COINBASE = '0x00000000000000000000000000000000c01bbace'
const BASEFEE_SHARING_PCTG = 75

let directory: string
let transactions: readonly Uint8Array[]

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-unsafe-'))
  transactions = await Promise.all(Array.from({ length: 12 }, (_, nonce) => signTransfer(nonce)))
})
afterAll(() => rmSync(directory, { recursive: true }))

async function start(seed: string) {
  const sim = createSimulatedL1({ seed })
  for (let i = 0; i < 4; i++) sim.mine({})
  const l1 = await connectL1(sim)
  const node = await openHarness({ sim, l1, path: join(directory, `${seed}.db`) })
  await node.sync()
  return { sim, l1, node, builder: createUnsafeBuilder({ ...node, l1 }) }
}

/** Extends the node by a block and answers it as a proposal would list it. */
async function preconfirm(
  sim: SimulatedL1,
  node: Harness,
  builder: UnsafeBuilder,
  raws: readonly Uint8Array[],
): Promise<ManifestBlockInput> {
  const { parent, context } = await builder.latest()
  const head = sim.head().header
  const metadata = {
    proposalId: BigInt(sim.proposals().length) + 1n,
    basefeeSharingPctg: BASEFEE_SHARING_PCTG,
    isForcedInclusion: false,
    timestamp:
      parent.header.timestamp + 1n > head.timestamp - 6n ? parent.header.timestamp + 1n : head.timestamp - 6n,
    coinbase: COINBASE,
    gasLimit: gasLimitWithoutAnchor(context),
    anchorBlockNumber: head.number,
  } as const
  const opened = await builder.open(metadata)
  if (opened.type === 'refused') throw new Error(opened.reason)
  for (const raw of raws) expect(await opened.block.add(raw)).toMatchObject({ type: 'added' })
  const executed = await opened.block.seal()
  expect(await node.driver.extend({ executed, origin: opened.origin })).toBe('extended')
  return { ...metadata, transactions: raws }
}

async function expectFresh(sim: SimulatedL1, l1: L1, node: Harness, when: string): Promise<void> {
  const fresh = await openHarness({ sim, l1, path: ':memory:' })
  await fresh.sync()
  expectSameContent(await node.dump(), await fresh.dump(), when)
  await fresh.close()
}

test('what lands as it was promised becomes safe and is not executed again', async () => {
  const { sim, l1, node, builder } = await start('kept')
  const first = await preconfirm(sim, node, builder, transactions.slice(0, 2))
  const second = await preconfirm(sim, node, builder, transactions.slice(2, 3))
  const { latest, safe } = node.chain.heads()
  expect([latest.number, safe.number]).toEqual([2n, 0n])
  expect(await node.chain.origin(1n)).toBeUndefined()
  expect(await node.chain.unsafeOrigin(1n)).toMatchObject({ proposalId: 1n })

  const execute = vi.spyOn(node.engine, 'execute')
  sim.propose({ payload: encodeManifest([first, second]) })
  await node.sync()
  expect(execute).not.toHaveBeenCalled()
  expect(node.chain.heads()).toMatchObject({ latest, safe: latest })
  expect(await node.chain.unsafeOrigin(1n)).toBeUndefined()
  expect(await node.chain.origin(2n)).toMatchObject({ proposalId: 1n, indexInSource: 1 })
  await expectFresh(sim, l1, node, 'landed')
  await node.close()
})

test('blocks behind what has landed stay, and a part of a batch may land', async () => {
  const { sim, l1, node, builder } = await start('part')
  const first = await preconfirm(sim, node, builder, transactions.slice(0, 1))
  await preconfirm(sim, node, builder, transactions.slice(1, 2))
  sim.propose({ payload: encodeManifest([first]) })
  await node.sync()
  const { latest, safe } = node.chain.heads()
  expect([latest.number, safe.number]).toEqual([2n, 1n])
  // What landed is L1's, and another block is none that was given up.
  expect(await node.driver.drop(safe)).toBe('otherBlock')
  expect(await node.driver.drop({ number: latest.number, hash: safe.hash })).toBe('otherBlock')
  expect(await node.driver.drop({ number: latest.number + 1n, hash: latest.hash })).toBe('otherBlock')
  expect(node.chain.heads().latest).toEqual(latest)
  expect(await node.driver.drop(latest)).toBe('dropped')
  expect(node.chain.heads().latest).toEqual(safe)
  await expectFresh(sim, l1, node, 'dropped')
  await node.close()
})

test('a block stays when L1 lists it with transactions that execution drops', async () => {
  const { sim, l1, node, builder } = await start('dropped')
  const first = await preconfirm(sim, node, builder, transactions.slice(0, 2))
  const second = await preconfirm(sim, node, builder, transactions.slice(2, 3))
  const { latest } = node.chain.heads()
  // The first one twice, and one whose nonce is too high: neither executes.
  const [a, b] = first.transactions as [Uint8Array, Uint8Array]
  const listed = { ...first, transactions: [a, a, transactions[9]!, b] }
  const execute = vi.spyOn(node.engine, 'execute')
  sim.propose({ payload: encodeManifest([listed, second]) })
  await node.sync()
  expect(execute).not.toHaveBeenCalled()
  expect(node.chain.heads()).toMatchObject({ latest, safe: latest })
  expect((await node.chain.origin(1n))?.dropped).toMatchObject([
    { listedIndex: 1, rule: 'D-82' },
    { listedIndex: 2, rule: 'D-83' },
  ])
  expect((await node.chain.blockByNumber(1n))!.transactions.map(({ listedIndex }) => listedIndex)).toEqual([
    undefined,
    0,
    3,
  ])
  await expectFresh(sim, l1, node, 'landed')
  await node.close()
})

test('L1 wins when what it lists beside a block executes', async () => {
  const { sim, l1, node, builder } = await start('executes')
  const first = await preconfirm(sim, node, builder, transactions.slice(0, 1))
  sim.propose({ payload: encodeManifest([{ ...first, transactions: transactions.slice(0, 2) }]) })
  await node.sync()
  expect((await node.chain.blockByNumber(1n))!.transactions).toHaveLength(3)
  await expectFresh(sim, l1, node, 'landed')
  await node.close()
})

test.each(['other transactions', 'another time', 'a proposal before it'])('L1 wins: %s', async (how) => {
  const { sim, l1, node, builder } = await start(`wins-${how}`)
  const first = await preconfirm(sim, node, builder, transactions.slice(0, 2))
  const second = await preconfirm(sim, node, builder, transactions.slice(2, 4))
  const changed = {
    'other transactions': [first, { ...second, transactions: transactions.slice(2, 3) }],
    'another time': [first, { ...second, timestamp: second.timestamp + 1n }],
    'a proposal before it': [first, second],
  }[how]!
  if (how === 'a proposal before it') sim.propose({ payload: payloadAfter(sim) })
  const removed: bigint[] = []
  node.chain.onChange((change) => removed.push(...change.removed.map(({ number }) => number)))
  sim.propose({ payload: encodeManifest(changed) })
  await node.sync()
  expect(removed).toEqual(how === 'a proposal before it' ? [2n, 1n] : [2n])
  expect(node.chain.heads().latest).toEqual(node.chain.heads().safe)
  await expectFresh(sim, l1, node, how)
  await node.close()
})

test('refuses a block on another parent than the latest', async () => {
  const { sim, node, builder } = await start('parent')
  const { context } = await builder.latest()
  const metadata = {
    proposalId: 1n,
    basefeeSharingPctg: BASEFEE_SHARING_PCTG,
    isForcedInclusion: false,
    timestamp: sim.head().header.timestamp,
    coinbase: COINBASE,
    gasLimit: gasLimitWithoutAnchor(context),
    anchorBlockNumber: sim.head().header.number,
  } as const
  const [one, other] = [await builder.open(metadata), await builder.open(metadata)]
  if (one.type === 'refused' || other.type === 'refused') throw new Error('refused')
  await other.block.add(transactions[0]!)
  const [executed, late] = [await one.block.seal(), await other.block.seal()]
  expect(await node.driver.extend({ executed, origin: one.origin })).toBe('extended')
  expect(await node.driver.extend({ executed: late, origin: other.origin })).toBe('otherParent')
  await expect(builder.open(metadata)).resolves.toMatchObject({
    type: 'refused',
    reason: expect.stringContaining('D-42'),
  })
  await expect(
    builder.open({ ...metadata, timestamp: metadata.timestamp + 1n, gasLimit: 1n }),
  ).resolves.toMatchObject({
    type: 'refused',
  })
  await node.close()
})

test('an L1 reorg takes the unsafe blocks along', async () => {
  const { sim, l1, node, builder } = await start('reorg')
  const first = await preconfirm(sim, node, builder, transactions.slice(0, 1))
  sim.propose({ payload: encodeManifest([first]) })
  await node.sync()
  await preconfirm(sim, node, builder, transactions.slice(1, 2))
  const before = node.chain.heads().latest
  sim.reorg({ depth: 1, transactions: 'drop' })
  sim.mine({})
  await node.sync()
  expect(node.chain.heads().latest.number).toBe(0n)
  await expectFresh(sim, l1, node, 'after the reorg')
  expect(before.number).toBe(2n)
  await node.close()
})

test.each(Array.from({ length: 4 }, (_, seed) => seed))(
  'through random chains with stops, chain %i',
  async (seed) => {
    const { sim, l1, node: opened } = await start(`random-${seed}`)
    const { random } = sim
    let node = opened
    let builder = createUnsafeBuilder({ ...node, l1 })
    let reused = 0
    for (let round = 0; round < 40; round++) {
      const manifest: ManifestBlockInput[] = []
      const nonce = await readNonce(node)
      for (let i = random.below(4); i > 0; i--) {
        const raws = transactions.slice(nonce, nonce + 1)
        manifest.push(
          await preconfirm(sim, node, builder, random.chance(0.3) && manifest.length === 0 ? raws : []),
        )
      }
      if (random.chance(0.2)) {
        await node.close()
        node = await openHarness({ sim, l1, path: join(directory, `random-${seed}.db`) })
        builder = createUnsafeBuilder({ ...node, l1 })
      }
      const before = node.chain.heads().latest
      if (manifest.length > 0 && random.chance(0.7)) sim.propose({ payload: encodeManifest(manifest) })
      else happen(sim, transactions)
      if (random.chance(0.15))
        sim.reorg({ depth: 1 + random.below(2), transactions: random.pick(['keep', 'drop']) })
      sim.mine({})
      await node.sync()
      const { latest, safe } = node.chain.heads()
      if (manifest.length > 0 && safe.hash === before.hash) reused++
      if (latest.number > safe.number) {
        await node.dropUnsafe()
        expect(node.chain.heads().latest).toEqual(safe)
      }
      if (round % 8 === 7) await expectFresh(sim, l1, node, `round ${round}`)
    }
    expect(reused).toBeGreaterThan(3)
    await node.close()
  },
  120_000,
)

const SENDER = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'
async function readNonce(node: Harness): Promise<number> {
  return Number((await node.state.source().account(SENDER))?.nonce ?? 0n)
}

test('a transaction twice is refused, and the block goes on', async () => {
  const { node, builder, sim } = await start('refused')
  const { context } = await builder.latest()
  const opened = await builder.open({
    proposalId: 1n,
    basefeeSharingPctg: BASEFEE_SHARING_PCTG,
    isForcedInclusion: false,
    timestamp: sim.head().header.timestamp,
    coinbase: COINBASE,
    gasLimit: gasLimitWithoutAnchor(context),
    anchorBlockNumber: sim.head().header.number,
  })
  if (opened.type === 'refused') throw new Error(opened.reason)
  const { block } = opened
  const before = await block.state()
  expect(await block.add(transactions[0]!)).toMatchObject({ type: 'added', transaction: { listedIndex: 0 } })
  expect(await block.add(transactions[0]!)).toMatchObject({ type: 'refused', rule: 'D-82' })
  expect(await block.add(hexToBytes('0x02ff'))).toMatchObject({ type: 'refused', rule: 'D-73' })
  const after = await block.state()
  expect(await block.add(transactions[1]!)).toMatchObject({ type: 'added', transaction: { listedIndex: 1 } })
  const nonceIn = async (state: typeof after) => (await state.account(SENDER))?.nonce
  expect([await nonceIn(before), await nonceIn(after), await nonceIn(await block.state())]).toEqual([
    0n,
    1n,
    2n,
  ])
  const sealed = await block.seal()
  const whole = await node.engine.execute({
    attributes: {
      ...block.attributes,
      transactions: transactions.slice(0, 2).map((raw) => ({ raw, offset: 0 })),
    },
    state: node.state.source(),
    ancestorHash: () => opened.parent.hash,
  })
  expect(sealed.hash).toBe(whole.hash)
  expect(sealed.transactions).toEqual(whole.transactions)
  await expect(block.add(transactions[2]!)).rejects.toThrow('sealed')
  await node.close()
})
