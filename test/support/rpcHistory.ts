/**
 * A chain of some hundred blocks whose truth is kept beside it: what each block changed is counted here from the transactions that
 * were put in, never read back from the node. Part of it came from L1, with a reorg on the way; the rest is ahead of L1, and some of
 * that was dropped and built anew.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getContractAddress } from 'viem'
import { createUnsafeBuilder } from '../../src/derive/unsafe.ts'
import { type Address, type Hash, type Hex, toQuantity } from '../../src/primitives/hex.ts'
import { keccak256Hex } from '../../src/primitives/keccak.ts'
import { encodeManifest } from '../../src/protocol/shasta/encodeManifest.ts'
import { connectL1, L2_CHAIN_ID, openHarness } from './derive/harness.ts'
import { createSimulatedL1 } from './l1/simulatedL1.ts'
import { EMITTER_INITCODE, SENDER, sign } from './rpcDerived.ts'

const COINBASE: Address = '0x00000000000000000000000000000000c01bbace'
const GAS_LIMIT = 15_000_000n
const SINKS = 8
/** Always reverts: PUSH0, PUSH0, REVERT behind a constructor that copies them. */
const REVERTER_INITCODE: Hex = '0x6003600c60003960036000f35f5ffd'

export const EMITTER = getContractAddress({ from: SENDER.address, nonce: 0n }).toLowerCase() as Address
export const REVERTER = getContractAddress({ from: SENDER.address, nonce: 1n }).toLowerCase() as Address

export type KnownTransaction = {
  readonly hash: Hash
  readonly raw: Uint8Array
  readonly nonce: number
  readonly to: Address | null
  readonly value: bigint
  readonly succeeds: boolean
  /** Of the one log that it leaves. */
  readonly topic?: Hash
}

/** What is true after a block. */
export type Truth = {
  readonly number: number
  readonly hash: Hash
  readonly transactions: readonly KnownTransaction[]
  /** Of the one sender. */
  readonly nonce: number
  /** Slot 0 of the emitter. */
  readonly counter: bigint
  readonly balances: ReadonlyMap<Address, bigint>
}

export type HistoryWorld = Awaited<ReturnType<typeof createHistoryWorld>>

export const sinkOf = (index: number): Address => `0x51${index.toString(16).padStart(38, '0')}`

export async function createHistoryWorld(options: {
  readonly seed: string
  /** Blocks from L1, and blocks ahead of it. */
  readonly landed: number
  readonly unsafe: number
  /** Blocks that proofs reach back. */
  readonly nodeWindowBlocks?: number
}) {
  const sim = createSimulatedL1({ seed: options.seed, wrapper: 0 })
  const { random } = sim
  sim.mine()
  const l1 = await connectL1(sim)
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-history-'))
  const database = join(directory, 'node.db')
  const { nodeWindowBlocks } = options
  const node = await openHarness({
    ...{ sim, l1, path: database },
    ...(nodeWindowBlocks !== undefined && { state: { nodeWindowBlocks } }),
  })
  await node.sync()
  /** By number; what was given up stays in `lost`. */
  const truth: Truth[] = [
    {
      number: 0,
      hash: node.chain.heads().latest.hash,
      transactions: [],
      nonce: 0,
      counter: 0n,
      balances: new Map(),
    },
  ]
  const lost: Truth[] = []
  const last = () => truth.at(-1)!

  async function plan(before: Pick<Truth, 'nonce'>): Promise<readonly KnownTransaction[]> {
    if (before.nonce === 0)
      return [
        await signKnown({ nonce: 0, to: null, data: EMITTER_INITCODE }),
        await signKnown({ nonce: 1, to: null, data: REVERTER_INITCODE }),
      ]
    const planned: KnownTransaction[] = []
    for (let i = random.below(5); i > 0; i--) {
      const nonce = before.nonce + planned.length
      const roll = random.below(10)
      if (roll < 5)
        planned.push(
          await signKnown({ nonce, to: sinkOf(random.below(SINKS)), value: BigInt(1 + random.below(1000)) }),
        )
      else if (roll < 9) {
        const topic: Hash = `0x${random.below(5).toString(16).padStart(64, '0')}`
        planned.push(await signKnown({ nonce, to: EMITTER, data: topic, topic }))
      } else planned.push(await signKnown({ nonce, to: REVERTER, succeeds: false }))
    }
    return planned
  }

  /** The truth after a block with these on another one. */
  function after(before: Truth, transactions: readonly KnownTransaction[]): Omit<Truth, 'hash'> {
    const balances = new Map(before.balances)
    for (const { to, value } of transactions)
      if (to !== null && value > 0n) balances.set(to, (balances.get(to) ?? 0n) + value)
    return {
      number: before.number + 1,
      transactions,
      nonce: before.nonce + transactions.length,
      counter: before.counter + BigInt(transactions.filter(({ topic }) => topic !== undefined).length),
      balances,
    }
  }

  async function note(planned: readonly Omit<Truth, 'hash'>[]): Promise<void> {
    for (const known of planned) {
      const block = (await node.chain.blockByNumber(BigInt(known.number)))!
      // The first one is the anchor transaction.
      const hashes = block.transactions.slice(1).map(({ hash }) => hash)
      if (hashes.join() !== known.transactions.map(({ hash }) => hash).join())
        throw new Error(`block ${known.number} has not what was put into it`)
      truth.push({ ...known, hash: block.hash })
    }
  }

  /** A proposal of so many blocks, and an L1 block before it. */
  async function propose(blocks: number): Promise<void> {
    sim.mine()
    const head = sim.head().header
    const planned: Omit<Truth, 'hash'>[] = []
    let before = last()
    for (let i = 0; i < blocks; i++) {
      before = { ...after(before, await plan(before)), hash: before.hash }
      planned.push(before)
    }
    const payload = encodeManifest(
      planned.map(({ transactions }, i) => ({
        timestamp: head.timestamp - BigInt(blocks - 1 - i),
        coinbase: COINBASE,
        anchorBlockNumber: head.number,
        gasLimit: GAS_LIMIT,
        transactions: transactions.map(({ raw }) => raw),
      })),
    )
    sim.propose({ payload })
    await node.sync()
    await note(planned)
  }

  /** Takes the proposals of the last L1 blocks away. */
  async function reorg(l1Blocks: number): Promise<void> {
    const branch = sim.fork(Number(sim.head().header.number) - l1Blocks)
    for (let i = 0; i <= l1Blocks; i++) branch.mine()
    sim.setHead(branch.tip().hash)
    await node.sync()
    giveUp(Number(node.chain.heads().latest.number))
  }

  const builder = createUnsafeBuilder({ ...node, l1 })
  async function extend(): Promise<void> {
    const { parent } = await builder.latest()
    const known = after(last(), await plan(last()))
    const opened = await builder.open({
      proposalId: 1000n,
      basefeeSharingPctg: sim.config.basefeeSharingPctg,
      isForcedInclusion: false,
      timestamp: parent.header.timestamp + 1n,
      coinbase: COINBASE,
      gasLimit: GAS_LIMIT,
      anchorBlockNumber: sim.head().header.number - 1n,
    })
    if (opened.type === 'refused') throw new Error(opened.reason)
    for (const { raw } of known.transactions) {
      const added = await opened.block.add(raw)
      if (added.type !== 'added') throw new Error(added.reason)
    }
    const executed = await opened.block.seal()
    await node.driver.extend({ executed, origin: opened.origin })
    await note([known])
  }

  async function drop(blocks: number): Promise<void> {
    const first = truth.at(-blocks)!
    await node.driver.drop({ number: BigInt(first.number), hash: first.hash })
    giveUp(first.number - 1)
  }

  function giveUp(keep: number): void {
    lost.push(...truth.splice(keep + 1))
  }

  while (last().number < options.landed) {
    await propose(5)
    if (last().number === 30 && lost.length === 0) await reorg(5)
  }
  sim.setFinalized(Math.floor(Number(sim.head().header.number) / 2))
  await node.sync()
  while (last().number < options.landed + options.unsafe) {
    await extend()
    const ahead = last().number - options.landed
    if (ahead > 0 && ahead % 37 === 0 && lost.length < 60) await drop(1 + random.below(9))
  }

  return {
    ...{ sim, l1, node, database, truth, lost, propose, extend, drop },
    numberOf: (block: Truth) => toQuantity(block.number),
    async close() {
      await node.close()
      await l1.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function signKnown(input: {
  readonly nonce: number
  readonly to: Address | null
  readonly value?: bigint
  readonly data?: Hex
  readonly topic?: Hash
  readonly succeeds?: boolean
}): Promise<KnownTransaction> {
  const { nonce, to, value = 0n, data, topic, succeeds = true } = input
  const raw = await sign({
    ...{ chainId: L2_CHAIN_ID, nonce, value },
    ...(to !== null && { to }),
    ...(data !== undefined && { data }),
  })
  return { hash: keccak256Hex(raw), raw, nonce, to, value, succeeds, ...(topic !== undefined && { topic }) }
}
