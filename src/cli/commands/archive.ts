/** `plumbline archive fetch | check`: L1 in files, and what they are worth. */
import { Command } from 'commander'
import { createBlobArchiverFolder } from '../../archive/blobArchiverFolder.ts'
import { type ArchiveReport, checkArchive, type NamedBlob } from '../../archive/checkArchive.ts'
import { type FetchResult, fetchArchive } from '../../archive/fetchArchive.ts'
import { createL1 } from '../../l1/createL1.ts'
import type { Hash } from '../../primitives/hex.ts'
import { ARCHIVE_CHECK_OPTIONS, ARCHIVE_FETCH_OPTIONS } from '../config/archiveOptions.ts'
import { addOptions, type Config, loadConfig } from '../config/load.ts'
import { createLineProgress } from '../lineProgress.ts'
import { l1OptionsOf, sideLoggerOf, specOf } from '../nodeConfig.ts'
import { createShutdown } from '../shutdown.ts'

export function archiveCommand(): Command {
  return new Command('archive')
    .description('L1 in files: what derivation needs of a range, proven and offline')
    .addCommand(
      addOptions(
        new Command('fetch').description('store a range of L1; goes on where an earlier run ended'),
        ARCHIVE_FETCH_OPTIONS,
      ).action((flags) => fetch(loadConfig(ARCHIVE_FETCH_OPTIONS, flags))),
    )
    .addCommand(
      addOptions(
        new Command('check').description(
          'read all of an archive: damage, missing blobs, where the others were had',
        ),
        ARCHIVE_CHECK_OPTIONS,
      ).action((flags) => check(loadConfig(ARCHIVE_CHECK_OPTIONS, flags))),
    )
}

async function fetch(config: Config): Promise<void> {
  const spec = await specOf(config)
  const dir = config.need<string>('archive.dir')
  const to = Number(config.need<bigint>('to'))
  const from = Number(config.get<bigint>('from') ?? spec.l1.startBlock)
  const logger = sideLoggerOf(config)
  const signal = createShutdown((name) => console.error(`${name}: stopping; run it again to go on`))
  const sources = new Map<Hash, string>()
  const { archive: _, blobFolders = [], ...options } = l1OptionsOf(config)
  const l1 = await createL1({
    ...{ ...options, spec, logger, signal },
    blobSources: blobFolders.map(createBlobArchiverFolder),
    onBlob: (hash, source) => sources.set(hash, source),
  })
  const progress = createLineProgress()
  try {
    const result = await fetchArchive(
      {
        ...{ spec, l1, signal },
        sourceOf: (hash) => sources.get(hash),
        onProgress: ({ block, blobs, missingBlobs }) =>
          progress.note({
            done: block - from,
            of: to - from,
            text: `L1 block ${block}/${to}, ${blobs} blobs, ${missingBlobs} missing`,
          }),
        onRetry: ({ message }) => logger.warn({ error: message }, 'trying again'),
      },
      { dir, from, to },
    )
    progress.end()
    printFetched(dir, result)
  } finally {
    progress.end()
    await l1.close()
  }
}

function printFetched(dir: string, { blocks, blobs, missingBlobs, isWhole }: FetchResult): void {
  console.log(
    `${dir}: ${blocks} L1 blocks and ${blobs} blobs fetched${isWhole ? '' : '; stopped before its end'}`,
  )
  if (missingBlobs > 0) {
    console.log(`${missingBlobs} blobs no source has; plumbline archive check names them`)
    process.exitCode = 1
  }
}

async function check(config: Config): Promise<void> {
  const progress = createLineProgress()
  const namesAll = config.need<boolean>('archive.blobs')
  const blobs: NamedBlob[] = []
  const report = await checkArchive(
    config.need<string>('archive.dir'),
    ({ block, to }) => progress.note({ done: block, of: to, text: `L1 block ${block}/${to}` }),
    (blob) => namesAll && blobs.push(blob),
  ).finally(progress.end)
  for (const { hash, l1Block, from } of blobs)
    console.log(
      `blob: ${hash} of L1 block ${l1Block}${from === null ? ', which no source had' : ` from ${from}`}`,
    )
  for (const line of linesOf(report)) console.log(line)
  if (report.damage.length + report.missing.length > 0) process.exitCode = 1
}

function linesOf(report: ArchiveReport): readonly string[] {
  return [
    `L1 blocks ${report.from} to ${report.to}: ${report.blocks} read, ${report.blocksWithEvents} with events`,
    `${report.blobs} blobs named, ${report.missing.length} missing`,
    ...Object.entries(report.blobsBySource).map(([source, count]) => `  ${count} from ${source}`),
    ...report.missing.map(
      ({ hash, l1Block, from }) =>
        `missing: ${hash} of L1 block ${l1Block}${from === null ? ', which no source had' : `, which was had from ${from}`}`,
    ),
    ...report.damage.map(({ file, what }) => `damaged: ${file}: ${what}`),
    report.damage.length === 0 ? 'no damage' : `${report.damage.length} files damaged`,
  ]
}
