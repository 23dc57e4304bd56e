/** A short history of a simulated L1 with something of everything, an archive of it, and datasets of that archive. */
import { openArchiveL1 } from '../../src/archive/archiveL1.ts'
import { fetchArchive } from '../../src/archive/fetchArchive.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import { deriveInto } from '../../src/research/collect/deriveInto.ts'
import { type ExportInput, exportDataset } from '../../src/research/collect/exportDataset.ts'
import { createArchiveSource } from '../../src/research/collect/l1Source.ts'
import { openNodeData } from '../../src/research/collect/nodeData.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { connectL1, genesis, specOf } from './derive/harness.ts'
import { payloadAfter, signTransfer } from './derive/payload.ts'
import { ACCOUNTS } from './l1/accounts.ts'
import { createSimulatedL1, type SimulatedL1 } from './l1/simulatedL1.ts'

export const [ALICE, BOB] = [ACCOUNTS[0]!.address, ACCOUNTS[2]!.address]

/**
 * Six proposals: of Alice, of Bob with one transaction twice, of Alice with garbage, of Bob with a forced inclusion, and of Alice two that
 * nobody proves; then a forced inclusion that nobody takes.
 */
export async function buildHistory(): Promise<SimulatedL1> {
  const sim = createSimulatedL1({ seed: 'dataset', forcedInclusionDelay: 0n })
  sim.mine({ missedSlots: 2 })
  const transfers = await Promise.all([0, 1, 2, 3].map(signTransfer))
  const [first, second, third, fourth] = transfers as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  sim.propose({
    proposer: ALICE,
    payload: payloadAfter(sim, { blocks: 2, transactions: [first, second] }),
  })
  sim.mine({ missedSlots: 1 })
  sim.propose({ proposer: BOB, payload: payloadAfter(sim, { transactions: [third, second] }) })
  sim.propose({ proposer: ALICE, payload: Uint8Array.of(1, 2, 3) })
  sim.saveForcedInclusion({ payload: payloadAfter(sim, { transactions: [fourth] }) })
  sim.mine()
  sim.propose({ proposer: BOB, payload: payloadAfter(sim, { blocks: 3 }) })
  sim.mine()
  sim.prove()
  for (let i = 0; i < 2; i++) sim.propose({ proposer: ALICE, payload: payloadAfter(sim) })
  sim.saveForcedInclusion({ payload: payloadAfter(sim) })
  for (let i = 0; i < 4; i++) sim.mine()
  sim.setFinalized(Number(sim.head().header.number))
  return sim
}

export async function archiveOf(sim: SimulatedL1, dir: string): Promise<void> {
  const sources = new Map<Hash, string>()
  const l1 = await connectL1(sim, { onBlob: (hash, source) => sources.set(hash, source) })
  const to = Number(sim.view.finalized().header.number)
  await fetchArchive(
    {
      ...{ spec: specOf(sim), l1, signal: new AbortController().signal },
      sourceOf: (hash) => sources.get(hash),
      onProgress: () => {},
      onRetry: () => {},
    },
    { dir, from: 1, to },
  ).finally(() => l1.close())
}

/** Derives all of the archive as a node would. */
export async function deriveArchive(
  sim: SimulatedL1,
  archive: string,
  dataDir: string,
  workers = 0,
  onProgress: Parameters<typeof deriveInto>[0]['onProgress'] = () => {},
  proofWindowBlocks = 1,
): Promise<void> {
  const spec = specOf(sim)
  const l1 = await openArchiveL1({ dir: archive, spec, kzgThreads: workers })
  const to = Number((await l1.newest()).number)
  const { signal } = new AbortController()
  await deriveInto(
    { spec, l1, genesis, engine: { workers }, logger: silentLogger, signal, onProgress, proofWindowBlocks },
    dataDir,
    to,
  ).finally(() => l1.close())
}

export type ExportOptions = Partial<ExportInput> & {
  /** After so many L1 blocks of rows. */
  readonly stopAfter?: number
}

export async function exportArchive(
  sim: SimulatedL1,
  at: { readonly archive: string; readonly dataDir: string; readonly dir: string },
  { stopAfter = Number.POSITIVE_INFINITY, ...options }: ExportOptions = {},
) {
  const spec = specOf(sim)
  const l1 = await openArchiveL1({ dir: at.archive, spec, kzgThreads: 0 })
  const node = await openNodeData(at.dataDir, spec)
  const ending = new AbortController()
  let blocks = 0
  try {
    return await exportDataset(
      {
        ...{ spec, node, signal: ending.signal },
        source: await createArchiveSource(l1, { dir: at.archive, spec }),
        onRetry: () => {},
        onProgress({ phase }) {
          if (phase === 'rows' && ++blocks === stopAfter) ending.abort(new Error('stopped'))
        },
      },
      {
        dir: at.dir,
        range: { from: 1, to: Number((await l1.newest()).number) },
        chunkSize: 5,
        formats: ['parquet'],
        labels: [],
        forcedInclusionDelay: 0,
        code: { version: '0', commit: 'test' },
        ...options,
      },
    )
  } finally {
    await node.close()
    await l1.close()
  }
}
