/**
 * A simulated L1 with schedule contracts and beacon nodes that know proposers. The contracts are models that answer by block,
 * so that branches differ; proposers follow from the dependent root, as on a real chain.
 */
import { createHash } from 'node:crypto'
import { decodeFunctionData, encodeAbiParameters, encodeFunctionResult, parseAbiParameters } from 'viem'
import { createL1 } from '../../src/l1/createL1.ts'
import { type Address, type Hash, type Hex, ZERO_ADDRESS, ZERO_HASH } from '../../src/primitives/hex.ts'
import { keccak256Hex } from '../../src/primitives/keccak.ts'
import { SCHEDULE_ABI } from '../../src/schedule/abi.ts'
import { createSchedule } from '../../src/schedule/createSchedule.ts'
import type { Schedule } from '../../src/schedule/schedule.ts'
import { encodeLookahead } from '../../src/schedule/vector.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import type { L1Block } from './l1/block.ts'
import type { Fetch } from './l1/face.ts'
import { createSimulatedL1, type SimulatedL1 } from './l1/simulatedL1.ts'
import { QUICK, specOf } from './l1Room.ts'

const CHECKER: Address = `0x${'c0'.repeat(20)}`
const FALLBACK: Address = `0x${'fa'.repeat(20)}`
const MAP: Address = `0x${'a1'.repeat(20)}`
const REGISTRY: Address = `0x${'a2'.repeat(20)}`
const SLASHER: Address = `0x${'a3'.repeat(20)}`
export const SLOTS = 32
export const FORCED_DELAY = 48
export const MULTIPLIER = 5

/** What the contracts answer; a test replaces what it is about. Timestamps in seconds. */
export type Contracts = {
  checker: 'open' | 'whitelist' | 'lookahead' | 'other'
  fallback: 'open' | 'whitelist'
  whitelistOperator(epoch: bigint, block: L1Block): Address
  /** Epochs whose lookahead is proven at the block. */
  isStored(epoch: bigint, block: L1Block): boolean
  operatorAt(validatorIndex: bigint, timestamp: bigint, block: L1Block): Hash
  committerAt(registrationRoot: Hash, timestamp: bigint, block: L1Block): Address
  poster(registrationRoot: Hash, block: L1Block): Address
  /** The queue of forced inclusions; the first has this index. */
  queue(block: L1Block): { readonly head: number; readonly savedAt: readonly number[] }
}

/** How a beacon node answers; absent: as an honest one. */
export type BeaconNode = {
  readonly name: string
  lookahead?: 'none' | ((honest: readonly bigint[]) => readonly bigint[])
  dutiesV2?: 'none' | ((honest: readonly bigint[]) => readonly bigint[])
  dutiesV1?: 'none'
  /** Knows only blocks of this one's branch, up to it. */
  head?: () => L1Block
  requests: string[]
}

export type ScheduleWorld = Awaited<ReturnType<typeof createScheduleWorld>>

export async function createScheduleWorld(input: {
  readonly seed: string
  readonly contracts?: Partial<Contracts>
  readonly beacons?: readonly Omit<BeaconNode, 'requests'>[]
  /** Of the simulated L1, in seconds. */
  readonly genesisTime?: bigint
}) {
  const sim = createSimulatedL1({
    seed: input.seed,
    ...(input.genesisTime !== undefined && { genesisTime: input.genesisTime }),
  })
  const { genesisTime, secondsPerSlot } = sim.config
  const contracts: Contracts = {
    checker: 'lookahead',
    fallback: 'open',
    whitelistOperator: () => ZERO_ADDRESS,
    isStored: () => false,
    operatorAt: () => ZERO_HASH,
    committerAt: () => ZERO_ADDRESS,
    poster: () => ZERO_ADDRESS,
    queue: () => ({ head: 0, savedAt: [] }),
    ...input.contracts,
  }
  const beacons = (input.beacons ?? [{ name: 'beacon' }]).map((each) => ({
    ...each,
    requests: [] as string[],
  }))
  const calls: string[] = []
  const epochOf = (block: L1Block) => BigInt(Math.floor(block.beacon.slot / SLOTS))
  const request = createContractRequest(sim, contracts, calls, epochOf)
  const l1 = await createL1({
    spec: specOf(sim),
    endpoints: [{ name: 'sim', request, limits: { requestsPerSecond: 1_000_000 } }],
    beacons: beacons.map((node) => ({
      name: node.name,
      url: `http://${node.name}.test`,
      fetch: createBeaconFetch(sim, node),
      limits: { requestsPerSecond: 1_000_000 },
    })),
    ...QUICK,
  })
  let now = genesisTime
  const status = () => ({
    ...l1.status(),
    head: { number: sim.head().header.number, hash: sim.head().hash },
  })
  const createRoom = (failurePauseMs = 0): Schedule =>
    createSchedule({
      spec: specOf(sim),
      l1: { ancestor: l1.ancestor, status },
      reads: l1.reads,
      logger: silentLogger,
      now: () => now,
      failurePauseMs,
    })
  return {
    sim,
    l1,
    contracts,
    beacons,
    calls,
    createRoom,
    schedule: createRoom(),
    setNow: (slot: number, seconds = 0) => {
      now = genesisTime + BigInt(slot) * secondsPerSlot + BigInt(seconds)
    },
    /** Mines up to and with the block of a slot, leaving none out. */
    mineTo(slot: number): L1Block {
      while (sim.head().beacon.slot < slot) sim.mine()
      return sim.head()
    },
    timestampOf: (slot: number) => genesisTime + BigInt(slot) * secondsPerSlot,
    close: () => l1.close(),
  }
}

/** Root of the last beacon block before a slot on the branch of a block. */
function rootBefore(sim: SimulatedL1, tip: L1Block, slot: number): Hash {
  let at = tip
  while (at.beacon.slot >= slot && at.header.number > 0n) at = sim.tree.block(at.header.parentHash)!
  return at.beacon.root
}

/** Proposers of an epoch on a branch: they are settled when the epoch before begins. */
export function proposersOf(sim: SimulatedL1, tip: L1Block, epoch: number): readonly bigint[] {
  const seed = rootBefore(sim, tip, Math.max(0, epoch - 1) * SLOTS)
  return Array.from({ length: SLOTS }, (_, i) => {
    const digest = createHash('sha256').update(`${seed}:${epoch}:${i}`).digest()
    return BigInt(digest.readUInt16BE(0))
  })
}

/** The vector in the state of a block of the epoch. */
export function lookaheadOf(sim: SimulatedL1, tip: L1Block, epoch: number): readonly bigint[] {
  return [...proposersOf(sim, tip, epoch), ...proposersOf(sim, tip, epoch + 1)]
}

function createContractRequest(
  sim: SimulatedL1,
  contracts: Contracts,
  calls: string[],
  epochOf: (block: L1Block) => bigint,
): SimulatedL1['request'] {
  const revert = () => Object.assign(new Error('execution reverted'), { code: 3 })
  const answer = (to: Address, data: Hex, block: L1Block): Hex => {
    const { functionName, args } = decodeFunctionData({ abi: SCHEDULE_ABI, data })
    calls.push(functionName)
    const reply = (result: unknown): Hex =>
      encodeFunctionResult({ abi: SCHEDULE_ABI, functionName, result } as never)
    if (to === sim.config.inbox) {
      const { head, savedAt } = contracts.queue(block)
      if (functionName === 'getConfig') return reply(configOf(CHECKER))
      if (functionName === 'getForcedInclusionState') return reply([head, head + savedAt.length])
      if (functionName === 'getForcedInclusions') {
        const [start, count] = args
        return reply(
          savedAt.slice(start - head, start - head + count).map((timestamp, i) => ({
            feeInGwei: 7n,
            blobSlice: { blobHashes: [blobHash(start + i)], offset: 0, timestamp },
          })),
        )
      }
    }
    const kind = to === CHECKER ? contracts.checker : to === FALLBACK ? contracts.fallback : 'part'
    if (kind === 'open' && functionName === 'checkProposer') return reply(0)
    if (kind === 'whitelist') {
      const epoch = epochOf(block)
      if (functionName === 'getOperatorForCurrentEpoch')
        return reply(contracts.whitelistOperator(epoch, block))
      if (functionName === 'getOperatorForNextEpoch')
        return reply(contracts.whitelistOperator(epoch + 1n, block))
      if (functionName === 'secondsPerEpoch') return reply(SLOTS * Number(sim.config.secondsPerSlot))
    }
    if (kind === 'lookahead') {
      if (functionName === 'validatorMap') return reply(MAP)
      if (functionName === 'registry') return reply(REGISTRY)
      if (functionName === 'slasher') return reply(SLASHER)
      if (functionName === 'fallbackSchedule') return reply(FALLBACK)
      if (functionName === 'beaconSettings') return reply(settingsOf(sim))
      if (functionName === 'lookaheadHashes') {
        const [epoch] = args
        const isStored = epoch <= epochOf(block) && contracts.isStored(epoch, block)
        return reply(
          isStored ? keccak256Hex(encodeLookahead(lookaheadOf(sim, block, Number(epoch)))) : ZERO_HASH,
        )
      }
      if (functionName === 'posters') return reply(contracts.poster(args[0], block))
    }
    if (to === MAP && functionName === 'operatorAt')
      return reply(contracts.operatorAt(args[0], args[1], block))
    if (to === REGISTRY && functionName === 'committerAt')
      return reply(contracts.committerAt(args[0], BigInt(args[2]), block))
    throw revert()
  }
  return async (method, params = [], signal) => {
    if (method === 'eth_getLogs') {
      const [{ address, topics }] = params as [{ address: Address; topics: readonly Hash[] }]
      if (address !== CHECKER) return sim.request(method, params, signal)
      calls.push('LookaheadProven')
      const epoch = Number(BigInt(topics[1]!))
      const head = sim.head()
      const bytes = encodeLookahead(lookaheadOf(sim, head, epoch))
      const data = encodeAbiParameters(parseAbiParameters('bytes'), [
        `0x${Buffer.from(bytes).toString('hex')}`,
      ])
      return contracts.isStored(BigInt(epoch), head) ? [{ address, topics, data }] : []
    }
    if (method !== 'eth_call') return sim.request(method, params, signal)
    const [call, at] = params as [{ to: Address; data: Hex }, { blockHash: Hash }]
    const block = sim.tree.block(at.blockHash)
    if (block === undefined) throw Object.assign(new Error('header not found'), { code: -32000 })
    return answer(call.to, call.data, block)
  }
}

export function blobHash(index: number): Hash {
  return `0x01${index.toString(16).padStart(62, '0')}`
}

function configOf(proposerChecker: Address) {
  return {
    proofVerifier: ZERO_ADDRESS,
    proposerChecker,
    proverWhitelist: ZERO_ADDRESS,
    signalService: ZERO_ADDRESS,
    bondToken: ZERO_ADDRESS,
    minBond: 0n,
    livenessBond: 0n,
    withdrawalDelay: 0,
    provingWindow: 0,
    permissionlessProvingDelay: 0,
    maxProofSubmissionDelay: 0,
    ringBufferSize: 100,
    basefeeSharingPctg: 75,
    forcedInclusionDelay: FORCED_DELAY,
    forcedInclusionFeeInGwei: 7n,
    forcedInclusionFeeDoubleThreshold: 50n,
    permissionlessInclusionMultiplier: MULTIPLIER,
  }
}

function settingsOf(sim: SimulatedL1) {
  return {
    beaconRoots: ZERO_ADDRESS,
    beaconGenesis: Number(sim.config.genesisTime),
    secondsPerSlot: Number(sim.config.secondsPerSlot),
    slotsPerEpoch: SLOTS,
    gloasForkEpoch: 2n ** 64n - 1n,
  }
}

function createBeaconFetch(sim: SimulatedL1, node: BeaconNode): Fetch {
  const json = (status: number, body: unknown) =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
  const absent = () => json(404, { code: 404, message: 'NOT_FOUND' })
  const tip = () => node.head?.() ?? sim.head()
  const knows = (block: L1Block | undefined): block is L1Block =>
    block !== undefined && (node.head === undefined || block.beacon.slot <= tip().beacon.slot)
  return async (url, init) => {
    const { pathname } = new URL(String(url))
    node.requests.push(pathname)
    const lookahead = /states\/(0x\w+)\/proposer_lookahead$/.exec(pathname)
    if (lookahead) {
      const block = [...walk(sim, tip())].find(({ beacon }) => beacon.stateRoot === lookahead[1])
      if (!knows(block) || node.lookahead === 'none') return absent()
      const honest = lookaheadOf(sim, block, Math.floor(block.beacon.slot / SLOTS))
      return json(200, { version: 'fulu', data: (node.lookahead?.(honest) ?? honest).map(String) })
    }
    const duties = /\/eth\/v([12])\/validator\/duties\/proposer\/(\d+)$/.exec(pathname)
    if (duties) {
      const [version, epoch] = [duties[1], Number(duties[2])]
      const kind = version === '2' ? node.dutiesV2 : node.dutiesV1
      if (kind === 'none') return absent()
      if (epoch > Math.floor(tip().beacon.slot / SLOTS) + 1)
        return json(400, { code: 400, message: 'too far' })
      const honest = proposersOf(sim, tip(), epoch)
      const proposers = (typeof kind === 'function' ? kind : undefined)?.(honest) ?? honest
      // A v1 answer for the next epoch depends on the head, as it did before Fulu.
      const dependentOn = version === '2' ? Math.max(0, epoch - 1) : epoch
      return json(200, {
        dependent_root: rootBefore(sim, tip(), dependentOn * SLOTS),
        data: proposers.map((index, i) => ({
          pubkey: `0x${'00'.repeat(48)}`,
          validator_index: String(index),
          slot: String(epoch * SLOTS + i),
        })),
      })
    }
    const header = /beacon\/headers\/(0x\w+)$/.exec(pathname)
    if (header && !knows(sim.tree.blockByBeaconRoot(header[1] as Hash))) return absent()
    return sim.fetch(url, init)
  }
}

function* walk(sim: SimulatedL1, tip: L1Block): Generator<L1Block> {
  for (let at: L1Block | undefined = tip; at !== undefined; at = sim.tree.block(at.header.parentHash))
    yield at
}

/** A registration root and a committer for each operator's number. */
export function operator(number: number): { readonly root: Hash; readonly committer: Address } {
  return {
    root: `0x${number.toString(16).padStart(64, '0')}`,
    committer: `0x${number.toString(16).padStart(40, '0')}`,
  }
}
