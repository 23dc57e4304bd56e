/**
 * A whole node whose preferred provider lies or fails in one way, with an honest one behind it: what it derives is what a node
 * on the honest one alone derives, and a liar that contradicts itself is named. INV-3, INV-4.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { L1Options } from '../../src/l1/createL1.ts'
import { concatBytes } from '../../src/primitives/bytes.ts'
import { connectL1, openHarness } from '../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../support/derive/payload.ts'
import type { Fault } from '../support/l1/faults/fault.ts'
import { FAULTS, findFault, isAboutTransactions } from '../support/l1/faults/index.ts'
import { createLyingProvider } from '../support/l1/faults/lyingProvider.ts'
import { createRandom } from '../support/l1/random.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'
import { endpointOf } from '../support/l1Room.ts'

/** For servers that hang; others have all the time they need on a busy machine. */
const HANGING_TIMEOUT_MS = 40
const TIMEOUT_MS = 30_000
const ROUNDS = 7
const BLOB_PAYLOAD_BYTES = 130_044

let directory: string
let chain: SimulatedL1
let blobChain: SimulatedL1
let truth: string
let blobTruth: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-lies-'))
  const transfers = await Promise.all(Array.from({ length: ROUNDS + 1 }, (_, nonce) => signTransfer(nonce)))
  chain = buildChain(transfers)
  blobChain = buildBlobChain(transfers)
  truth = await dumpOf(chain)
  blobTruth = await dumpOf(blobChain)
})
afterAll(() => rmSync(directory, { recursive: true }))

/** Some 80 blocks: a history that is read in ranges and a tip that is read block by block, with everything we derive from in both. */
function buildChain(transfers: readonly Uint8Array[]): SimulatedL1 {
  const sim = createSimulatedL1({ seed: 'lies', forcedInclusionDelay: 36n })
  const { transactions: tx } = sim
  for (let round = 0; round < ROUNDS; round++) {
    sim.propose({
      payload: payloadAfter(sim, { blocks: 1 + (round % 2), transactions: [transfers[round]!] }),
      before: [tx.tokenTransfer({ logs: 2 })],
      after: [tx.transfer()],
    })
    sim.mine({ missedSlots: round % 3 })
    sim.mine({ transactions: [tx.tokenTransfer(), tx.transfer()] })
    if (round % 4 === 1) sim.saveForcedInclusion({ payload: payloadAfter(sim) })
    if (round % 4 === 2) sim.prove()
    for (let i = 0; i < 8; i++) sim.mine()
  }
  sim.setFinalized(30)
  return sim
}

/** Proposals of one blob and of two, one of them full, with somebody else's blob in the same slot. */
function buildBlobChain(transfers: readonly Uint8Array[]): SimulatedL1 {
  const sim = createSimulatedL1({ seed: 'blob lies' })
  const { transactions: tx } = sim
  sim.mine()
  const first = payloadAfter(sim, { transactions: [transfers[0]!] })
  // Bytes after the manifest are ignored, but the second blob must be there.
  const padding = new Uint8Array(BLOB_PAYLOAD_BYTES).fill(7)
  sim.propose({
    payload: concatBytes(first, padding),
    before: [tx.foreignBlobs({ payload: Uint8Array.of(8) })],
  })
  sim.mine()
  sim.propose({ payload: payloadAfter(sim, { transactions: [transfers[1]!] }) })
  return sim
}

async function dumpOf(sim: SimulatedL1, options: Partial<Omit<L1Options, 'spec'>> = {}): Promise<string> {
  const l1 = await connectL1(sim, options)
  const node = await openHarness({ sim, l1, path: ':memory:' })
  await node.sync()
  const content = await node.dump()
  await node.close()
  await l1.close()
  return content
}

/** The liar is asked first for everything its fault is about. */
function sourcesOf(sim: SimulatedL1, fault: Fault, isAlone = false) {
  // One that lies about every block is left behind at the first.
  const isRare = fault.type === 'block' || fault.type === 'transport'
  const provider = createLyingProvider(sim, fault, createRandom('liar'), { rate: isRare ? 0.5 : 1 })
  const isHanging = fault.name.startsWith('hang')
  const liar = endpointOf('liar', provider, isHanging ? HANGING_TIMEOUT_MS : TIMEOUT_MS)
  const honest = endpointOf('honest', sim, TIMEOUT_MS)
  const behind = isAlone ? [] : [honest]
  // Which of two coherent chains is the canonical one takes a third opinion.
  const isVote = fault.remedy === 'outvote'
  const options: Partial<Omit<L1Options, 'spec'>> = {
    endpoints:
      fault.type === 'blobs'
        ? [honest]
        : [liar, ...behind, ...(isVote ? [endpointOf('third', sim, TIMEOUT_MS)] : [])],
    beacons: fault.type === 'blobs' || fault.type === 'transport' ? [liar, ...behind] : [honest],
    quorum: isVote ? 2 : 1,
    // Of a proposal in history the hash chain proves everything but which transaction made it.
    historyProof: isAboutTransactions(fault.name) ? 'receipts' : 'hash-chain',
  }
  return { options, told: provider.told }
}

const FAULTS_AFTER_THE_START = FAULTS.filter(({ name }) => name !== 'chain-id-of-another-network')

describe('behind a liar, with an honest provider', () => {
  for (const fault of FAULTS_AFTER_THE_START) {
    test(`${fault.name} (${fault.remedy}) changes nothing`, async () => {
      const [sim, expected] = fault.type === 'blobs' ? [blobChain, blobTruth] : [chain, truth]
      const { options, told } = sourcesOf(sim, fault)
      const l1 = await connectL1(sim, options)
      const node = await openHarness({ sim, l1, path: ':memory:' })
      await node.sync()
      expect(await node.dump()).toBe(expected)
      expect(told()).toBeGreaterThan(0)
      const { providers } = l1.status()
      const demoted = providers.filter(({ demotions }) => demotions > 0).map(({ name }) => name)
      if (fault.remedy === 'refute') {
        expect(demoted).toEqual(['liar'])
        expect(providers.find(({ name }) => name === 'liar')?.lastError).toMatch(/^liar gave wrong data/)
      } else expect(demoted.filter((name) => name !== 'liar')).toEqual([])
      await node.close()
      await l1.close()
    })
  }
})

/** Rows that are written once, when their block is derived. */
function recordsOf(dump: string): readonly string[] {
  return dump.split('\n').filter((line) => /^(blocks|transactions|origins|proposals) \[/.test(line))
}

describe('alone, a liar can delay a node but not deceive it', () => {
  for (const name of [
    'log-hidden-everywhere',
    'log-added-everywhere',
    'log-data-altered-everywhere',
    'receipts-swapped',
    'header-stateRoot-altered',
    'transactions-swapped',
    'blob-bit-flipped',
    'blob-short',
    'blobs-one-missing',
    'blobs-none',
  ]) {
    test(`${name}: what it has derived is true, and it goes on with an honest provider`, async () => {
      const fault = findFault(name)
      const [sim, expected] = fault.type === 'blobs' ? [blobChain, blobTruth] : [chain, truth]
      const path = join(directory, `${name}.db`)
      const { options } = sourcesOf(sim, fault, true)
      const l1 = await connectL1(sim, options)
      const deceived = await openHarness({ sim, l1, path })
      await deceived.syncUntilStuck(5)
      const derived = recordsOf(await deceived.dump())
      expect(recordsOf(expected)).toEqual(expect.arrayContaining([...derived]))
      expect(derived.length).toBeLessThan(recordsOf(expected).length)
      await deceived.close()
      await l1.close()

      const honest = await connectL1(sim)
      const node = await openHarness({ sim, l1: honest, path })
      await node.sync()
      expect(await node.dump()).toBe(expected)
      await node.close()
      await honest.close()
    })
  }
})
