/** `plumbline reorder`: what another ordering rule would have made of the same transactions. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Command } from 'commander'
import { z } from 'zod'
import { openL1 } from '../../archive/openL1.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import { createResources } from '../../primitives/resources.ts'
import { deriveInto } from '../../research/collect/deriveInto.ts'
import { readDataset } from '../../research/dataset/readDataset.ts'
import type { ArrivalModel } from '../../research/ordering/arrival.ts'
import { BLOCKS_MAX, type KnownTimes, openChainHistory } from '../../research/ordering/chainHistory.ts'
import { compareRules } from '../../research/ordering/compareRules.ts'
import { DATASET_TABLES, readDatasetHistory, timesOf } from '../../research/ordering/datasetHistory.ts'
import { equalSequencers, type History } from '../../research/ordering/history.ts'
import { readOpHistory } from '../../research/ordering/op/opHistory.ts'
import type { Reexecution } from '../../research/ordering/reexecute.ts'
import { toReportJson } from '../../research/ordering/reportJson.ts'
import { toReportText } from '../../research/ordering/reportText.ts'
import type { Sequencer } from '../../research/ordering/rule.ts'
import { type ChosenRule, chooseRule, RULES } from '../../research/ordering/rules/index.ts'
import { addOptions, type Config, loadConfig } from '../config/load.ts'
import { REORDER_OPTIONS } from '../config/reorderOptions.ts'
import { ConfigError } from '../config/resolve.ts'
import { createLineProgress } from '../lineProgress.ts'
import { engineOptionsOf, l1OptionsOf, readGenesis, sideLoggerOf, specOf } from '../nodeConfig.ts'
import { createShutdown } from '../shutdown.ts'

export function reorderCommand(): Command {
  return addOptions(
    new Command('reorder').description(
      'apply other ordering rules to the same transactions, and execute them anew',
    ),
    REORDER_OPTIONS,
  ).action((flags) => reorder(loadConfig(REORDER_OPTIONS, flags)))
}

async function reorder(config: Config): Promise<void> {
  const rules = rulesOf(config)
  const { history, reexecute, close } = await openHistory(config)
  const progress = createLineProgress()
  try {
    const arrival = config.need<ArrivalModel>('arrival')
    if (arrival === 'first-seen' && history.transactions.every((each) => each.firstSeenMs === undefined))
      throw new ConfigError(
        'no node saw any of these transactions first: --arrival first-seen needs the --datadir of a node that had them in its pool, or a --dataset that says when',
      )
    const comparison = await compareRules({
      ...{ history, rules, arrival },
      sequencers: await sequencersOf(config, history),
      jitterMs: config.need<number>('arrival.jitter'),
      seeds: config.need<number>('seeds'),
      ...(reexecute && { reexecute }),
      onProgress: ({ done, of, rule }) => progress.note({ done, of, text: rule }),
    })
    progress.end()
    console.log(config.need<boolean>('json') ? toReportJson(comparison) : toReportText(comparison))
  } finally {
    progress.end()
    await close()
  }
}

function rulesOf(config: Config): readonly ChosenRule[] {
  const names = config
    .need<string[]>('rule')
    .flatMap((name) => (name === 'all' ? RULES.map(({ id }) => id) : name))
  return names.map(chooseRule)
}

type Opened = { readonly history: History; readonly reexecute?: Reexecution; close(): Promise<void> }

const nothingOpen = async (): Promise<void> => {}
const NO_TIMES: KnownTimes = { firstSeen: new Map(), due: new Map() }

async function openHistory(config: Config): Promise<Opened> {
  const channel = config.get<string>('op-channel')
  const datasetDir = config.get<string>('dataset')
  const dataDir = config.get<string>('datadir')
  if (channel !== undefined) {
    if (dataDir !== undefined || datasetDir !== undefined)
      throw new ConfigError('--op-channel stands alone: no --datadir or --dataset with it')
    return { history: readOpHistory(await readText(channel), basename(channel)), close: nothingOpen }
  }
  const [from, to] = [config.get<bigint>('from'), config.get<bigint>('to')]
  const range = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  const dataset = datasetDir === undefined ? undefined : await readDataset(datasetDir, DATASET_TABLES)
  const times = dataset === undefined ? NO_TIMES : timesOf(dataset)
  if (['l1.archive', 'l1.rpc'].some((flag) => config.get(flag) !== undefined))
    return openWithL1(config, { ...range, times, ...(dataDir !== undefined && { dataDir }) })
  if (dataDir !== undefined) return openChainHistory({ ...range, times, dataDir, spec: await specOf(config) })
  if (dataset === undefined)
    throw new ConfigError('one of --op-channel, --datadir, --l1.archive, --l1.rpc and --dataset is needed')
  return { history: readDatasetHistory(dataset, range), close: nothingOpen }
}

type Wanted = Omit<Parameters<typeof openChainHistory>[0], 'spec' | 'dataDir'> & { readonly dataDir?: string }

/** With what L1 lists; without a node's database the chain is derived into a folder that goes away afterwards. */
async function openWithL1(config: Config, wanted: Wanted): Promise<Opened> {
  const spec = await specOf(config)
  const logger = sideLoggerOf(config)
  const signal = createShutdown(() => console.error('stopping'))
  const { keep, close } = createResources()
  try {
    const l1 = keep(await openL1({ ...l1OptionsOf(config), spec, logger, signal }))
    const dataDir = wanted.dataDir ?? keep(await createTemporaryFolder('plumbline-reorder-')).path
    if (wanted.dataDir === undefined) {
      const end =
        config.get<string>('l1.archive') === undefined
          ? await l1.reads.finalized(signal)
          : await l1.newest(signal)
      if (end === null) throw new TemporaryError('no L1 source says which block is final; try again later')
      const engine = { ...engineOptionsOf(config), workers: config.need<number>('engine.workers') }
      const deps = { spec, l1, genesis: await readGenesis(config), engine, logger, signal }
      await deriveInto({ ...deps, proofWindowBlocks: BLOCKS_MAX }, dataDir, Number(end.number))
    }
    const onRetry = ({ message }: TemporaryError) => logger.warn({ error: message }, 'trying again')
    const opened = keep(await openChainHistory({ ...wanted, dataDir, spec, listed: { l1, signal, onRetry } }))
    return { ...opened, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function createTemporaryFolder(prefix: string) {
  const path = await mkdtemp(join(tmpdir(), prefix))
  return { path, close: () => rm(path, { recursive: true, force: true }) }
}

const SEQUENCERS = z
  .array(
    z.strictObject({
      address: z
        .string()
        .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address')
        .transform((text) => text.toLowerCase() as `0x${string}`),
      stake: z
        .string()
        .regex(/^[0-9]{1,38}$/, 'must be wei, as text')
        .transform(BigInt),
      faultProbability: z.number().min(0).max(1).default(0),
    }),
  )
  .min(1)

async function sequencersOf(config: Config, history: History): Promise<readonly Sequencer[]> {
  const file = config.get<string>('sequencers.file')
  const number = config.get<number>('sequencers')
  if (file !== undefined && number !== undefined)
    throw new ConfigError('one of --sequencers and --sequencers.file, not both')
  if (number !== undefined) return equalSequencers(number)
  if (file === undefined) return history.sequencers
  try {
    return SEQUENCERS.parse(JSON.parse(await readText(file)))
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : 'it is no JSON'
    throw new ConfigError(`${file} is no list of sequencers: ${reason}`, { cause })
  }
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`${path} cannot be read`, { cause })
  })
}
