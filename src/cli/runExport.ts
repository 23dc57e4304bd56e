/** What `plumbline export` does: a range from the options, a chain to read or to derive, and a dataset of both. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { needManifest } from '../archive/manifestFile.ts'
import { openL1 } from '../archive/openL1.ts'
import { createL1 } from '../l1/createL1.ts'
import type { L1 } from '../l1/l1.ts'
import type { L1Reads } from '../l1/reads.ts'
import { toSafeNumber } from '../primitives/bigint.ts'
import { TemporaryError } from '../primitives/errors.ts'
import { deriveInto } from '../research/collect/deriveInto.ts'
import { readInboxRules } from '../research/collect/elections.ts'
import { type ExportResult, exportDataset } from '../research/collect/exportDataset.ts'
import { createArchiveSource, createProviderSource } from '../research/collect/l1Source.ts'
import { openNodeData } from '../research/collect/nodeData.ts'
import type { ChunkRange } from '../research/dataset/chunk.ts'
import type { Format } from '../research/dataset/column.ts'
import { type Label, parseLabels } from '../research/dataset/labels.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { Logger } from '../telemetry/log.ts'
import { codeVersion } from './codeVersion.ts'
import { type BlockRange, parseBlockRange } from './config/blockRange.ts'
import type { Config } from './config/load.ts'
import { ConfigError } from './config/resolve.ts'
import { createLineProgress, type LineProgress } from './lineProgress.ts'
import { engineOptionsOf, l1OptionsOf, readGenesis, sideLoggerOf, specOf } from './nodeConfig.ts'
import { createShutdown } from './shutdown.ts'

type Work = {
  readonly config: Config
  readonly spec: RollupSpec
  readonly l1: L1 & { readonly reads: L1Reads }
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly progress: LineProgress
}

export async function runExport(config: Config): Promise<void> {
  const spec = await specOf(config)
  const wanted = rangeOf(config)
  const labels = await labelsOf(config)
  const logger = sideLoggerOf(config)
  const signal = createShutdown((name) => console.error(`${name}: stopping; run it again to go on`))
  const l1 = await openL1({ ...l1OptionsOf(config), spec, logger, signal })
  const progress = createLineProgress()
  try {
    const work = { config, spec, l1, logger, signal, progress }
    const dataDir = config.get<string>('datadir')
    const known = dataDir === undefined ? undefined : await openNodeData(dataDir, spec)
    const range = await completeRange(work, wanted, known?.derivedTo).catch(async (error: unknown) => {
      await known?.close()
      throw error
    })
    const write = (node: NonNullable<typeof known>) =>
      writeDataset(work, range, labels, node).finally(() => node.close())
    const result = known ? await write(known) : await withDerived(work, range.to, write)
    progress.end()
    printResult(config, range, result)
  } finally {
    progress.end()
    await l1.close()
  }
}

/** `--blocks`, or `--from` and `--to`, which are both part of the range. */
function rangeOf(config: Config): BlockRange {
  const blocks = config.get<string>('blocks')
  const from = config.get<bigint>('from')
  const to = config.get<bigint>('to')
  if (blocks !== undefined && (from !== undefined || to !== undefined))
    throw new ConfigError('--blocks stands in the place of --from and --to')
  if (blocks !== undefined) return parseBlockRange(blocks)
  return {
    ...(from !== undefined && { from: toSafeNumber(from) }),
    ...(to !== undefined && { to: toSafeNumber(to) }),
  }
}

/** Where the range is open: from the first block that can hold an event, or that the archive has, to the last one that is final and derived. */
async function completeRange(
  { config, spec, l1, signal }: Work,
  wanted: BlockRange,
  derivedTo: number | undefined,
): Promise<ChunkRange> {
  const archive = config.get<string>('l1.archive')
  const start = archive === undefined ? 0 : (await needManifest(archive)).eventsFrom
  const from = Math.max(
    wanted.from ?? 0,
    toSafeNumber(spec.l1.startBlock),
    wanted.from === undefined ? start : 0,
  )
  const last = archive === undefined ? await l1.reads.finalized(signal) : await l1.newest(signal)
  if (last === null) throw new TemporaryError('no L1 source says which block is final; try again later')
  const end = toSafeNumber(last.number)
  const to = wanted.to ?? Math.min(end, derivedTo ?? end)
  if (to > end)
    throw new ConfigError(
      `L1 is known, and final, up to block ${end}; the range must not end after it, at ${to}`,
    )
  if (to < from) throw new ConfigError(`the range ends with L1 block ${to}, before its first, ${from}`)
  return { from, to }
}

async function labelsOf(config: Config): Promise<readonly Label[]> {
  const file = config.get<string>('labels')
  if (file === undefined) return []
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError(`${file} (--labels) cannot be read: ${cause.message}`, { cause })
  })
  return parseLabels(text, basename(file))
}

/** Without a node's data, its driver derives the chain into a folder that goes away afterwards. */
async function withDerived<T>(
  { config, spec, l1, logger, signal, progress }: Work,
  to: number,
  work: (node: Awaited<ReturnType<typeof openNodeData>>) => Promise<T>,
): Promise<T> {
  const genesis = await readGenesis(config)
  const dataDir = await mkdtemp(join(tmpdir(), 'plumbline-export-'))
  try {
    const engine = { ...engineOptionsOf(config), workers: config.need<number>('engine.workers') }
    const first = toSafeNumber(spec.l1.startBlock)
    const onProgress = ({ l1Block, l2Block }: { readonly l1Block: number; readonly l2Block: number }) =>
      progress.note({
        done: l1Block - first,
        of: to - first,
        text: `deriving: L1 block ${l1Block}/${to}, L2 block ${l2Block}`,
      })
    await deriveInto({ spec, l1, genesis, engine, logger, signal, onProgress }, dataDir, to)
    return await work(await openNodeData(dataDir, spec))
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function writeDataset(
  work: Work,
  range: ChunkRange,
  labels: readonly Label[],
  node: Awaited<ReturnType<typeof openNodeData>>,
): Promise<ExportResult> {
  const { config, spec, l1, logger, signal, progress } = work
  const archive = config.get<string>('l1.archive')
  const source =
    archive === undefined ? createProviderSource(l1) : await createArchiveSource(l1, { dir: archive, spec })
  const { rules, close } = await askInbox(work)
  return exportDataset(
    {
      ...{ spec, source, node, signal },
      ...(rules?.elections && { elections: rules.elections }),
      onRetry: ({ message }) => logger.warn({ error: message }, 'trying again'),
      onProgress: ({ phase, l1Block, chunksDone, chunks }) =>
        progress.note({
          done: l1Block - range.from,
          of: range.to - range.from,
          text: `${phase}: L1 block ${l1Block}/${range.to}, ${chunksDone}/${chunks} chunks`,
        }),
    },
    {
      ...{ dir: config.need<string>('export.dir'), range, labels, code: await codeVersion() },
      chunkSize: config.need<number>('export.chunk-size'),
      formats: [...new Set(config.need<Format[]>('export.format'))].sort(),
      forcedInclusionDelay:
        config.get<number>('export.forced-inclusion-delay') ?? rules?.forcedInclusionDelay ?? null,
    },
  ).finally(close)
}

/** What the inbox decides, as it is now. An archive holds no contract state: endpoints given beside it are asked. */
async function askInbox({ config, spec, l1, logger, signal }: Work) {
  const { archive, ...options } = l1OptionsOf(config)
  if (archive === undefined) return { rules: await readRules(l1, spec, signal), close: async () => {} }
  const urls = config.get<string[]>('l1.rpc')
  if (urls === undefined) return { rules: undefined, close: async () => {} }
  const endpoints = urls.map((url) => ({ name: new URL(url).host, url }))
  const asked = await createL1({ ...options, endpoints, spec, logger, signal })
  const rules = await readRules(asked, spec, signal).catch(async (error: unknown) => {
    await asked.close()
    throw error
  })
  return { rules, close: asked.close }
}

async function readRules(l1: Work['l1'], spec: RollupSpec, signal: AbortSignal) {
  return readInboxRules(l1, spec, (await l1.newest(signal)).hash)
}

function printResult(config: Config, { from, to }: ChunkRange, result: ExportResult): void {
  const { rows, files, chunksKept } = result
  const kept = chunksKept > 0 ? `; ${chunksKept} chunks of an earlier run kept` : ''
  console.log(
    `${config.need<string>('export.dir')}: L1 blocks ${from} to ${to}, ${rows} rows in ${files} files${kept}`,
  )
}
