/**
 * What L1 says of its own inbox, and what becomes of a node: a proof of another chain, proofs taken back, a queue that is emptied, other code
 * behind the proxy, a fork that nobody has announced. docs/networks.md.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { UnknownInboxError } from '../../src/derive/inboxItems.ts'
import { type Disagreement, ProvenOtherwiseError } from '../../src/derive/proofs.ts'
import { UnknownForkError } from '../../src/derive/proposalChain.ts'
import { CriticalError, TemporaryError } from '../../src/primitives/errors.ts'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import { createSchedule } from '../../src/schedule/createSchedule.ts'
import type { RollupSpec } from '../../src/spec/rollupSpec.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { connectL1, genesis, type Harness, openHarness, specOf } from '../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../support/derive/payload.ts'
import { expectSameContent } from '../support/derive/sameContent.ts'
import type { Request } from '../support/l1/rpc.ts'
import { RpcError } from '../support/l1/rpcError.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'

const OTHER_HASH: Hash = `0x${'0b'.repeat(32)}`
const KNOWN: Address = `0x${'11'.repeat(20)}`
const NEXT: Address = `0x${'22'.repeat(20)}`
const UNKNOWN: Address = `0x${'99'.repeat(20)}`
const UNLIMITED = { requestsPerSecond: 1_000_000 }

const closing: (() => Promise<void> | void)[] = []
let transfers: readonly Uint8Array[]
beforeAll(async () => {
  transfers = await Promise.all([0, 1].map(signTransfer))
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

type Options = {
  readonly l1?: Partial<RollupSpec['l1']>
  readonly path?: string
  readonly requests?: readonly Request[]
  readonly onDisagreement?: (disagreement: Disagreement) => Promise<string>
}

async function connect(sim: SimulatedL1, options: Options = {}) {
  const spec = { ...specOf(sim), l1: { ...specOf(sim).l1, ...options.l1 } }
  const endpoints = (options.requests ?? [sim.request]).map((request, index) => ({
    ...{ name: `p${index}`, request, limits: UNLIMITED },
  }))
  const l1 = await connectL1(sim, { spec, endpoints })
  closing.push(l1.close)
  return { l1, spec }
}

async function startNode(
  sim: SimulatedL1,
  options: Options = {},
): Promise<Harness & { readonly l1: Awaited<ReturnType<typeof connectL1>> }> {
  const { l1, spec } = await connect(sim, options)
  const { path = ':memory:', onDisagreement } = options
  const node = await openHarness({ sim, l1, spec, path, ...(onDisagreement && { onDisagreement }) })
  closing.push(node.close)
  return { ...node, l1 }
}

function propose(sim: SimulatedL1, blocks = 1, transactions: readonly Uint8Array[] = []): void {
  sim.propose({ payload: payloadAfter(sim, { blocks, transactions }) })
}

/** Last L2 blocks of proposals `from` to `to`, and of the one before. */
async function endsOf({ chain }: Harness, from: bigint, to: bigint) {
  const endOf = async (id: bigint): Promise<Hash> => {
    const number = id === 0n ? 0n : (await chain.proposal(id))!.lastBlock
    return (await chain.headerByNumber(number))!.hash
  }
  const ids = Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i))
  return { parentHash: await endOf(from - 1n), blockHashes: await Promise.all(ids.map(endOf)) }
}

/** A direct call of `prove` for proposals `from` to `to`, as this node would prove them, or with other ends. */
async function prove(
  sim: SimulatedL1,
  node: Harness,
  [from, to]: readonly [bigint, bigint],
  change: (hashes: readonly Hash[]) => readonly Hash[] = (hashes) => hashes,
  end: { readonly blockNumber?: bigint; readonly stateRoot?: Hash } = {},
) {
  const { parentHash, blockHashes } = await endsOf(node, from, to)
  const claim = { firstProposalId: from, parentHash, blockHashes: change(blockHashes) }
  const last = (await node.chain.proposal(to))!
  const { header } = (await node.chain.headerByNumber(last.lastBlock))!
  const checkpoint = {
    blockNumber: header.number,
    blockHash: claim.blockHashes.at(-1)!,
    stateRoot: header.stateRoot,
    ...end,
  }
  return sim.prove({ lastProposalId: to, lastProposalHash: last.hash, claim, checkpoint })
}

const comparedBy = (node: Harness) =>
  node.progress.flatMap((event) =>
    event.type === 'step' ? event.notes.flatMap(({ compared }) => compared ?? []) : [],
  )
const executableOf = ({ chain }: Harness) => Number(chain.heads().executable.number)
const cursorOf = async ({ dump }: Harness) => Number((await dump()).match(/cursor (\d+)/)?.[1])

/** Three proposals of one, two and one blocks, derived. */
async function threeProposals(seed: string, options: Options = {}) {
  const sim = createSimulatedL1({ seed })
  const node = await startNode(sim, options)
  sim.mine()
  propose(sim, 1, [transfers[0]!])
  propose(sim, 2)
  propose(sim, 1)
  await node.sync()
  return { sim, node }
}

test('a proof of what was derived is compared, proposal by proposal, and makes it executable', async () => {
  const { sim, node } = await threeProposals('agree')
  await prove(sim, node, [1n, 2n])
  await node.sync()
  expect([executableOf(node), comparedBy(node)]).toEqual([3, [2]])
  // It may begin in what is proven already.
  await prove(sim, node, [2n, 3n])
  await node.sync()
  expect([executableOf(node), comparedBy(node)]).toEqual([4, [2, 2]])
})

test('a proof of another chain stops the node before anything of its L1 block is written, and says where they part', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-networks-'))
  closing.push(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'chain.db')
  const seen: Disagreement[] = []
  const { sim, node } = await threeProposals('differ', {
    path,
    onDisagreement: async (disagreement) => {
      seen.push(disagreement)
      return 'The stock interpreter makes the same blocks'
    },
  })
  const before = await node.dump()
  const ours = (await node.chain.headerByNumber(3n))!.hash
  const block = await prove(sim, node, [1n, 3n], ([first]) => [first!, OTHER_HASH, OTHER_HASH])
  const error = await node.sync().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ProvenOtherwiseError)
  const disagreement = {
    ...{ proposalId: 2n, firstBlock: 2n, lastBlock: 3n, what: 'hash', proven: OTHER_HASH, ours },
    ...{ l1Block: block.header.number, transactionHash: block.transactions[0]!.hash },
  }
  expect((error as ProvenOtherwiseError).disagreement).toEqual(disagreement)
  expect(seen).toEqual([disagreement])
  const { message } = error as Error
  for (const said of [ours, OTHER_HASH, 'proposal 2 ends with L2 block 3', 'The stock interpreter makes the'])
    expect(message).toContain(said)
  expect(message).toContain(`--l1.distrust-proofs-from ${block.header.number}`)
  expect(await node.dump()).toBe(before)
  await node.close()
  closing.splice(closing.indexOf(node.close), 1)

  // A restart finds the same; an operator who holds the proof for false goes on, and nothing is executable by it.
  const again = await startNode(sim, { path })
  await expect(again.sync()).rejects.toThrow(ProvenOtherwiseError)
  await again.close()
  closing.splice(closing.indexOf(again.close), 1)
  const distrusting = await startNode(sim, {
    path,
    l1: { distrustedProofs: [{ fromBlock: block.header.number }] },
  })
  propose(sim)
  await distrusting.sync()
  expect([executableOf(distrusting), Number(distrusting.chain.heads().safe.number)]).toEqual([0, 5])
})

test('the checkpoint of a proof is compared too: withdrawals are proven against its state root', async () => {
  const { sim, node } = await threeProposals('checkpoint')
  await prove(sim, node, [1n, 2n], undefined, { stateRoot: OTHER_HASH })
  await expect(node.sync()).rejects.toThrow(/^proposal 2 ends with L2 block 3, whose state root is 0x/)
  sim.reorg({ depth: 1, transactions: 'drop' })
  await prove(sim, node, [1n, 2n], undefined, { blockNumber: 4n })
  await expect(node.sync()).rejects.toThrow(
    /^proposal 2 ends with L2 block 3, whose number is 3 here.* to be 4;/,
  )
  expect(executableOf(node)).toBe(0)
})

test('proofs of a time that the spec distrusts are passed over, until the inbox takes them back', async () => {
  const { sim, node } = await threeProposals('forged')
  const truth = await endsOf(node, 1n, 1n)
  await prove(sim, node, [1n, 1n])
  const forged = await prove(sim, node, [2n, 2n], () => [OTHER_HASH])
  // What honest provers add in the meantime would have to build on the forged block.
  await prove(sim, node, [3n, 3n])
  const recovery = sim.mine({
    transactions: [sim.transactions.recoverState(1n, truth.blockHashes[0])],
  })
  await prove(sim, node, [2n, 3n])
  const distrustedProofs = [{ fromBlock: forged.header.number, untilTimestamp: recovery.header.timestamp }]
  const fresh = await startNode(sim, { l1: { distrustedProofs } })
  await fresh.sync()
  // Compared: the true one before, and the one after the recovery.
  expect([executableOf(fresh), comparedBy(fresh)]).toEqual([4, [1, 0, 0, 2]])
})

test('what the inbox recovers to is compared too', async () => {
  const { sim, node } = await threeProposals('recovery')
  await prove(sim, node, [1n, 3n])
  sim.mine({ transactions: [sim.transactions.recoverState(1n, (await endsOf(node, 1n, 1n)).blockHashes[0])] })
  await node.sync()
  expect(executableOf(node)).toBe(1)
  expect(node.progress.at(-1)).toMatchObject({ type: 'caughtUp' })
  sim.mine({ transactions: [sim.transactions.recoverState(2n, OTHER_HASH)] })
  await expect(node.sync()).rejects.toThrow(/proposal 2 ends with L2 block 3.* sets it to be 0x0b0b/)
  expect(executableOf(node)).toBe(1)
})

test('a proof by way of another contract is believed as far as its event goes, and compared with nothing', async () => {
  const { sim, node } = await threeProposals('relay')
  sim.prove()
  await node.sync()
  expect([executableOf(node), comparedBy(node)]).toEqual([4, [0]])
})

test('a reorg takes a false proof away, and the node goes on by itself once it is started', async () => {
  const { sim, node } = await threeProposals('false for a while')
  await prove(sim, node, [1n, 3n], (hashes) => [...hashes.slice(0, 2), OTHER_HASH])
  await expect(node.sync()).rejects.toThrow(/^proposal 3 ends with L2 block 4/)
  sim.reorg({ depth: 1, transactions: 'drop' })
  await prove(sim, node, [1n, 3n])
  await node.sync()
  expect([executableOf(node), comparedBy(node)]).toEqual([4, [3]])
})

/** A provider that alters the calldata of proofs, and says the transaction is as it was. */
function withFalseCalldata(sim: SimulatedL1): Request {
  const alter = (transaction: unknown): unknown => {
    const { input, ...rest } = transaction as { input: string }
    return {
      ...rest,
      input: input.replaceAll(OTHER_HASH.slice(2, 42), 'ee'.repeat(20)).slice(0, -2).concat('77'),
    }
  }
  return async (method, params, signal) => {
    const answer = await sim.request(method, params, signal)
    if (answer === null) return null
    if (method === 'eth_getTransactionByHash') return alter(answer)
    if (method !== 'eth_getBlockByHash' || params?.[1] !== true) return answer
    const block = answer as { transactions: readonly unknown[] }
    return block.transactions.length === 0 ? block : { ...block, transactions: block.transactions.map(alter) }
  }
}

test('a provider with false calldata stops nobody: it is named, and another one asked', async () => {
  const { sim, node } = await threeProposals('false calldata')
  await prove(sim, node, [1n, 3n])
  const misled = await startNode(sim, { requests: [withFalseCalldata(sim), sim.request] })
  await misled.sync()
  expect([executableOf(misled), comparedBy(misled)]).toEqual([4, [3]])
  const { providers } = misled.l1.status()
  expect(providers[0]).toMatchObject({ name: 'p0', lastError: expect.stringContaining('transaction') })
  expect(providers[0]!.demotions).toBeGreaterThan(0)
  // Alone, it makes a node wait: nothing is concluded, and nothing is critical.
  const alone = await startNode(sim, { requests: [withFalseCalldata(sim)] })
  await alone.syncUntilStuck(3)
  expect(alone.progress.at(-1)).toMatchObject({ type: 'retry', error: expect.any(TemporaryError) })
})

test('servers without an index of transactions are asked for the block', async () => {
  const { sim, node } = await threeProposals('no index')
  await prove(sim, node, [1n, 3n])
  const pruned: Request = async (method, params, signal) =>
    method === 'eth_getTransactionByHash' ? null : sim.request(method, params, signal)
  const other = await startNode(sim, { requests: [pruned] })
  await other.sync()
  expect(comparedBy(other)).toEqual([3])
})

test('voided forced inclusions leave the queue, and what was derived as it is', async () => {
  const sim = createSimulatedL1({ seed: 'void', forcedInclusionDelay: 120n })
  const node = await startNode(sim)
  sim.mine()
  propose(sim)
  sim.saveForcedInclusion({ payload: payloadAfter(sim, { transactions: [transfers[0]!] }) })
  sim.saveForcedInclusion({ payload: payloadAfter(sim, { transactions: [transfers[1]!] }) })
  await node.sync()
  const schedule = createSchedule({
    ...{ spec: node.spec, l1: node.l1, reads: node.l1.reads, logger: silentLogger },
    now: () => sim.head().header.timestamp,
  })
  expect((await schedule.forcedInclusions()).pending).toBe(2)
  const before = node.chain.heads()
  sim.mine({ transactions: [sim.transactions.voidForcedInclusions()] })
  await node.sync()
  expect(node.chain.heads()).toEqual(before)
  const notes = node.progress.flatMap((event) => (event.type === 'step' ? event.notes : []))
  expect(notes.map(({ item }) => item)).toMatchObject([{ type: 'forcedInclusionsVoided', from: 0n, to: 2n }])
  expect(await schedule.forcedInclusions()).toMatchObject({ pending: 0, inclusions: [] })
  // The next one is entry 2, and is taken.
  sim.saveForcedInclusion({ payload: payloadAfter(sim, { transactions: [transfers[0]!] }) })
  propose(sim)
  await node.sync()
  const sources = (await node.chain.proposal(2n))!.sources
  expect(sources.map(({ isForcedInclusion }) => isForcedInclusion)).toEqual([true, false])
  const fresh = await startNode(sim)
  await fresh.sync()
  expectSameContent(await node.dump(), await fresh.dump(), 'after the queue was voided')
})

test('an upgrade to known code is passed by, one to unknown code stops derivation before its block', async () => {
  const sim = createSimulatedL1({ seed: 'upgrade' })
  const l1 = { inboxImplementations: [KNOWN, NEXT] }
  sim.mine({ transactions: [sim.transactions.upgrade(KNOWN)] })
  propose(sim)
  const node = await startNode(sim, { l1 })
  sim.mine({ transactions: [sim.transactions.upgrade(NEXT)] })
  propose(sim, 2)
  await node.sync()
  expect(Number(node.chain.heads().safe.number)).toBe(3)
  const cursor = await cursorOf(node)
  const upgrade = sim.mine({
    transactions: [
      sim.transactions.propose({ payload: payloadAfter(sim) }),
      sim.transactions.upgrade(UNKNOWN),
    ],
  })
  propose(sim)
  await expect(node.sync()).rejects.toThrow(UnknownInboxError)
  await expect(node.sync()).rejects.toThrow(
    `in L1 block ${upgrade.header.number} the inbox of devnet was upgraded to ${UNKNOWN}`,
  )
  expect([await cursorOf(node), Number(node.chain.heads().safe.number)]).toEqual([cursor, 3])
  // An operator who has read its source accepts it by name.
  const accepting = await startNode(sim, { l1: { inboxImplementations: [KNOWN, NEXT, UNKNOWN] } })
  await accepting.sync()
  expect(Number(accepting.chain.heads().safe.number)).toBe(5)
})

test('which schedule an inbox asks is read again after an upgrade, and only then', async () => {
  const sim = createSimulatedL1({ seed: 'schedule anew' })
  const GET_CONFIG = '0xc3f909d4'
  let asked = 0
  const counting: Request = async (method, params, signal) => {
    if (method === 'eth_call' && JSON.stringify(params).includes(GET_CONFIG)) asked++
    return sim.request(method, params, signal)
  }
  const node = await startNode(sim, { requests: [counting] })
  const schedule = createSchedule({
    ...{ spec: node.spec, l1: node.l1, reads: node.l1.reads, logger: silentLogger },
    now: () => sim.head().header.timestamp,
  })
  const atNextHead = async () => {
    sim.mine()
    await node.sync()
    await schedule.at(await schedule.currentSlot())
    return asked
  }
  const first = await atNextHead()
  expect(await atNextHead()).toBe(first)
  schedule.refresh('settings')
  expect(await atNextHead()).toBe(first + 1)
  expect(await atNextHead()).toBe(first + 1)
})

test('an inbox that is said to be no proxy must not be upgraded', async () => {
  const sim = createSimulatedL1({ seed: 'no proxy' })
  const node = await startNode(sim)
  sim.mine({ transactions: [sim.transactions.upgrade(KNOWN)] })
  await expect(node.sync()).rejects.toThrow(UnknownInboxError)
})

test('a reorg that undoes the upgrade lets the node go on', async () => {
  const sim = createSimulatedL1({ seed: 'upgrade undone' })
  const node = await startNode(sim)
  sim.mine()
  sim.mine({ transactions: [sim.transactions.upgrade(UNKNOWN)] })
  await expect(node.sync()).rejects.toThrow(UnknownInboxError)
  sim.reorg({ depth: 1, transactions: 'drop' })
  propose(sim)
  await node.sync()
  expect(Number(node.chain.heads().safe.number)).toBe(1)
})

test('a node is not started on an inbox that runs unknown code, unless providers disagree about it', async () => {
  const sim = createSimulatedL1({ seed: 'started late' })
  sim.mine({ transactions: [sim.transactions.upgrade(UNKNOWN)] })
  const withoutProofs: Request = async (method, params, signal) => {
    if (method === 'eth_getProof') throw new RpcError(-32601, 'the method eth_getProof does not exist')
    return sim.request(method, params, signal)
  }
  const l1 = { inboxImplementations: [KNOWN] }
  await expect(connect(sim, { l1, requests: [withoutProofs] })).rejects.toThrow(
    `runs ${UNKNOWN}, whose rules this version does not know`,
  )
  const other: Request = async (method, params, signal) =>
    method === 'eth_getStorageAt'
      ? `0x${KNOWN.slice(2).padStart(64, '0')}`
      : withoutProofs(method, params, signal)
  await connect(sim, { l1, requests: [withoutProofs, other] })
  await connect(sim, { l1: { inboxImplementations: [UNKNOWN] }, requests: [withoutProofs] })
  const plain = createSimulatedL1({ seed: 'no proxy either' })
  await expect(connect(plain, { l1 })).rejects.toThrow(/is no proxy \(EIP-1967\); check the network/)
})

test('what the inbox runs is read by proof where servers make proofs: no word of theirs counts then', async () => {
  const sim = createSimulatedL1({ seed: 'proven implementation' })
  sim.mine({ transactions: [sim.transactions.upgrade(UNKNOWN)] })
  for (let i = 0; i < 8; i++) sim.mine()
  const l1 = { inboxImplementations: [KNOWN] }
  /** It says the known one, wherever it is not proven. */
  const smooth: Request = async (method, params, signal) =>
    method === 'eth_getStorageAt'
      ? `0x${KNOWN.slice(2).padStart(64, '0')}`
      : sim.request(method, params, signal)
  await expect(connect(sim, { l1, requests: [smooth] })).rejects.toThrow(`runs ${UNKNOWN}`)
  await connect(sim, { l1: { inboxImplementations: [UNKNOWN] }, requests: [smooth] })
})

test('an inbox that describes itself in another shape is refused at the start', async () => {
  const sim = createSimulatedL1({ seed: 'another shape' })
  /** One word more, as a struct with another member has. */
  const longer: Request = async (method, params, signal) => {
    const answer = await sim.request(method, params, signal)
    return method === 'eth_call' ? `${answer as string}${'00'.repeat(32)}` : answer
  }
  await expect(connect(sim, { requests: [longer] })).rejects.toThrow(CriticalError)
  await expect(connect(sim, { requests: [longer] })).rejects.toThrow(
    /answers getConfig\(\) with 576 bytes instead of 544/,
  )
  await connect(sim, { requests: [longer, sim.request] })
})

test('a fork that nobody has announced is noticed where it hashes proposals in another way', async () => {
  const sim = createSimulatedL1({ seed: 'unknown fork' })
  sim.mine({ transactions: [sim.transactions.upgrade(KNOWN)] })
  const node = await startNode(sim, { l1: { inboxImplementations: [KNOWN] } })
  propose(sim)
  sim.mine({ transactions: [sim.transactions.upgrade(KNOWN, OTHER_HASH)] })
  propose(sim)
  await node.sync()
  // Only the next one tells what the one before hashes to.
  propose(sim)
  await expect(node.sync()).rejects.toThrow(UnknownForkError)
  await expect(node.sync()).rejects.toThrow(
    /^proposal 3 .* The inbox follows rules that this version does not/,
  )
  expect(Number(node.chain.heads().safe.number)).toBe(2)
})

test('a chain that was never proven is executable nowhere', async () => {
  const { node } = await threeProposals('unproven')
  expect(node.chain.heads().executable).toEqual({ number: 0n, hash: genesis.hash })
})
