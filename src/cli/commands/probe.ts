/** `plumbline probe`: how long transactions take, and whether they come at all, by the way they go in and by whom they are for. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { createRpcEndpoint } from '../../l1/rpcEndpoint.ts'
import { readPromiseDomain } from '../../preconf/domain.ts'
import { CriticalError } from '../../primitives/errors.ts'
import { writeWhole } from '../../primitives/files.ts'
import { type Address, bytesToHex, type Hash, type Hex } from '../../primitives/hex.ts'
import { createBlobProver } from '../../propose/blobProver.ts'
import { createL1Rpc, type RpcRequest, readHead } from '../../propose/l1Rpc.ts'
import { analyse } from '../../research/probe/analyse.ts'
import type { Entry, TargetClass } from '../../research/probe/classes.ts'
import type { ProbeDeps } from '../../research/probe/deps.ts'
import { openProbeLog } from '../../research/probe/log.ts'
import { assertSamePlan, type Clock, type Plan } from '../../research/probe/plan.ts'
import { reportFiles, toReportJson } from '../../research/probe/reportFiles.ts'
import { toReportText } from '../../research/probe/reportText.ts'
import { runProbes } from '../../research/probe/run.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { lockStore } from '../../store/lock.ts'
import { addOptions, type Config, loadConfig } from '../config/load.ts'
import { PROBE_OPTIONS } from '../config/probeOptions.ts'
import { ConfigError } from '../config/resolve.ts'
import { readKeyFile } from '../keyFile.ts'
import { createLineProgress } from '../lineProgress.ts'
import { loggerOf, specOf } from '../nodeConfig.ts'
import { createShutdown } from '../shutdown.ts'

/** A group is sent at once, and must not wait for the limits of its own client. */
const LIMITS = { concurrency: 64, requestsPerSecond: 1_000 }
const RUN_BYTES = 16

export function probeCommand(): Command {
  return addOptions(
    new Command('probe').description(
      'send matched random probes, and measure how they are included by entry point and kind of target',
    ),
    PROBE_OPTIONS,
  ).action((flags) => probe(loadConfig(PROBE_OPTIONS, flags)))
}

async function probe(config: Config): Promise<void> {
  const dir = config.need<string>('probe.dir')
  const spec = await specOf(config)
  const logger = loggerOf(config)
  const payerKey = await readKeyFile(config.need<string>('key-file'), 'key-file', logger)
  const asked = planOf(config, spec, payerKey)
  await mkdir(dir, { recursive: true })
  const lock = await lockStore(join(dir, 'log'))
  const log = openProbeLog(join(dir, 'log.ndjson'))
  const progress = createLineProgress()
  const prover = createBlobProver()
  try {
    const plan = await keepPlan(join(dir, 'plan.json'), asked)
    const signal = createShutdown((name) => console.error(`${name}: stopping; run the same command to go on`))
    const deps = await depsOf(config, { spec, payerKey, prover }, signal)
    await runProbes(deps, plan, log, {
      budget: parseEther(config.need<string>('probe.budget')),
      signal,
      warn: (sentence) => logger.warn({}, sentence),
      onProgress: progress.note,
    })
    progress.end()
    const analysis = analyse(plan, log.events())
    for (const [name, text] of Object.entries(reportFiles(analysis))) await writeWhole(join(dir, name), text)
    console.log(config.need<boolean>('json') ? toReportJson(analysis) : toReportText(analysis))
  } finally {
    progress.end()
    log.close()
    await prover.close()
    await lock.release()
  }
}

function planOf(config: Config, spec: RollupSpec, payerKey: Hex): Plan {
  const entries = config.need<Entry[]>('entry')
  const classes = config.need<TargetClass[]>('classes')
  const sensitive = config.need<Address[]>('probe.sensitive')
  if (classes.includes('sensitive') && sensitive.length === 0)
    throw new ConfigError('the class sensitive needs --probe.sensitive: addresses that somebody may not like')
  return {
    run: bytesToHex(randomBytes(RUN_BYTES)),
    chain: {
      name: spec.name,
      l1ChainId: String(spec.l1.chainId),
      l2ChainId: String(spec.l2.chainId),
    },
    payer: privateKeyToAccount(payerKey).address.toLowerCase() as Address,
    seed: config.need<number>('seed'),
    groups: config.need<number>('groups'),
    entries,
    classes,
    intervalMs: config.need<number>('probe.interval') * 1_000,
    cutoffMs: config.need<number>('probe.cutoff') * 1_000,
    until: config.need<Clock>('probe.until'),
    sensitive,
    contract: config.get<Address>('probe.contract') ?? null,
  }
}

/** The folder's own, if it has one; it must be what is asked for. */
async function keepPlan(path: string, asked: Plan): Promise<Plan> {
  if (!existsSync(path)) {
    await writeWhole(path, `${JSON.stringify(asked, null, 2)}\n`)
    return asked
  }
  const kept = JSON.parse(await readFile(path, 'utf8')) as Plan
  assertSamePlan(kept, asked, path)
  return kept
}

async function depsOf(
  config: Config,
  given: Pick<ProbeDeps, 'spec' | 'payerKey' | 'prover'>,
  signal: AbortSignal,
): Promise<ProbeDeps> {
  const { spec, payerKey } = given
  const rpcUrl = config.need<string>('rpc')
  const entries = config.need<Entry[]>('entry')
  const l1Url = config.get<string[]>('l1.rpc')?.[0]
  const timeoutMs = config.need<number>('l1.timeout')
  const l2 = createL1Rpc({ name: 'l2', url: rpcUrl, limits: LIMITS })
  const l1 =
    l1Url === undefined
      ? undefined
      : createL1Rpc({ name: 'l1', url: l1Url, limits: { ...LIMITS, timeoutMs } })
  if (l1 === undefined && entries.some((entry) => entry !== 'rpc'))
    throw new ConfigError('--l1.rpc is needed for the entry points preconf and forced')
  await assertChain(l2, '--rpc', spec.l2.chainId, signal)
  if (l1 !== undefined) await assertChain(l1, '--l1.rpc', spec.l1.chainId, signal)
  const preconf =
    l1 !== undefined && entries.includes('preconf')
      ? { url: config.need<string>('preconf'), domain: await readDomain(spec, l1, signal) }
      : undefined
  const observerUrl = config.get<string>('observer') ?? rpcUrl
  return {
    ...given,
    l2,
    observer: createRpcEndpoint({ name: 'observer', url: observerUrl, limits: LIMITS }),
    ...(l1 && { l1 }),
    ...(preconf && { preconf }),
    payer: privateKeyToAccount(payerKey),
    now: Date.now,
  }
}

/** Money sent to the senders of another chain is lost. */
async function assertChain(
  rpc: RpcRequest,
  flag: string,
  chainId: bigint,
  signal: AbortSignal,
): Promise<void> {
  const found = BigInt((await rpc('eth_chainId', [], signal)) as Hex)
  if (found !== chainId)
    throw new CriticalError(`${flag} is a node of chain ${found}, not of ${chainId}; nothing was sent`)
}

async function readDomain(spec: RollupSpec, l1: RpcRequest, signal: AbortSignal) {
  const call = (calls: readonly unknown[], blockHash: Hash) =>
    Promise.all(
      calls.map(
        async (each) => (await l1('eth_call', [each, { blockHash }], signal).catch(() => null)) as Hex | null,
      ),
    )
  const { hash } = await readHead(l1, signal)
  return readPromiseDomain({ spec, reads: { call } }, hash, signal)
}
