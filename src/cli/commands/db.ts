/** `plumbline db snapshot create | verify | load`: a state as files, looked at, and as the beginning of a node. docs/snapshots.md. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { openL1 } from '../../archive/openL1.ts'
import { isInitialised } from '../../derive/genesis.ts'
import { beginWithSnapshot } from '../../snapshot/begin.ts'
import { CHAIN_STORE_SCHEMAS } from '../../snapshot/chainStore.ts'
import { createSnapshot } from '../../snapshot/create.ts'
import { checkTrusted, confirmSnapshot, readSnapshot, type Trust, verifyLeaves } from '../../snapshot/load.ts'
import { SNAPSHOT_SCHEMA } from '../../snapshot/schema.ts'
import { openSnapshot } from '../../snapshot/source.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { openStore } from '../../store/openStore.ts'
import { openSnapshots } from '../../store/snapshots.ts'
import type { Store } from '../../store/store.ts'
import { addOptions, type Config, loadConfig } from '../config/load.ts'
import { ConfigError } from '../config/resolve.ts'
import {
  SNAPSHOT_CREATE_OPTIONS,
  SNAPSHOT_LOAD_OPTIONS,
  SNAPSHOT_VERIFY_OPTIONS,
} from '../config/snapshotOptions.ts'
import { l1OptionsOf, loggerOf, specOf, trustOf } from '../nodeConfig.ts'
import { createShutdown } from '../shutdown.ts'

/** As the node's own. */
const DATABASE = 'chain.db'
const PROGRESS_INTERVAL_MS = 1_000

export function dbCommand(): Command {
  const snapshot = new Command('snapshot')
    .description('a state at a block, as files that anybody can check')
    .addCommand(createCommand())
    .addCommand(verifyCommand())
    .addCommand(loadCommand())
  return new Command('db').description('the database of a node').addCommand(snapshot)
}

function createCommand(): Command {
  return addOptions(
    new Command('create')
      .description(
        'write a snapshot of a node’s database, running or not; a creation that was stopped goes on',
      )
      .argument('<directory>', 'empty, or one that a stopped creation has left'),
    SNAPSHOT_CREATE_OPTIONS,
  ).action(async (directory: string, flags) => {
    const config = loadConfig(SNAPSHOT_CREATE_OPTIONS, flags)
    const spec = await specOf(config)
    const signal = stoppable()
    const block = config.get<bigint>('snapshot.block')
    const say = createProgressLine()
    const snapshots = await openSnapshots({
      path: databaseOf(config, spec),
      cacheKiB: config.need<number>('db.cache') * 1024,
    })
    const created = await withScratch((scratch) =>
      createSnapshot(
        { spec, snapshots, scratch, directory },
        {
          signal,
          ...(block !== undefined && { block }),
          onProgress: ({ section, chunks, bytes, share }) =>
            say(`${section} ${percent(share)}, ${chunks} chunks, ${megabytes(bytes)}`),
        },
      ),
    ).finally(() => snapshots.close())
    const { state } = created.manifest
    console.log(
      `snapshot of L2 block ${created.manifest.block.number} (${created.manifest.block.hash}): ${state.accounts} accounts, ` +
        `${state.slots} slots, ${state.codes} codes in ${created.manifest.chunks.length} chunks, ${megabytes(created.bytes)}; sha256 ${created.sum}`,
    )
  })
}

function verifyCommand(): Command {
  return addOptions(
    new Command('verify')
      .description('check a snapshot: every chunk, every root, and with --l1.rpc what L1 says of its block')
      .argument('<place>', 'directory or http(s) URL'),
    SNAPSHOT_VERIFY_OPTIONS,
  ).action(async (place: string, flags) => {
    const config = loadConfig(SNAPSHOT_VERIFY_OPTIONS, flags)
    const spec = await specOf(config)
    const signal = stoppable()
    const say = createProgressLine()
    const snapshot = await readSnapshot(openSnapshot(place, { onRetry: sayRetry }), spec, signal)
    const trust = trustOf(config)
    if (trust.type === 'hash') checkTrusted(snapshot.manifest, trust.hash)
    if (['l1.rpc', 'l1.archive'].some((flag) => config.get(flag) !== undefined)) {
      const l1 = await openL1({ ...l1OptionsOf(config), spec, logger: loggerOf(config), signal })
      await confirmSnapshot({ l1, spec, signal }, snapshot, trust).finally(() => l1.close())
    }
    await withScratch((scratch) =>
      verifyLeaves(scratch, snapshot, {
        signal,
        onProgress: ({ chunks, chunksTotal, bytes, bytesTotal }) =>
          say(`${percent(bytes / bytesTotal)}, chunk ${chunks} of ${chunksTotal}`),
      }),
    )
    const { block, state } = snapshot.manifest
    const word =
      config.get('l1.rpc') === undefined ? 'what L1 says of it was not asked (--l1.rpc)' : wordOf(trust)
    console.log(
      `snapshot of L2 block ${block.number} (${block.hash}) is whole: ${state.accounts} accounts, ${state.slots} slots, ` +
        `${state.codes} codes make state root ${block.stateRoot}; ${word}; sha256 ${snapshot.sum}`,
    )
  })
}

function loadCommand(): Command {
  return addOptions(
    new Command('load')
      .description('begin a data directory with a snapshot; a load that was stopped goes on')
      .argument('<place>', 'directory or http(s) URL'),
    SNAPSHOT_LOAD_OPTIONS,
  ).action(async (place: string, flags) => {
    const config = loadConfig(SNAPSHOT_LOAD_OPTIONS, flags)
    const spec = await specOf(config)
    const signal = stoppable()
    const say = createProgressLine()
    const trust = trustOf(config)
    const store = await openDatabase(config, spec)
    try {
      if (await isInitialised(store))
        throw new ConfigError(`${databaseOf(config, spec)} holds a chain already; give an empty --datadir`)
      const l1 = await openL1({ ...l1OptionsOf(config), spec, logger: loggerOf(config), signal })
      try {
        const beginning = await beginWithSnapshot(
          { store, spec, l1, trust, source: openSnapshot(place, { onRetry: sayRetry }) },
          {
            signal,
            onConfirmed: ({ blockNumber, hash }) =>
              console.error(`L2 block ${blockNumber} (${hash}): ${wordOf(trust)}`),
            onProgress: ({ chunks, chunksTotal, bytes, bytesTotal }) =>
              say(`${percent(bytes / bytesTotal)}, chunk ${chunks} of ${chunksTotal}`),
          },
        )
        console.log(
          `loaded: the chain begins at L2 block ${beginning.blockNumber} (${beginning.hash}); sha256 ${beginning.sum}`,
        )
      } finally {
        await l1.close()
      }
    } finally {
      await store.close()
    }
  })
}

function wordOf(trust: Trust): string {
  return trust.type === 'proven' ? 'L1 holds it for proven' : 'vouched for by --sync.trust-snapshot'
}

function databaseOf(config: Config, spec: RollupSpec): string {
  return join(config.get<string>('datadir') ?? `data/${spec.name}`, DATABASE)
}

async function openDatabase(config: Config, spec: RollupSpec): Promise<Store> {
  const path = databaseOf(config, spec)
  await mkdir(dirname(path), { recursive: true })
  return openStore({
    path,
    schemas: CHAIN_STORE_SCHEMAS,
    cacheKiB: config.need<number>('db.cache') * 1024,
  })
}

/** What a walk must remember lies in a file: memory stays small. */
async function withScratch<T>(work: (scratch: Store) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'plumbline-scratch-'))
  try {
    const scratch = await openStore({
      path: join(directory, 'scratch.db'),
      schemas: { snapshot: [SNAPSHOT_SCHEMA] },
      cacheKiB: 16 * 1024,
    })
    return await work(scratch).finally(() => scratch.close())
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function stoppable(): AbortSignal {
  return createShutdown((name) =>
    console.error(`${name}: stopping behind this chunk; the same command goes on from there`),
  )
}

function sayRetry(file: string, reason: string): void {
  console.error(`${file}: ${reason}; trying again`)
}

/** A line now and then, on the stream that is not the result's. */
function createProgressLine(): (line: string) => void {
  let saidAt = Number.NEGATIVE_INFINITY
  return (line) => {
    const now = performance.now()
    if (now - saidAt < PROGRESS_INTERVAL_MS) return
    saidAt = now
    console.error(line)
  }
}

function percent(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(1)}%`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
