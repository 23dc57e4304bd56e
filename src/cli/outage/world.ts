/** A devnet for one run of a scenario: L1 with the contracts, a clock, nodes, users, and somebody who watches. */
import { parseAbi } from 'viem'
import { buildGenesis } from '../../engine/genesis.ts'
import { sleep } from '../../primitives/async.ts'
import { toSafeNumber } from '../../primitives/bigint.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { Address } from '../../primitives/hex.ts'
import { createResources } from '../../primitives/resources.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import { createBlobProver } from '../../propose/blobProver.ts'
import { createInboxReader } from '../../propose/inbox.ts'
import { createL1Rpc } from '../../propose/l1Rpc.ts'
import { DEFAULT_SEQUENCER_OPTIONS } from '../../propose/sequencer/sequencer.ts'
import type { Constants, Facts, TransactionPath } from '../../research/outage/run.ts'
import { createDevnetSpec } from '../../spec/devnet.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Logger } from '../../telemetry/log.ts'
import { createDeployer, deployContracts } from '../devnet/deploy.ts'
import { readDevnetGenesis } from '../devnet/genesis.ts'
import { operatorAt, strangerAccount, userAt } from './accounts.ts'
import { createSteppedClock, type SteppedClock } from './clock.ts'
import { type Gate, startGate } from './gate.ts'
import { type NodePlace, type NodeWishes, type Operator, type RunningNode, startWorldNode } from './nodes.ts'
import {
  BEACON_ROOTS,
  type DrawTurn,
  FINALITY_DELAY_SLOTS,
  L1_CHAIN_ID,
  SECONDS_PER_SLOT,
  type SteppedL1,
  startSteppedL1,
} from './steppedL1.ts'
import { createPayments, queueForced, type SignedPayment } from './users.ts'
import { createWatch, type Watch } from './watch.ts'

export type WorldOptions = {
  readonly seed: string
  readonly dataDir: string
  readonly operators: number
  readonly slotsPerEpoch: number
  readonly drawTurn: DrawTurn
  readonly logger: Logger
  readonly signal: AbortSignal
}

export type World = {
  readonly l1: SteppedL1
  readonly clock: SteppedClock
  readonly spec: RollupSpec
  readonly constants: Constants
  /** For parts of nodes that a scenario puts together itself. */
  readonly place: NodePlace
  readonly operators: readonly Operator[]
  readonly stranger: Operator
  /** Before the beacon node; whoever is to be cut off asks there. */
  readonly gate: Gate
  readonly signal: AbortSignal
  /** Contract of the whitelist. */
  readonly schedule: Address
  /** Percent, of the inbox. */
  readonly basefeeSharingPctg: number
  /** Promises are made to this slasher from now on. */
  setDomain(domain: PromiseDomain, bond: Pick<Constants, 'bondWei' | 'safetyPenaltyWei'>): void
  start(wishes: NodeWishes): Promise<RunningNode>
  /** The node whose clocks are reported. */
  measure(node: RunningNode): Watch
  /** A payment of a user; it is reported when it was in which clock's block. */
  pay(input: {
    readonly user: number
    readonly sender: string
    readonly path: TransactionPath
    readonly to?: readonly RunningNode[]
  }): Promise<void>
  /** Users send again what no block of the measured node has, as wallets do. */
  sendAgain(to: readonly RunningNode[]): Promise<void>
  /** Whether those who ask at the gate hear of L1's finality; without it, what was final before is all there is. */
  setFinality(isOn: boolean): void
  note(what: string): void
  fact(name: string, value: Facts[string]): void
  /** Until nothing moves any more. */
  settle(): Promise<void>
  /** Whether the node may stay behind, as long as it says why. Otherwise it is waited for: the pauses before it tries again are of real time. */
  excuse(node: RunningNode, isExcused: boolean): void
  /** Name of the schedule's operator, at the newest L1 block. */
  turn(): Promise<string>
  nameOf(address: string): string
  facts(): Facts
  keep<T extends { close(): void | Promise<void> }>(resource: T): T
  close(): Promise<void>
}

/** Real milliseconds between looks at whether everybody is done, looks in a row without a change, and looks at all. */
const LOOK_MS = 8
const QUIET_LOOKS = 2
const LOOKS_MAX = 4_000
/** Looks until nodes that hear the same streams have the same latest block, or have a reason not to. */
const HEARD_LOOKS = 120

type L1Tip = { readonly hash: string; readonly finalized: bigint }
type L1Json = { readonly hash: string; readonly number: string }

const ETHER = 10n ** 18n
const SCHEDULE_ABI = parseAbi([
  'function secondsPerEpoch() view returns (uint48)',
  'function getOperatorForCurrentEpoch() view returns (address)',
])
const INBOX_ABI = parseAbi([
  'struct Config { address proofVerifier; address proposerChecker; address proverWhitelist; address signalService; address bondToken; uint64 minBond; uint64 livenessBond; uint48 withdrawalDelay; uint48 provingWindow; uint48 permissionlessProvingDelay; uint48 maxProofSubmissionDelay; uint48 ringBufferSize; uint8 basefeeSharingPctg; uint16 forcedInclusionDelay; uint64 forcedInclusionFeeInGwei; uint64 forcedInclusionFeeDoubleThreshold; uint8 permissionlessInclusionMultiplier; }',
  'function getConfig() view returns (Config)',
])

export async function startWorld(options: WorldOptions): Promise<World> {
  const { seed, slotsPerEpoch, logger, signal } = options
  const resources = createResources()
  const { keep } = resources
  try {
    const l1 = keep(await startSteppedL1({ ...options, seed }))
    const gate = keep(await startGate(l1.beaconUrl))
    const operators = Array.from({ length: options.operators }, (_, i) => operatorAt(i))
    const stranger = strangerAccount()
    for (const { address } of [...operators, stranger]) {
      await l1.request('anvil_setBalance', [address, `0x${(1_000n * ETHER).toString(16)}`])
    }
    const genesisJson = readDevnetGenesis('unzen')
    const genesis = buildGenesis(genesisJson)
    const l2ChainId = BigInt(genesisJson.config.chainId)
    await l1.mineAtOnce(true)
    const { inbox, bridge, startBlock } = await deployContracts({
      ...{ l1Url: l1.url, l1ChainId: L1_CHAIN_ID, l2ChainId, genesisHash: genesis.hash },
      whitelist: {
        ...{ beaconRoots: BEACON_ROOTS, genesisTime: l1.genesisTime },
        ...{ secondsPerSlot: SECONDS_PER_SLOT, slotsPerEpoch },
        operators: operators.map(({ address }) => address),
      },
    })
    await l1.mineAtOnce(false)
    const spec = createDevnetSpec({
      ...{ l2ChainId, inbox, bridge, startBlock, genesisTime: l1.genesisTime },
      l1ChainId: BigInt(L1_CHAIN_ID),
      secondsPerSlot: BigInt(SECONDS_PER_SLOT),
      genesis: { hash: genesis.hash, stateRoot: genesis.stateRoot },
    })
    const { reader } = createDeployer(l1.url, L1_CHAIN_ID)
    const { proposerChecker } = await reader.readContract({
      ...{ address: inbox, abi: INBOX_ABI, functionName: 'getConfig' },
    })
    const schedule = { address: proposerChecker, abi: SCHEDULE_ABI } as const
    const rpc = createL1Rpc({
      name: 'l1',
      url: l1.url,
      limits: { requestsPerSecond: 10_000, timeoutMs: 60_000 },
    })
    const config = await createInboxReader(rpc, inbox).config()
    const secondsPerEpoch = await reader.readContract({ ...schedule, functionName: 'secondsPerEpoch' })
    let constants: Constants = {
      secondsPerSlot: SECONDS_PER_SLOT,
      slotsPerEpoch: secondsPerEpoch / SECONDS_PER_SLOT,
      finalityDelaySlots: FINALITY_DELAY_SLOTS,
      forcedInclusionDelay: toSafeNumber(config.forcedInclusionDelay),
      permissionlessInclusionMultiplier: toSafeNumber(config.permissionlessInclusionMultiplier),
      l1StaleSeconds: DEFAULT_SEQUENCER_OPTIONS.l1StaleMs / 1_000,
    }
    const clock = createSteppedClock(Number(l1.timeOf(l1.slot())) * 1_000)
    const prover = keep(createBlobProver(0))
    let place: NodePlace = {
      ...{ dataDir: options.dataDir, spec, genesis, clock, rpc, prover, slotsPerEpoch, logger },
      ...{ l1Url: l1.url, beaconUrl: l1.beaconUrl },
    }
    const names = new Map<string, string>([
      ...operators.map(({ address }, i) => [address as string, `operator-${i}`] as const),
      [stranger.address, 'stranger'],
    ])
    const nameOf = (address: string) => names.get(address.toLowerCase()) ?? 'nobody known'
    const payment = createPayments(l2ChainId)
    const running: RunningNode[] = []
    const facts: Record<string, Facts[string]> = {}
    const sent = new Map<string, number>()
    const raws: SignedPayment[] = []
    let watch: Watch | undefined

    const excused = new Set<RunningNode>()
    let isFinalizing = true
    const isDone = (each: RunningNode, head: L1Tip): boolean => {
      const { isSynced, cursor, l1: status } = each.node.sync()
      const isFinal = !isFinalizing || (status.finalized?.number ?? 0n) >= head.finalized
      return (
        (isSynced && cursor?.hash === head.hash && isFinal) ||
        (excused.has(each) && each.says() !== undefined)
      )
    }
    const readTip = async (): Promise<L1Tip> => {
      const [latest, finalized] = await Promise.all(
        ['latest', 'finalized'].map((tag) => l1.request('eth_getBlockByNumber', [tag, false])),
      )
      return { hash: (latest as L1Json).hash, finalized: BigInt((finalized as L1Json).number) }
    }
    const settle = async (): Promise<void> => {
      const tip = await readTip()
      let [before, quiet] = ['', 0]
      for (let look = 0; quiet < QUIET_LOOKS; look++) {
        signal.throwIfAborted()
        const live = running.filter((each) => !each.isStopped())
        const late = live.filter((each) => !isDone(each, tip))
        const latest = (each: RunningNode) => each.node.chain.heads().latest.hash
        const heads = live.map(latest).join()
        const hearers = live.filter(({ node }) => node.preconf !== undefined)
        const isHeard = new Set(hearers.map(latest)).size <= 1 || look >= HEARD_LOOKS
        quiet = late.length === 0 && isHeard && heads === before ? quiet + 1 : 0
        before = heads
        if (look === LOOKS_MAX) throw new CriticalError(`the devnet does not come to rest: ${describe(late)}`)
        await sleep(LOOK_MS, signal)
      }
    }
    const describe = (late: readonly RunningNode[]): string =>
      late
        .map(({ name, node, says }) => {
          const { cursor, l1: status } = node.sync()
          return `${name} is at L1 block ${cursor?.number}, final ${status.finalized?.number}, and says ${says() ?? 'nothing'}`
        })
        .join('; ') || 'its heads go on changing'

    return {
      ...{ l1, clock, spec, operators, stranger, gate, signal, nameOf, settle, keep },
      ...{ schedule: proposerChecker, basefeeSharingPctg: config.basefeeSharingPctg },
      get constants() {
        return constants
      },
      get place() {
        return place
      },
      setDomain(domain, bond) {
        place = { ...place, domain }
        constants = { ...constants, ...bond }
      },
      async start(wishes) {
        const started = await startWorldNode(place, wishes)
        running.push(started)
        keep({ close: started.stop })
        return started
      },
      measure(measured) {
        watch = keep(createWatch({ l1, rpc, measured, nameOf }))
        return watch
      },
      async pay({ user, sender, path, to = [] }) {
        const signed = await payment(userAt(user))
        const count = sent.get(sender) ?? 0
        sent.set(sender, count + 1)
        const tracked = { name: `${sender}-${count}`, sender, path, sentSlot: l1.slot(), hash: signed.hash }
        if (path === 'pool') {
          raws.push(signed)
          watch?.track(tracked)
          for (const { pool } of to) await pool.add(signed.raw)
        } else {
          const l1Hash = await queueForced({ rpc, prover, inbox }, userAt(user), signed.raw)
          watch?.track({ ...tracked, l1Hash })
        }
      },
      async sendAgain(to) {
        for (const { pool, node } of to) {
          for (const { raw, hash } of raws) {
            if (pool.get(hash) !== undefined || (await node.chain.transactionPosition(hash)) !== undefined)
              continue
            await pool.add(raw)
          }
        }
      },
      note: (what) => watch?.note(what),
      excuse(node, isExcused) {
        if (isExcused) excused.add(node)
        else excused.delete(node)
      },
      setFinality(isOn) {
        isFinalizing = isOn
        gate.setRule((path) => (!isOn && path.endsWith('/finality_checkpoints') ? 'asBefore' : 'pass'))
      },
      fact(name, value) {
        facts[name] = value
      },
      async turn() {
        const operator: Address = await reader.readContract({
          ...schedule,
          functionName: 'getOperatorForCurrentEpoch',
        })
        return nameOf(operator)
      },
      facts: () => facts,
      close: resources.close,
    }
  } catch (error) {
    await resources.close().catch(() => {})
    throw error
  }
}
