/** From configured values to what a node is made of. */
import { readFile } from 'node:fs/promises'
import { assertFollowable } from '../derive/followable.ts'
import { buildGenesis, type Genesis } from '../engine/genesis.ts'
import type { L1Position } from '../l1/l1.ts'
import type { NodeOptions } from '../node.ts'
import type { PreconfOptions } from '../preconf/createPreconf.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { Namespace } from '../rpc/methods.ts'
import type { Trust } from '../snapshot/load.ts'
import { openSnapshot } from '../snapshot/source.ts'
import { NETWORKS } from '../spec/networks/networks.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { parseRollupSpec } from '../spec/specFile.ts'
import { createLogger, defaultLogFormat, type LogFormat, type LogLevel } from '../telemetry/createLogger.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Config } from './config/load.ts'
import { ConfigError } from './config/resolve.ts'
import { limitsOf } from './config/rpcOptions.ts'

export function logFormatOf(config: Config): LogFormat {
  return config.get<LogFormat>('log.format') ?? defaultLogFormat()
}

export function loggerOf(config: Config): Logger {
  return createLogger({ level: config.need<LogLevel>('log.level'), format: logFormatOf(config) })
}

/** Of a command whose standard output is its result. */
export function sideLoggerOf(config: Config): Logger {
  return createLogger({
    ...{ level: config.need<LogLevel>('log.level'), format: logFormatOf(config) },
    stream: process.stderr,
  })
}

export async function specOf(config: Config): Promise<RollupSpec> {
  const network = config.get<string>('network')
  const file = config.get<string>('rollup.config')
  if ((network === undefined) === (file === undefined)) {
    throw new ConfigError('one of --network and --rollup.config is needed, and only one')
  }
  const spec =
    file === undefined
      ? NETWORKS[network ?? '']?.spec
      : parseRollupSpec(await readJson(file, 'rollup.config'))
  if (spec === undefined) throw new ConfigError(`unknown network ${network}`)
  return withJudgements(spec, config)
}

/** What the operator has decided of the inbox, beside what the spec says. */
function withJudgements(spec: RollupSpec, config: Config): RollupSpec {
  const accepted = config.get<Address[]>('l1.accept-implementation') ?? []
  const fromBlock = config.get<bigint>('l1.distrust-proofs-from')
  if (accepted.length === 0 && fromBlock === undefined) return spec
  const { inboxImplementations = [], distrustedProofs = [] } = spec.l1
  return {
    ...spec,
    l1: {
      ...spec.l1,
      ...(accepted.length > 0 && { inboxImplementations: [...inboxImplementations, ...accepted] }),
      ...(fromBlock !== undefined && { distrustedProofs: [...distrustedProofs, { fromBlock }] }),
    },
  }
}

export async function nodeOptionsOf(config: Config, signal: AbortSignal): Promise<NodeOptions> {
  const spec = await specOf(config)
  assertFollowable(spec)
  return {
    spec,
    genesis: () => readGenesis(config),
    dataDir: config.get<string>('datadir') ?? `data/${spec.name}`,
    ...checkpointOf(config),
    dbCacheKiB: config.need<number>('db.cache') * 1024,
    proofWindowBlocks: config.need<number>('state.proof-window'),
    workers: config.need<number>('engine.workers'),
    engine: engineOptionsOf(config),
    l1: l1OptionsOf(config),
    rpc: rpcOptionsOf(config),
    logger: loggerOf(config),
    signal,
  }
}

/** Where a node without a chain begins, of a command that has these options. */
function checkpointOf(config: Config): Pick<NodeOptions, 'checkpoint'> {
  const place = config.get<string>('sync.checkpoint')
  return place === undefined ? {} : { checkpoint: { source: openSnapshot(place), trust: trustOf(config) } }
}

export function trustOf(config: Config): Trust {
  const hash = config.get<Hash>('sync.trust-snapshot')
  return hash === undefined ? { type: 'proven' } : { type: 'hash', hash }
}

export function engineOptionsOf(config: Config): NonNullable<NodeOptions['engine']> {
  const loop = config.need<'own' | 'stock'>('engine.loop')
  const isChecked = config.need<boolean>('engine.check')
  if (isChecked && loop === 'stock')
    throw new ConfigError(
      '--engine.check compares our interpreter with EthereumJS: not with --engine.loop stock',
    )
  return { loop, isChecked }
}

/** What is followed, of a command that has these options. */
export function followOptionsOf(
  config: Config,
): Pick<PreconfOptions, 'sources' | 'committers' | 'retentionSeconds'> {
  return {
    retentionSeconds: BigInt(config.need<number>('preconf.retention-days')) * 86_400n,
    sources: config.need<string[]>('preconf.follow'),
    committers: config.need<Address[]>('preconf.committers'),
  }
}

export function l1OptionsOf(config: Config): NodeOptions['l1'] {
  const rateLimit = config.need<number>('l1.rate-limit')
  const limits = {
    timeoutMs: config.need<number>('l1.timeout'),
    concurrency: config.need<number>('l1.max-concurrency'),
    ...(rateLimit > 0 && { requestsPerSecond: rateLimit }),
  }
  const sources = (flag: string) =>
    (config.get<string[]>(flag) ?? []).map((url) => ({ name: nameOf(url), url, limits }))
  const trustedBlock = config.get<L1Position>('l1.trusted-block')
  const archive = config.get<string>('l1.archive')
  return {
    ...(archive !== undefined && { archive }),
    blobFolders: config.get<string[]>('blob.folder') ?? [],
    endpoints: (archive === undefined ? config.need<string[]>('l1.rpc') : []).map((url) => ({
      name: nameOf(url),
      url,
      limits,
    })),
    beacons: sources('l1.beacon'),
    blobServers: sources('blob.server'),
    pollIntervalMs: config.need<number>('l1.poll-interval'),
    trustsTransactionHashes: config.need<boolean>('l1.trust-transaction-hashes'),
    ...(trustedBlock && { trustedBlock }),
  }
}

export function rpcOptionsOf(config: Config): NodeOptions['rpc'] {
  const namespaces = config.get<Namespace[]>('http.api')
  const callProcesses = config.get<number>('rpc.processes')
  return {
    host: config.need<string>('http.addr'),
    port: config.need<number>('http.port'),
    vhosts: config.need<string[]>('http.vhosts'),
    corsDomains: config.need<string[]>('http.corsdomain'),
    wsOrigins: config.need<string[]>('ws.origins'),
    limits: limitsOf((flag) => config.need<number>(flag)),
    ...(namespaces && { namespaces }),
    ...(callProcesses !== undefined && { callProcesses }),
  }
}

export async function readGenesis(config: Config): Promise<Genesis> {
  return buildGenesis(await readJson(config.need<string>('genesis'), 'genesis'))
}

/** From a file, or a URL; what comes is checked against the spec by whoever uses it. */
async function readJson(place: string, flag: string): Promise<unknown> {
  const name = `${isUrl(place) ? nameOf(place) : place} (--${flag})`
  const text = await readText(place).catch((cause: unknown) => {
    throw new ConfigError(`${name} cannot be read: ${reasonOf(cause)}`, { cause })
  })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConfigError(`${name} is no valid JSON: ${reasonOf(cause)}`, { cause })
  }
}

async function readText(place: string): Promise<string> {
  if (!isUrl(place)) return readFile(place, 'utf8')
  const response = await fetch(place)
  if (!response.ok) throw new Error(`the server answers ${response.status}`)
  return response.text()
}

/** What logs call an endpoint: its host, never its path, which may hold a key. */
function nameOf(url: string): string {
  return new URL(url).host
}

function isUrl(place: string): boolean {
  return /^https?:/.test(place)
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
