/** A violated inclusion list: the node writes evidence once it is complete, which the slasher takes as it stands in the file. */
import { existsSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { encodeEvidence, parseEvidenceFile } from '../../../../src/preconf/evidence/file.ts'
import { keccak256Hex } from '../../../../src/primitives/keccak.ts'
import { encodeManifest } from '../../../../src/protocol/shasta/encodeManifest.ts'
import {
  CONTRACTS,
  type EvidenceNode,
  OWNED,
  ROOT,
  slashWith,
  startEvidenceNode,
} from '../../../support/evidenceNode.ts'
import { COMMITTER, signL2, signList } from '../../../support/preconfLists.ts'
import { EVIDENCE_MIN_AGE, SAFETY_PENALTY, slasherOf } from '../../../support/preconfSlasher.ts'

let node: EvidenceNode
afterEach(() => node.close())

const LAST_SLOT = 7n

/** A window that takes the first of two listed transactions, and has landed. */
async function violate(seed: string, left: Parameters<typeof signL2>[0] = { sender: 0 }) {
  node = await startEvidenceNode(seed, OWNED, {
    async prepare(world) {
      // Proposal 1 has no proposal before it whose hash is known here.
      world.propose([])
    },
  })
  const { world } = node
  await world.follow()
  const windowEnd = world.timestampOf(LAST_SLOT)
  const listed = await Promise.all([{ sender: 1 } as const, left].map(signL2))
  await node.preconf().lists.receive(signList(windowEnd, listed))
  world.propose([listed[0]!], { windowEnd })
  world.mineTo(LAST_SLOT)
  world.propose([])
  return keccak256Hex(listed[1]!)
}

async function finalize(): Promise<void> {
  const { world } = node
  world.sim.setFinalized(Number(world.sim.head().header.number))
  world.sim.mine()
  await world.follow(node.preconf().lists)
}

async function prove(): Promise<void> {
  const { world } = node
  world.sim.prove()
  world.sim.mine()
  await world.follow(node.preconf().lists)
}

test('a file once L1 is final and has a checkpoint, and the slasher takes what is in it', async () => {
  const left = await violate('omitted')
  await finalize()
  expect(existsSync(node.directory)).toBe(false)
  await prove()
  expect(await node.found()).toMatchObject([
    { kind: 'listViolation', committer: COMMITTER, registrationRoot: ROOT, transaction: left },
  ])
  const { name, text } = node.readFile()
  expect(name).toMatch(/^listViolation-2-.*\.json$/)
  const { evidence, sent, slashed } = await slashWith(text)
  expect(slashed).toMatchObject({ operator: ROOT, takenWei: 5n })
  const { proof } = evidence
  expect(sent).toMatchObject([
    { address: CONTRACTS.registry, args: [ROOT, proof.first, encodeEvidence(proof)] },
  ])
  const slasher = await slasherOf(node.world)
  expect(
    await slasher.slash({
      payload: proof.first.commitment.payload,
      committer: proof.committer,
      evidence: encodeEvidence(proof),
      timestamp: node.world.sim.head().header.timestamp + EVIDENCE_MIN_AGE,
    }),
  ).toMatchObject({ type: 'slashed', amountWei: SAFETY_PENALTY })

  const json = JSON.parse(text)
  const expectRefused = (change: object, reason: RegExp) =>
    expect(() => parseEvidenceFile(JSON.stringify({ ...json, ...change }))).toThrow(reason)
  const other = signList(node.world.timestampOf(11n), [await signL2({ nonce: 9 })])
  expectRefused({ transaction: ROOT }, /not what the evidence says/)
  expectRefused({ evidence: '0x0106' }, /no omission/)
  expectRefused({ evidence: '0x010' }, /whole bytes/)
  expectRefused({ first: other }, /other transactions than were listed/)
  expectRefused({ committer: ROOT.slice(0, 42) }, /is signed by/)
})

test('of a window far below the checkpoint the file has what is recorded first', async () => {
  await violate('far')
  const { world } = node
  const { header } = world.sim.head()
  // A second each, up to a time that has come by then. Every proposal moves the anchor on.
  const block = (second: number, anchor: number) => ({
    timestamp: header.timestamp + BigInt(second),
    coinbase: COMMITTER,
    anchorBlockNumber: header.number + BigInt(anchor),
    gasLimit: 15_000_000n,
    transactions: [],
  })
  world.mineTo(world.slotOfHead() + 25n)
  for (const part of [0, 1])
    world.sim.propose({
      payload: encodeManifest([...Array(140).keys()].map((index) => block(140 * part + index + 1, part))),
    })
  await finalize()
  await prove()
  await node.found()
  const { text } = node.readFile()
  const { evidence, sent } = await slashWith(text)
  if (evidence.proof.kind !== 'listViolation') throw new Error(evidence.proof.kind)
  const { proof } = evidence
  expect(proof.ancestors.map(({ headers }) => headers.length)).toEqual([128, 128])
  expect(sent.map(({ address, functionName }) => [address, functionName])).toEqual([
    [CONTRACTS.slasher, 'recordAncestor'],
    [CONTRACTS.slasher, 'recordAncestor'],
    [CONTRACTS.registry, 'slashCommitment'],
  ])
  const slasher = await slasherOf(world)
  const input = {
    payload: proof.first.commitment.payload,
    committer: proof.committer,
    evidence: encodeEvidence(proof),
    timestamp: world.sim.head().header.timestamp + EVIDENCE_MIN_AGE,
  }
  expect(await slasher.slash(input)).toEqual({ type: 'refused', reason: 'BrokenHeaderChain' })
  for (const { headers } of proof.ancestors) await slasher.recordAncestor(headers)
  expect(await slasher.slash(input)).toMatchObject({ type: 'slashed', amountWei: SAFETY_PENALTY })

  // Somebody was here before.
  const known = proof.ancestors[0]!.blockNumber
  expect((await slashWith(text, { known: [known] })).sent).toHaveLength(2)
  expect((await slashWith(text, { known: [proof.ancestors[1]!.blockNumber] })).sent).toHaveLength(1)
})

test('a node that was stopped before L1 could prove it writes it afterwards', async () => {
  const left = await violate('restarted')
  await finalize()
  await node.restart()
  expect(existsSync(node.directory)).toBe(false)
  await prove()
  expect(await node.found()).toMatchObject([{ transaction: left, registrationRoot: ROOT }])
  // And once, however often it starts.
  await node.restart()
  expect(await node.preconf().evidence.list(10)).toHaveLength(1)
})

test('nothing is written of what the slasher cannot judge', async () => {
  await violate('call', { sender: 0, gas: 210_000n })
  await finalize()
  await prove()
  const [record] = await node.preconf().lists.violated()
  expect(record).toMatchObject({ committer: COMMITTER, verdict: { type: 'violated', finality: 'final' } })
  expect(await node.preconf().lists.omission(record!)).toMatchObject({ evidence: null })
  await node.preconf().close()
  expect(existsSync(node.directory)).toBe(false)
})
