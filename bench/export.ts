/**
 * Out of an archive: what a range proposes (read, proven, blobs verified, decoded), the chain that comes of it (executed into SQLite), and
 * a dataset of both. Each with 1 and with 2 workers, which verify blobs and recover senders; a dataset is written by one thread.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openArchiveL1 } from '../src/archive/archiveL1.ts'
import { prepareEvents } from '../src/derive/prepare.ts'
import { prefetch } from '../src/primitives/async.ts'
import { specOf } from '../test/support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../test/support/derive/payload.ts'
import { createSimulatedL1, type SimulatedL1 } from '../test/support/l1/simulatedL1.ts'
import { archiveOf, deriveArchive, exportArchive } from '../test/support/recordedL1.ts'
import type { BenchRow } from './row.ts'

const PROPOSALS = 80
const BLOCKS_PER_PROPOSAL = 8
const TRANSFERS_PER_PROPOSAL = 40
const L1_BLOCKS_PER_PROPOSAL = 4
const WORKERS = [1, 2] as const
/** Proposals before it is measured: threads have loaded KZG's setup by then, and the compiler has seen what runs often. */
const WARM_UP = 20
/** As the node's driver has. */
const PREFETCH_DEPTH = 8

export async function run(): Promise<readonly BenchRow[]> {
  const base = mkdtempSync(join(tmpdir(), 'plumbline-bench-'))
  try {
    const sim = await buildChain()
    const archive = join(base, 'archive')
    await archiveOf(sim, archive)
    const l1Blocks = Number(sim.head().header.number) - WARM_UP * L1_BLOCKS_PER_PROPOSAL
    const l2Blocks = (PROPOSALS - WARM_UP) * BLOCKS_PER_PROPOSAL
    const rows: BenchRow[] = []
    for (const workers of WORKERS) {
      const decoding = await measure((begin) => decodeAll(sim, archive, workers, begin))
      rows.push(...ratesOf(`derive only, ${nameOf(workers)}`, { l1Blocks, l2Blocks }, decoding))
      let hasBegun = false
      const deriving = await measure((begin) =>
        deriveArchive(sim, archive, join(base, `data-${workers}`), workers, ({ l2Block }) => {
          if (hasBegun || l2Block < WARM_UP * BLOCKS_PER_PROPOSAL) return
          hasBegun = true
          begin()
        }),
      )
      rows.push(...ratesOf(`derive and execute, ${nameOf(workers)}`, { l1Blocks, l2Blocks }, deriving))
    }
    const at = { archive, dataDir: join(base, 'data-1'), dir: join(base, 'dataset') }
    let written = 0
    const exporting = await measure(async () => {
      written = (await exportArchive(sim, at, { chunkSize: 1000 })).rows
    })
    return [...rows, rateOf('a dataset from an archive and a node’s data', 'rows/s', written, exporting)]
  } finally {
    rmSync(base, { recursive: true })
  }
}

async function buildChain(): Promise<SimulatedL1> {
  const sim = createSimulatedL1({ seed: 'export' })
  let nonce = 0
  for (let i = 0; i < PROPOSALS; i++) {
    for (let mined = 1; mined < L1_BLOCKS_PER_PROPOSAL; mined++) sim.mine()
    const transactions = await Promise.all(
      Array.from({ length: TRANSFERS_PER_PROPOSAL }, () => signTransfer(nonce++)),
    )
    sim.propose({ payload: payloadAfter(sim, { blocks: BLOCKS_PER_PROPOSAL, transactions }) })
  }
  sim.setFinalized(Number(sim.head().header.number))
  return sim
}

async function decodeAll(
  sim: SimulatedL1,
  archive: string,
  workers: number,
  begin: () => void,
): Promise<void> {
  const spec = specOf(sim)
  const l1 = await openArchiveL1({ dir: archive, spec, kzgThreads: workers })
  const ending = new AbortController()
  const { signal } = ending
  const engine = { recoverSenders: async () => [] }
  const events = l1.follow({ cursor: await l1.start(), knownAncestors: async () => [], signal })
  let blocks = 0
  let proposals = 0
  for await (const event of prefetch(prepareEvents({ spec, l1, engine, signal }, events), PREFETCH_DEPTH)) {
    if (event.type === 'caughtUp') {
      // What was asked ahead of the stream would wait for more.
      ending.abort()
      break
    }
    if (event.type !== 'block') continue
    for (const item of event.items) {
      if (item.type !== 'proposal') continue
      blocks += item.sources.reduce((sum, source) => sum + source.blocks.length, 0)
      if (++proposals === WARM_UP) begin()
    }
  }
  await l1.close()
  if (blocks !== PROPOSALS * BLOCKS_PER_PROPOSAL) throw new Error(`the benchmark decoded ${blocks} blocks`)
}

type Measured = { readonly seconds: number; readonly cpuSeconds: number }

/** From when `work` says that it begins. */
async function measure(work: (begin: () => void) => Promise<void>): Promise<Measured> {
  let cpu = process.cpuUsage()
  let start = performance.now()
  await work(() => {
    cpu = process.cpuUsage()
    start = performance.now()
  })
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 }
}

function ratesOf(
  name: string,
  { l1Blocks, l2Blocks }: { readonly l1Blocks: number; readonly l2Blocks: number },
  measured: Measured,
): readonly BenchRow[] {
  return [rateOf(name, 'L1 blocks/s', l1Blocks, measured), rateOf(name, 'L2 blocks/s', l2Blocks, measured)]
}

function rateOf(name: string, unit: string, count: number, { seconds, cpuSeconds }: Measured): BenchRow {
  return { name, value: count / seconds, unit, note: `${count} in ${cpuSeconds.toFixed(2)} s of CPU` }
}

function nameOf(workers: number): string {
  return workers === 1 ? '1 worker' : `${workers} workers`
}
