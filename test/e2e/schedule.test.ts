/** The node's schedule room on real beacon states and contracts: it names whom the contract lets propose, slot by slot. */
import { decodeFunctionResult, encodeFunctionData } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createL1 } from '../../src/l1/createL1.ts'
import type { L1, L1Position } from '../../src/l1/l1.ts'
import type { L1Reads } from '../../src/l1/reads.ts'
import type { RpcRequest } from '../../src/l1/rpcEndpoint.ts'
import { type Address, bytesToHex, type Hash, type Hex } from '../../src/primitives/hex.ts'
import { createPlainSender } from '../../src/propose/plainSender.ts'
import { createLookaheadProver, type LookaheadProver } from '../../src/propose/proveLookahead.ts'
import { createTurns } from '../../src/propose/turn.ts'
import { createSchedule } from '../../src/schedule/createSchedule.ts'
import type { Schedule } from '../../src/schedule/schedule.ts'
import { createDevnetSpec } from '../../src/spec/devnet.ts'
import type { RollupSpec } from '../../src/spec/rollupSpec.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { readArtifact } from '../support/contracts/artifacts.ts'
import { DEV_ACCOUNTS } from '../support/pos/executionGenesis.ts'
import { deployLookaheadRollup, type LookaheadRollup } from '../support/pos/lookaheadRollup.ts'
import { optInOperator } from '../support/pos/operators.ts'
import { hasPosL1, type PosL1, posL1Reason, startPosL1 } from '../support/pos/startPosL1.ts'

const L2 = { chainId: 167_002n, genesisHash: `0x${'47'.repeat(32)}` as Hash }
/** Validators of the two operators; the rest has not opted in. */
const [FIRST, SECOND] = [
  [3, 9, 27, 31, 40, 63],
  [5, 14, 22, 38, 50, 57],
]

type ContractWindow = { readonly committer: Address; readonly end: number }

describe.skipIf(!hasPosL1)(`on a proof-of-stake L1 the schedule room${posL1Reason}`, () => {
  let pos: PosL1
  let rollup: LookaheadRollup
  let spec: RollupSpec
  let l1: L1 & { readonly reads: L1Reads }
  let head: L1Position
  let schedule: Schedule
  let prover: LookaheadProver
  let proverAhead: (slotsAhead: bigint) => LookaheadProver
  const account = (index: number) => DEV_ACCOUNTS[index]!
  const committer = (index: number) => account(index).address.toLowerCase() as Address
  const keyOf = (index: number) => bytesToHex(account(index).getHdKey().privateKey!)

  const request: RpcRequest = (method, params) => pos.rpc(method, params)
  const readHead = async () => {
    const block = (await pos.rpc('eth_getBlockByNumber', ['latest', false])) as { number: Hex; hash: Hash }
    head = { number: BigInt(block.number), hash: block.hash }
  }
  const slots = async (count: number) => {
    await pos.nextSlot(count)
    await readHead()
  }
  const toSlot = async (slot: number) => slots(slot - (await pos.head()).currentSlot)
  /** Slot by slot of what is known, in the contract's words. */
  const ownersOf = async (epoch: bigint): Promise<readonly string[]> => {
    const found = (await schedule.epoch(epoch))!
    const owners: string[] = []
    for (let slot = found.firstSlot; slot <= found.lastSlot; slot++) {
      const window = found.windows.find((each) => each.firstSlot <= slot && slot <= each.lastSlot)!
      owners.push(
        window.turn.type === 'owner'
          ? `${window.turn.owner.committer} until ${window.lastSlot}`
          : window.isFallback
            ? 'fallback'
            : 'unknown',
      )
    }
    return owners
  }
  const ownerAt = async (slot: bigint, lookahead: Uint8Array): Promise<string> => {
    const { abi } = readArtifact('LookaheadSchedule')
    const timestamp = spec.l1.genesisTime + slot * spec.l1.secondsPerSlot
    const data = encodeFunctionData({
      abi,
      functionName: 'ownerAt',
      args: [timestamp, bytesToHex(lookahead)],
    })
    const call = { to: rollup.schedule, data }
    const answer = await pos.rpc('eth_call', [call, 'latest']).catch(() => undefined)
    if (answer === undefined) return 'unknown'
    const window = decodeFunctionResult({
      abi,
      functionName: 'ownerAt',
      data: answer as Hex,
    }) as ContractWindow
    if (window.end === 0) return 'fallback'
    return `${window.committer.toLowerCase()} until ${(BigInt(window.end) - spec.l1.genesisTime) / spec.l1.secondsPerSlot}`
  }

  beforeAll(async () => {
    // A fixed beginning: the same proposers in every run.
    pos = await startPosL1({ mode: 'manual', genesisTime: 1_700_000_000 })
    rollup = await deployLookaheadRollup(pos, L2)
    spec = createDevnetSpec({
      l1ChainId: BigInt(pos.chainId),
      l2ChainId: L2.chainId,
      inbox: rollup.inbox,
      startBlock: rollup.startBlock,
      genesisTime: BigInt(pos.genesisTime),
      secondsPerSlot: BigInt(pos.secondsPerSlot),
      genesis: { hash: L2.genesisHash, stateRoot: L2.genesisHash },
    })
    const limits = { requestsPerSecond: 10_000 }
    l1 = await createL1({
      spec,
      endpoints: [{ name: 'execution', url: pos.executionUrl, limits }],
      beacons: [{ name: 'consensus', url: pos.beaconUrl, limits }],
      kzgThreads: 0,
      pauseScale: 0.01,
    })
    for (const [index, validators] of [FIRST!, SECOND!].entries())
      await optInOperator(pos, l1.reads, {
        inbox: rollup.inbox,
        ownerKey: keyOf(2 + index),
        committer: committer(4 + index),
        validators,
      })
    await readHead()
    schedule = createSchedule({
      spec,
      l1: { ancestor: l1.ancestor, status: () => ({ ...l1.status(), head }) },
      reads: l1.reads,
      logger: silentLogger,
      // By hand the chain's time runs ahead of the clock's.
      now: () => 0n,
      failurePauseMs: 0,
    })
    const sender = createPlainSender(
      { rpc: request, account: account(6) },
      { chainId: pos.chainId, maxFeePerGas: 10n ** 12n, tipMin: 10n ** 9n, stuckBlocks: 3n },
    )
    proverAhead = (slotsAhead) =>
      createLookaheadProver(
        { rpc: request, schedule, sender, logger: silentLogger },
        { slotsAhead, intervalMs: 1_000 },
      )
    prover = proverAhead(4n)
    // What was claimed in one epoch counts from the second epoch after it.
    const { currentSlot } = await pos.head()
    await toSlot((Math.floor(currentSlot / 32) + 3) * 32 + 2)
  })
  afterAll(async () => {
    await l1?.close()
    await pos?.close()
  })

  test('proves the lookahead from the state that L1 names, and the contract takes it', async () => {
    expect(await schedule.kind()).toBe('lookahead')
    const epoch = await schedule.currentEpoch()
    expect((await schedule.epoch(epoch))!.trust).toBe('proven')
    expect(await schedule.evidence(await schedule.currentSlot())).toMatchObject({ type: 'unproven', epoch })
    expect(await prover.step()).toMatchObject({ type: 'sent', epoch })
    // Not a second time while it waits, nor once it is there.
    expect(await prover.step()).toMatchObject({ type: 'waiting' })
    await slots(1)
    expect(await schedule.evidence(await schedule.currentSlot())).toMatchObject({ type: 'proven', epoch })
    expect(await prover.step()).toEqual({ type: 'upToDate' })
  })

  test('names for every slot of two epochs whom the contract names', async () => {
    const epoch = await schedule.currentEpoch()
    const evidence = await schedule.evidence(await schedule.currentSlot())
    const { lookahead } = evidence as Extract<typeof evidence, { lookahead: Uint8Array }>
    const indices = await pos.lookahead('head')
    // Something is at stake: several windows, of both.
    expect(
      indices.filter((index) => FIRST!.includes(index) || SECOND!.includes(index)).length,
    ).toBeGreaterThan(0)
    for (const each of [epoch, epoch + 1n]) {
      const owners = await ownersOf(each)
      for (const [i, owner] of owners.entries()) {
        const slot = each * 32n + BigInt(i)
        // With a lookahead the contract answers for its own epoch; for the next one through it as that of the epoch before.
        expect([slot, owner]).toEqual([slot, await ownerAt(slot, lookahead)])
      }
    }
  })

  test('tells a committer his turn, with what propose takes and until when, and another one that it is not', async () => {
    const turns = createTurns({ spec, schedule })
    const seen = new Set<string>()
    for (let i = 0; i < 33 && seen.size < 2; i++) {
      const next = (await schedule.at(await schedule.currentSlot()))!
      const evidence = await schedule.evidence(next.slot)
      if (next.window.turn.type === 'owner' && evidence.type === 'proven') {
        const { committer: owner } = next.window.turn.owner
        const other = owner === committer(4) ? committer(5) : committer(4)
        const latest = spec.l1.genesisTime + next.window.lastSlot * spec.l1.secondsPerSlot
        expect(await turns(owner)).toEqual({ type: 'mine', lookahead: evidence.lookahead, latest })
        expect(await turns(other)).toMatchObject({ type: 'wait' })
        // In the block of that very slot the contract says the same.
        await slots(1)
        expect(await checks(owner, evidence.lookahead)).toBe(true)
        expect(await checks(other, evidence.lookahead)).toBe(false)
        seen.add(`${owner} until ${next.window.lastSlot}`)
      } else {
        await prover.step()
        await slots(1)
      }
    }
    expect(seen.size).toBe(2)
  })

  /** Whether the schedule contract lets the account propose in the newest block's slot. */
  const checks = (proposer: Address, lookahead: Uint8Array): Promise<boolean> => {
    const { abi } = readArtifact('LookaheadSchedule')
    const args = [proposer, bytesToHex(lookahead)]
    const data = encodeFunctionData({ abi, functionName: 'checkProposer', args })
    const call = { to: rollup.schedule, data }
    return pos.rpc('eth_call', [call, 'latest']).then(
      () => true,
      () => false,
    )
  }

  test('goes on over missed slots at the boundary, and through a reorg over it', async () => {
    const epoch = (await schedule.currentEpoch()) + 1n
    const boundary = Number(epoch) * 32
    await toSlot(boundary - 2)
    await pos.skipSlots(3)
    await slots(2)
    expect(await schedule.currentEpoch()).toBe(epoch)
    const isSettled = (owner: string) => Number(owner.split(' ').at(-1)) < boundary + 32
    const [first, next] = [await ownersOf(epoch), (await schedule.epoch(epoch + 1n))!]
    await pos.reorg(3)
    await slots(3)
    const [second, later] = [await ownersOf(epoch), (await schedule.epoch(epoch + 1n))!]
    // The epoch's own proposers were settled before what was undone; the next one's, and so the end of this one, were not.
    expect(second.filter(isSettled)).toEqual(first.filter(isSettled))
    expect(later.dependentRoot).not.toBe(next.dependentRoot)
    // The last epoch's lookahead may do for its next slots, but not for those an epoch ahead.
    expect(await proverAhead(31n).step()).toMatchObject({ type: 'sent', epoch })
    await slots(1)
    const evidence = await schedule.evidence(await schedule.currentSlot())
    expect(evidence).toMatchObject({ type: 'proven', epoch })
    const { lookahead } = evidence as Extract<typeof evidence, { lookahead: Uint8Array }>
    for (const [i, owner] of second.entries())
      expect([i, owner]).toEqual([i, await ownerAt(BigInt(boundary + i), lookahead)])
  })

  test('a node that starts late learns a proven lookahead from the contract’s event, without a beacon node', async () => {
    const blind: L1Reads = { ...l1.reads, askBeacons: async () => [] }
    const late = createSchedule({
      spec,
      l1: { ancestor: l1.ancestor, status: () => ({ ...l1.status(), head }) },
      reads: blind,
      logger: silentLogger,
      now: () => 0n,
    })
    const epoch = await schedule.currentEpoch()
    expect((await late.epoch(epoch))!.windows).toEqual((await schedule.epoch(epoch))!.windows)
    expect((await late.epoch(epoch))!.trust).toBe('proven')
  })
})
