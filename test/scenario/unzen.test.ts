/**
 * A devnet under Unzen, some hundred blocks of it, many of them cut at the limit of zk gas: what the builder puts into a batch is what
 * derivation keeps of it, and nodes that derive from L1 alone, or begin with a snapshot of it, hold the same. Then a proposer who lists more than
 * a block can take.
 */
import { join } from 'node:path'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rollupRules } from '../../src/engine/rules/evmRules.ts'
import { type Address, type Hash, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { keccak256Hex } from '../../src/primitives/keccak.ts'
import { type Batch, type BuilderOptions, buildBatch } from '../../src/propose/builder.ts'
import type { BuildBase } from '../../src/propose/draft.ts'
import { admitTransaction } from '../../src/propose/pool/admission.ts'
import type { PooledTransaction } from '../../src/propose/pool/transaction.ts'
import { encodeManifest } from '../../src/protocol/shasta/encodeManifest.ts'
import { explainSourceJson } from '../../src/rpc/based/provenance.ts'
import { connectL1, type Harness, L2_CHAIN_ID, openHarness } from '../support/derive/harness.ts'
import { expectSameContent } from '../support/derive/sameContent.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'
import { bestFirst } from '../support/proposeChain.ts'
import {
  contentAbove,
  createFrom,
  loadInto,
  proveHead,
  provenSpecOf,
  temporaryDirectory,
} from '../support/snapshot.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 900_000
const BLOCKS = 200
const ZK_GAS_MAX = 100_000_000n

/** Of the well-known development accounts, funded in the devnet's genesis. */
const ACCOUNTS = [
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
  '0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6',
].map((key) => privateKeyToAccount(key as Hex))
const COINBASE: Address = '0x00000000000000000000000000000000c01bbace'

/** Code that hashes 32 bytes as far out in memory as its calldata says: some 31 zk gas for each gas. */
const HASHES: Hex = '0x60205f352000'
/** MODEXP with 32-byte base, exponent and modulus, all of them 2^256 - 1, as often as calldata says. */
const MODEXPS = modexpLoop()
/** SHA-256 over as much memory as calldata says, twice. */
const DIGESTS: Hex = '0x5f5f5f355f60025afa505f5f5f355f60025afa5000'

const OPTIONS: BuilderOptions = {
  proposer: COINBASE,
  coinbase: COINBASE,
  blockTime: 2n,
  blocksMax: 6,
  blobsMax: 6,
  inclusionSlots: 8n,
  anchorLag: 1n,
  gasLimitTarget: 30_000_000n,
  candidatesMax: 1_000,
}

let sim: SimulatedL1
let l1: Awaited<ReturnType<typeof connectL1>>
let node: Harness
let place: ReturnType<typeof temporaryDirectory>
/** A block half-way, which L1 holds for proven. */
let proven: { readonly number: bigint; readonly hash: Hash } | undefined
let arrivals = 0
const nonces = ACCOUNTS.map(() => 0)
const contracts: Address[] = []

beforeAll(async () => {
  sim = createSimulatedL1({ seed: 'unzen' })
  l1 = await connectL1(sim)
  place = temporaryDirectory()
  // The node that proposes checks every block on both interpreters.
  node = await openHarness({ sim, l1, path: at('node.db'), engine: { isChecked: true } })
  for (let i = 0; i < 3; i++) sim.mine({})
  await node.sync()
}, TIMEOUT_MS)
afterAll(async () => {
  await node?.close()
  await place?.remove()
})

const at = (name: string) => join(place.path, name)

type Call = {
  readonly from: number
  readonly to: Address | null
  readonly data: Hex
  readonly gas: bigint
  readonly tip?: bigint
}

async function sign(
  { from, to, data, gas, tip = 10n ** 9n }: Call,
  nonce = nonces[from]!++,
): Promise<PooledTransaction> {
  const raw = await ACCOUNTS[from]!.signTransaction({
    ...{ type: 'eip1559', chainId: Number(L2_CHAIN_ID), nonce, value: 0n, gas, data },
    ...{ maxFeePerGas: 5n * 10n ** 9n, maxPriorityFeePerGas: tip },
    ...(to !== null && { to }),
  })
  const evm = rollupRules('unzen')
  return admitTransaction(hexToBytes(raw), {
    ...{ chainId: L2_CHAIN_ID, evm, minTip: 0n, gasLimit: 15_000_000n, arrival: arrivals++ },
  })
}

const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`

async function build(
  transactions: readonly PooledTransaction[],
  options: Partial<BuilderOptions> = {},
): Promise<Batch> {
  const built = await buildBatch({ spec: node.spec, engine: node.engine }, await readBase(), {
    options: { ...OPTIONS, ...options },
    candidates: bestFirst(transactions),
  })
  if (built.type === 'wait') throw new Error(built.reason)
  return built.batch
}

async function readBase(): Promise<BuildBase> {
  const { chain, state } = node
  const read = async (number: bigint) => (await chain.headerByNumber(number))!
  const { safe } = chain.heads()
  const { header, hash } = await read(safe.number)
  const grandparent = header.number === 0n ? undefined : await read(header.number - 1n)
  const l1Block = (number: bigint) => {
    const block = sim.blockAt(Number(number))
    const { parentHash, timestamp, stateRoot } = block.header
    return { number, hash: block.hash, parentHash, timestamp, stateRoot }
  }
  return {
    parent: { header, hash, grandparentTimestamp: grandparent?.header.timestamp ?? 0n },
    state: state.source(),
    ancestorHash: async (number) => (await read(number)).hash,
    l1Head: l1Block(BigInt(sim.head().header.number)),
    anchorBlock: async (number) => l1Block(number),
    nextProposalId: BigInt(sim.proposals().length) + 1n,
    basefeeSharingPctg: sim.config.basefeeSharingPctg,
    forcedInclusions: [],
  }
}

/** Nonces go on from what is in the chain. */
async function forgetUnsent(): Promise<void> {
  for (const [i, { address }] of ACCOUNTS.entries()) {
    const account = await node.state.source().account(address.toLowerCase() as Address)
    nonces[i] = Number(account?.nonce ?? 0n)
  }
}

/** Posts the batch and derives it: it must come to the very blocks that were built. */
async function land(batch: Batch): Promise<void> {
  const { number } = node.chain.heads().safe
  sim.propose({ payload: encodeManifest(batch.manifest) })
  await node.sync()
  const hashes = await hashesOf(node, number + 1n)
  expect(hashes).toEqual(batch.blocks.map(({ hash }) => hash))
  for (let i = 0; i < 2; i++) sim.mine({})
  await node.sync()
}

async function hashesOf({ chain }: Harness, from: bigint): Promise<Hash[]> {
  const { latest } = chain.heads()
  return (await chain.hashes(from, latest.number)).map(({ hash }) => hash)
}

/** Seven blocks' worth of calls, of which most blocks hold less than half before their zk gas is used up. */
async function workload(round: number): Promise<PooledTransaction[]> {
  const calls: PooledTransaction[] = []
  for (let i = 0; i < 4; i++) {
    const from = (round + i) % ACCOUNTS.length
    const [hashes, modexps, digests] = contracts as [Address, Address, Address]
    calls.push(
      await sign({ from, to: hashes, data: word(0xc0000 + ((round * 7 + i) % 9) * 0x4000), gas: 4_000_000n }),
    )
    calls.push(await sign({ from, to: modexps, data: word(40 + ((round + i) % 30)), gas: 3_000_000n }))
    calls.push(await sign({ from, to: digests, data: word(0x40000 + i * 0x1000), gas: 3_000_000n }))
    calls.push(await sign({ from, to: `0x${'d0'.repeat(20)}`, data: '0x', gas: 21_000n }))
  }
  return calls
}

describe('a devnet under Unzen', () => {
  test(
    'goes on for some hundred blocks, of which many are cut at the limit',
    async () => {
      const codes = [HASHES, MODEXPS, DIGESTS]
      const deploy = await Promise.all(
        codes.map((code) => sign({ from: 0, to: null, data: deployerOf(code), gas: 1_000_000n })),
      )
      await land(await build(deploy))
      for (const { hash } of deploy) {
        const found = await node.chain.transactionPosition(hash)
        const block = await node.chain.blockByNumber(found!.blockNumber)
        contracts.push(block!.transactions[found!.index]!.createdContract!)
      }
      let waiting: PooledTransaction[] = []
      let cut = 0
      for (let round = 0; node.chain.heads().safe.number < BLOCKS; round++) {
        if (waiting.length < 40) waiting.push(...(await workload(round)))
        const batch = await build(waiting)
        const included = new Set(
          batch.blocks.flatMap(({ transactions }) => transactions.map(({ hash }) => hash)),
        )
        expect(batch.fittingNoBlock).toEqual([])
        cut += batch.blocks.filter(({ dropped }) => dropped.some(({ rule }) => rule === 'D-92')).length
        await land(batch)
        if (node.chain.heads().safe.number >= BLOCKS / 2) proven ??= await proveHead(sim, node)
        waiting = waiting.filter(({ hash }) => !included.has(hash))
      }
      expect(cut).toBeGreaterThan(BLOCKS / 4)
      await forgetUnsent()
      // Difficulty is zk gas, and the next block's mixHash comes of it.
      let last = 0n
      for (let number = 1n; number <= node.chain.heads().safe.number; number++) {
        const { header } = (await node.chain.headerByNumber(number))!
        expect(header.difficulty).toBeGreaterThan(0n)
        expect(header.difficulty).toBeLessThanOrEqual(ZK_GAS_MAX)
        const seed =
          `0x${last.toString(16).padStart(64, '0')}${number.toString(16).padStart(64, '0')}` as const
        expect(header.mixHash).toBe(keccak256Hex(hexToBytes(seed)))
        last = header.difficulty
      }
    },
    TIMEOUT_MS,
  )

  test(
    'a second node from a snapshot and a third from nothing hold the same',
    async () => {
      const { number, hash } = proven!
      const spec = provenSpecOf(sim)
      // The first node is a hundred blocks ahead when its snapshot is made.
      const { manifest } = await createFrom(at('node.db'), at('snapshot'), spec)
      expect(manifest.block).toMatchObject({ number: Number(number), hash })
      const began = await loadInto(at('second.db'), { l1, spec, source: at('snapshot') })
      expect(began).toMatchObject({ blockNumber: number, hash })

      const second = await openHarness({ sim, l1, path: at('second.db') })
      const third = await openHarness({ sim, l1, path: ':memory:' })
      await Promise.all([second.sync(), third.sync()])
      expectSameContent(await third.dump(), await node.dump(), 'from L1 alone')
      expect(await hashesOf(third, 0n)).toEqual(await hashesOf(node, 0n))
      const above = await contentAbove(node, number)
      expect(above.length).toBeGreaterThan(BLOCKS / 2)
      expect(await contentAbove(second, number)).toEqual(above)
      const hashes = await hashesOf(second, number)
      expect(hashes.length).toBeGreaterThan(BLOCKS / 2 - OPTIONS.blocksMax)
      expect(hashes).toEqual(await hashesOf(node, number))
      await Promise.all([second.close(), third.close()])
    },
    TIMEOUT_MS,
  )

  test(
    'what no block can take is named by the builder, and the block goes on without it',
    async () => {
      const [hashes] = contracts as [Address]
      // Best paid, and out of memory's reach of what a block has.
      const heavy = await sign({
        from: 0,
        to: hashes,
        data: word(0x1c0000),
        gas: 14_000_000n,
        tip: 3n * 10n ** 9n,
      })
      const better = await sign({
        from: 1,
        to: `0x${'d1'.repeat(20)}`,
        data: '0x',
        gas: 21_000n,
        tip: 4n * 10n ** 9n,
      })
      const worse = await sign({ from: 2, to: `0x${'d1'.repeat(20)}`, data: '0x', gas: 21_000n })
      const batch = await build([heavy, better, worse], { blocksMax: 1 })
      expect(batch.fittingNoBlock).toEqual([heavy.hash])
      expect(batch.blocks[0]!.transactions.slice(1).map(({ hash }) => hash)).toEqual([
        better.hash,
        worse.hash,
      ])
      await land(batch)
      await forgetUnsent()
    },
    TIMEOUT_MS,
  )

  test(
    'a proposer who lists more than a block can take gets the block that derivation makes of it',
    async () => {
      const [hashes] = contracts as [Address]
      const spend = (from: number) => sign({ from, to: hashes, data: word(0xd0000), gas: 4_000_000n })
      const listed = [await spend(0), await spend(1), await spend(2), await spend(0)]
      const late = await sign({ from: 1, to: `0x${'d2'.repeat(20)}`, data: '0x', gas: 21_000n })
      const honest = await build([])
      const [block] = honest.manifest
      const raws = [...listed, late].map(({ raw }) => raw)
      sim.propose({ payload: encodeManifest([{ ...block!, transactions: raws }]) })
      await node.sync()
      const { number } = node.chain.heads().safe
      const { header, transactions } = (await node.chain.blockByNumber(number))!
      expect(transactions.slice(1).map(({ hash }) => hash)).toEqual(
        listed.slice(0, 2).map(({ hash }) => hash),
      )
      expect(header.difficulty).toBeLessThanOrEqual(ZK_GAS_MAX)
      // As based_explainSource answers it.
      const { proposalId } = (await node.chain.origin(number))!
      expect(await explainSourceJson(node.chain, proposalId, 0)).toMatchObject({
        fault: null,
        blocks: [
          {
            listed: 5,
            dropped: [
              { position: 2, rule: 'D-92', reason: 'the zk gas of the block is used up' },
              { position: 3, rule: 'D-92', reason: 'the block ended before it' },
              { position: 4, rule: 'D-92', reason: 'the block ended before it' },
            ],
          },
        ],
      })
      const fresh = await openHarness({ sim, l1, path: ':memory:' })
      await fresh.sync()
      expectSameContent(await fresh.dump(), await node.dump(), 'after a hostile proposer')
      await fresh.close()
    },
    TIMEOUT_MS,
  )
})

/** Returns the code. */
function deployerOf(code: Hex): Hex {
  const length = (code.length - 2) / 2
  const size = length.toString(16).padStart(2, '0')
  // PUSH1 size, PUSH1 10, PUSH0, CODECOPY, PUSH1 size, PUSH0, RETURN
  return `0x60${size}600a5f3960${size}5ff3${code.slice(2)}`
}

function modexpLoop(): Hex {
  const store = (offset: string, value: string) => `${value}60${offset}52`
  const lengths = ['00', '20', '40'].map((offset) => store(offset, '6020')).join('')
  const ones = ['60', '80', 'a0'].map((offset) => store(offset, '5f19')).join('')
  const start = ((lengths.length + ones.length) / 2 + 2).toString(16).padStart(2, '0')
  // CALLDATALOAD 0; JUMPDEST; STATICCALL(gas, 5, 0, 192, 192, 32), POP; subtract 1; loop while it is not 0
  const loop = `5b602060c060c05f60055afa5060019003805f1060${start}57`
  return `0x${lengths}${ones}5f35${loop}00`
}
