/** Two lists of one committer for one window: what a node that heard both keeps, and that it can be brought before the registry as it is. */
import { rmSync, writeFileSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import { encodeEvidence, parseEvidenceFile } from '../../../../src/preconf/evidence/file.ts'
import { silentLogger } from '../../../../src/telemetry/log.ts'
import {
  CONTRACTS,
  type EvidenceNode,
  OWNED,
  ROOT,
  slashWith,
  startEvidenceNode,
} from '../../../support/evidenceNode.ts'
import { COMMITTER, signL2, signList } from '../../../support/preconfLists.ts'

let node: EvidenceNode
afterEach(() => node.close())

async function hearBoth(): Promise<void> {
  const windowEnd = node.world.timestampOf(7n)
  for (const [nonce, type] of ['taken', 'equivocation'].entries())
    expect(await node.preconf().lists.receive(signList(windowEnd, [await signL2({ nonce })]))).toMatchObject({
      type,
    })
}

test('row and file name the operator whose bond answers, and slash needs no other word for it', async () => {
  node = await startEvidenceNode('owned', OWNED)
  await hearBoth()
  expect(await node.found()).toMatchObject([
    { kind: 'listEquivocation', committer: COMMITTER, registrationRoot: ROOT },
  ])
  const { name, text } = node.readFile()
  expect(name).toMatch(/^listEquivocation-.*\.json$/)
  const { evidence, sent, slashed } = await slashWith(text)
  const { proof } = evidence
  expect(proof.registrationRoot).toBe(ROOT)
  expect(slashed).toMatchObject({ operator: ROOT, takenWei: 5n, bondWei: 0n, rewardWei: 2n })
  expect(sent).toMatchObject([
    {
      address: CONTRACTS.registry,
      functionName: 'slashCommitment',
      args: [ROOT, proof.first, encodeEvidence(proof)],
    },
  ])
})

test('where anyone may propose no bond answers, and none is named', async () => {
  node = await startEvidenceNode('anyone', { type: 'anyone' }, { committers: [COMMITTER] })
  await hearBoth()
  await node.found()
  const { proof } = parseEvidenceFile(node.readFile().text)
  expect(proof.kind).toBe('listEquivocation')
  expect(proof).not.toHaveProperty('registrationRoot')
})

test('what cannot be written is written when the chain moves on', async () => {
  node = await startEvidenceNode('unwritten', OWNED)
  const failed = vi.spyOn(silentLogger, 'error')
  writeFileSync(node.directory, 'no directory')
  await hearBoth()
  await vi.waitFor(() => expect(failed).toHaveBeenCalledOnce(), 10_000)
  failed.mockRestore()
  // Neither half of it.
  expect(await node.preconf().evidence.list(10)).toEqual([])

  rmSync(node.directory)
  const { world } = node
  world.propose([], { windowEnd: world.timestampOf(7n) })
  await world.node.sync()
  await node.found()
  expect(parseEvidenceFile(node.readFile().text).proof.registrationRoot).toBe(ROOT)
})
