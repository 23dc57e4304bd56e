/** A whole node of promises over a world of inclusion lists, and a registry that its evidence can be brought before. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { createPreconf, type Preconf } from '../../src/preconf/createPreconf.ts'
import { type EvidenceFile, parseEvidenceFile } from '../../src/preconf/evidence/file.ts'
import { slash } from '../../src/preconf/evidence/slash.ts'
import type { L1Client, OperatorContracts, Transaction } from '../../src/preconf/operator.ts'
import { type Address, type Hash, ZERO_ADDRESS, ZERO_HASH } from '../../src/primitives/hex.ts'
import type { Turn } from '../../src/schedule/schedule.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { COMMITTER, DOMAIN, type ListsWorld, startListsWorld } from './preconfLists.ts'

export const ROOT: Hash = `0x${'99'.repeat(32)}`
export const OWNED: Turn = {
  type: 'owner',
  owner: { validatorIndex: 7n, registrationRoot: ROOT, committer: COMMITTER },
}

export type EvidenceNode = Awaited<ReturnType<typeof startEvidenceNode>>

/** In slot 4, in windows of slots 4 to 7 and 8 to 11. */
export async function startEvidenceNode(
  seed: string,
  turn: Turn,
  options: {
    readonly committers?: readonly Address[]
    /** Of what happens before the node is there. */
    readonly prepare?: (world: ListsWorld) => Promise<void>
  } = {},
) {
  const dataDir = mkdtempSync(join(tmpdir(), 'plumbline-evidence-'))
  const directory = join(dataDir, 'preconf', 'evidence')
  const world = await startListsWorld(seed, { turn })
  await options.prepare?.(world)
  world.mineTo(4n)
  const { node, l1, deps, builder } = world
  const open = () =>
    createPreconf(
      {
        ...node,
        l1,
        schedule: { ...world.schedule, onChange: () => () => {} } as never,
        unsafe: { ...node.driver, ...builder },
        sync: () => ({ isSynced: true, ...(deps.cursor() && { cursor: deps.cursor()! }) }),
        logger: silentLogger,
        now: deps.now,
      },
      { dataDir, sources: [], committers: options.committers ?? [], domain: DOMAIN },
    )
  let preconf: Preconf = await open()
  return {
    ...{ world, directory },
    preconf: () => preconf,
    async restart() {
      await preconf.close()
      preconf = await open()
    },
    /** Until there is so much evidence. */
    found: (count = 1) =>
      vi.waitFor(async () => {
        const records = await preconf.evidence.list(10)
        expect(records).toHaveLength(count)
        return records
      }, 10_000),
    /** The file of the only evidence. */
    readFile() {
      const [name, ...others] = readdirSync(directory)
      expect(others).toEqual([])
      return { name, text: readFileSync(join(directory, name!), 'utf8') }
    },
    async close() {
      await preconf.close()
      await world.close()
      rmSync(dataDir, { recursive: true })
    },
  }
}

/** Brings a file before the registry: what was sent there, and what is said to have come of it. */
export async function slashWith(text: string, slasher: { readonly known?: readonly bigint[] } = {}) {
  const evidence: EvidenceFile = parseEvidenceFile(text)
  const sent: Transaction[] = []
  const slashed = await slash(
    registryOf(COMMITTER, {
      isSlashed: () => sent.some(({ functionName }) => functionName === 'slashCommitment'),
      known: slasher.known ?? [],
    }),
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
  return { evidence, sent, slashed }
}

export const CONTRACTS: OperatorContracts = {
  schedule: `0x${'e1'.repeat(20)}`,
  registry: `0x${'e2'.repeat(20)}`,
  validatorMap: `0x${'e3'.repeat(20)}`,
  slasher: DOMAIN.slasher,
  slotsPerEpoch: 32n,
  gloasForkEpoch: 2n ** 64n - 1n,
}

/** What a registry answers in which an operator has opted in with that committer; the bond is gone once it is slashed. */
function registryOf(
  committer: Address,
  { isSlashed, known }: { readonly isSlashed: () => boolean; readonly known: readonly bigint[] },
): L1Client {
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
    knownBlockHash: ([number] = []) => (known.includes(number as bigint) ? ROOT : ZERO_HASH),
  }
  return {
    getChainId: async () => Number(DOMAIN.l1ChainId),
    readContract: async ({ functionName, args }: { functionName: string; args?: readonly unknown[] }) =>
      answers[functionName]!(args),
  } as unknown as L1Client
}
