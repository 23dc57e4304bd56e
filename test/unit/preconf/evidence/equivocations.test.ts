/** Two lists of one committer for one window: what a node that heard both keeps, and that it can be brought before the registry as it is. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { createPreconf, type Preconf } from '../../../../src/preconf/createPreconf.ts'
import { encodeEvidence, parseEvidenceFile } from '../../../../src/preconf/evidence/file.ts'
import { slash } from '../../../../src/preconf/evidence/slash.ts'
import type { L1Client, OperatorContracts, Transaction } from '../../../../src/preconf/operator.ts'
import { type Address, type Hash, ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import type { Turn } from '../../../../src/schedule/schedule.ts'
import { silentLogger } from '../../../../src/telemetry/log.ts'
import {
  COMMITTER,
  DOMAIN,
  type ListsWorld,
  signL2,
  signList,
  startListsWorld,
} from '../../../support/preconfLists.ts'

const ROOT: Hash = `0x${'99'.repeat(32)}`
const OWNED: Turn = {
  type: 'owner',
  owner: { validatorIndex: 7n, registrationRoot: ROOT, committer: COMMITTER },
}

let world: ListsWorld
let preconf: Preconf
let dataDir: string
const evidenceDir = () => join(dataDir, 'preconf', 'evidence')
afterEach(async () => {
  await preconf.close()
  await world.close()
  rmSync(dataDir, { recursive: true })
})

/** A node in slot 4, in windows of slots 4 to 7 and 8 to 11. */
async function start(seed: string, turn: Turn, committers: readonly Address[] = []): Promise<void> {
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-evidence-'))
  world = await startListsWorld(seed, { turn })
  world.mineTo(4n)
  const { node, l1, deps, builder } = world
  preconf = await createPreconf(
    {
      ...node,
      l1,
      schedule: { ...world.schedule, onChange: () => () => {} } as never,
      unsafe: { ...node.driver, ...builder },
      sync: () => ({ isSynced: true }),
      logger: silentLogger,
      now: deps.now,
    },
    { dataDir, sources: [], committers, domain: DOMAIN },
  )
}

async function hearBoth(): Promise<void> {
  const windowEnd = world.timestampOf(7n)
  for (const [nonce, type] of ['taken', 'equivocation'].entries())
    expect(await preconf.lists.receive(signList(windowEnd, [await signL2({ nonce })]))).toMatchObject({
      type,
    })
}

/** The file of the only evidence. */
const readFile = () => {
  const files = readdirSync(evidenceDir())
  expect(files).toEqual([expect.stringMatching(/^listEquivocation-.*\.json$/)])
  return readFileSync(join(evidenceDir(), files[0]!), 'utf8')
}
const found = () => vi.waitFor(async () => expect(await preconf.evidence.list(10)).toHaveLength(1), 10_000)

test('row and file name the operator whose bond answers, and slash needs no other word for it', async () => {
  await start('owned', OWNED)
  await hearBoth()
  await found()
  expect(await preconf.evidence.list(10)).toMatchObject([
    { kind: 'listEquivocation', committer: COMMITTER, registrationRoot: ROOT },
  ])
  const evidence = parseEvidenceFile(readFile())
  expect(evidence.conflict.registrationRoot).toBe(ROOT)

  const sent: Transaction[] = []
  const slashed = await slash(
    registryOf(COMMITTER, () => sent.length > 0),
    CONTRACTS,
    {
      evidence,
      challenger: {
        address: `0x${'cc'.repeat(20)}`,
        async send(transaction) {
          sent.push(transaction)
          return { hash: ROOT, gasUsed: 1n }
        },
      },
    },
  )
  expect(slashed).toMatchObject({ operator: ROOT, takenWei: 5n, bondWei: 0n, rewardWei: 2n })
  const { conflict } = evidence
  expect(sent).toMatchObject([
    {
      address: CONTRACTS.registry,
      functionName: 'slashCommitment',
      args: [ROOT, conflict.first, encodeEvidence(conflict)],
    },
  ])
})

test('where anyone may propose no bond answers, and none is named', async () => {
  await start('anyone', { type: 'anyone' }, [COMMITTER])
  await hearBoth()
  await found()
  const { conflict } = parseEvidenceFile(readFile())
  expect(conflict.kind).toBe('listEquivocation')
  expect(conflict).not.toHaveProperty('registrationRoot')
})

test('what cannot be written is written when the chain moves on', async () => {
  await start('unwritten', OWNED)
  const failed = vi.spyOn(silentLogger, 'error')
  writeFileSync(evidenceDir(), 'no directory')
  await hearBoth()
  await vi.waitFor(() => expect(failed).toHaveBeenCalledOnce(), 10_000)
  failed.mockRestore()
  // Neither half of it.
  expect(await preconf.evidence.list(10)).toEqual([])

  rmSync(evidenceDir())
  world.propose([], { windowEnd: world.timestampOf(7n) })
  await world.node.sync()
  await found()
  expect(parseEvidenceFile(readFile()).conflict.registrationRoot).toBe(ROOT)
})

const CONTRACTS: OperatorContracts = {
  schedule: `0x${'e1'.repeat(20)}`,
  registry: `0x${'e2'.repeat(20)}`,
  validatorMap: `0x${'e3'.repeat(20)}`,
  slasher: DOMAIN.slasher,
  slotsPerEpoch: 32n,
  gloasForkEpoch: 2n ** 64n - 1n,
}

/** What a registry answers in which an operator has opted in with that committer; the bond is gone once it is slashed. */
function registryOf(committer: Address, isSlashed: () => boolean): L1Client {
  const answers: Record<string, (args?: readonly unknown[]) => unknown> = {
    requiredSigningId: () => DOMAIN.signingId,
    getConfig: () => ({ fraudProofWindow: 1 }),
    getOperatorData: ([root] = []) => ({
      ...{ owner: ZERO_ADDRESS, numKeys: 1, collateralWei: 0n, unregisteredAt: 2 ** 48 - 1, deleted: false },
      registeredAt: root === ROOT ? 1 : 0,
    }),
    getSlasherCommitment: () => ({ committer, optedInAt: 1, optedOutAt: 0, bondWei: isSlashed() ? 0n : 5n }),
    isOptedIntoSlasher: () => true,
    posters: () => ZERO_ADDRESS,
    rewards: () => (isSlashed() ? 2n : 0n),
  }
  return {
    getChainId: async () => Number(DOMAIN.l1ChainId),
    readContract: async ({ functionName, args }: { functionName: string; args?: readonly unknown[] }) =>
      answers[functionName]!(args),
  } as unknown as L1Client
}
