/** Windows used and missed, asked of a simulated L1: one operator an epoch, and by the lookahead, with what is at stake. */
import { decodeFunctionData, encodeFunctionResult } from 'viem'
import { afterAll, describe, expect, test } from 'vitest'
import { REGISTRY_ABI } from '../../../src/preconf/registryAbi.ts'
import { TemporaryError } from '../../../src/primitives/errors.ts'
import { type Address, type Hex, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { readInboxRules } from '../../../src/research/collect/elections.ts'
import type { Row } from '../../../src/research/dataset/column.ts'
import { connectL1, specOf } from '../../support/derive/harness.ts'
import { ACCOUNTS } from '../../support/l1/accounts.ts'
import { createSimulatedL1 } from '../../support/l1/simulatedL1.ts'
import {
  createScheduleWorld,
  lookaheadOf,
  operator,
  SLOTS as SLOTS_PER_EPOCH,
} from '../../support/schedule.ts'

const ALICE: Address = `0x${'a1'.repeat(20)}`
const OPERATORS = ACCOUNTS.slice(0, 3).map(({ address }) => address) as [Address, Address, Address]
const SLOTS = 4n
const sim = createSimulatedL1({
  seed: 'elections',
  schedule: { type: 'whitelist', operators: OPERATORS, slotsPerEpoch: Number(SLOTS) },
})
const spec = specOf(sim)
/** Six epochs; the slot before the last of each stays empty. */
while (sim.head().beacon.slot < 6 * Number(SLOTS))
  sim.mine({ missedSlots: sim.head().beacon.slot % 4 === 1 ? 1 : 0 })
const l1 = await connectL1(sim)
afterAll(() => l1.close())

const blocks: readonly Row[] = Array.from({ length: Number(sim.head().header.number) }, (_, i) => {
  const { hash, beacon } = sim.blockAt(i + 1)
  return { block_hash: hash, slot: BigInt(beacon.slot) }
})
const timeOf = (slot: bigint) => Number(spec.l1.genesisTime + slot * spec.l1.secondsPerSlot)
const proposal = (slot: bigint, proposer: Address, transactions: number): Row => ({
  timestamp: timeOf(slot),
  proposer,
  transactions,
  first_block: 10n,
  last_block: 11n,
})

test('has a row for each whole epoch, with who was elected and what came of it', async () => {
  const rules = await readInboxRules(l1, spec, sim.head().hash)
  expect(rules.forcedInclusionDelay).toBe(Number(sim.config.forcedInclusionDelay))
  const [, second, third] = OPERATORS
  const elected = await rules.elections!(blocks, [
    proposal(4n, second, 3),
    proposal(7n, second, 0),
    proposal(8n, third, 0),
    // In another's window: an overdue forced inclusion lets anyone propose.
    proposal(12n, third, 5),
  ])
  const rows = elected?.windows
  expect(elected).not.toHaveProperty('stakes')
  const told = (row: Row) => [row.window_start, row.window_end, row.proposer, row.outcome, row.proposals]
  // The first epoch begins before the range, and the last is not over.
  expect(rows!.map(told)).toEqual([
    [timeOf(4n), timeOf(7n), OPERATORS[1], 'proposed', 2],
    [timeOf(8n), timeOf(11n), OPERATORS[2], 'empty', 1],
    [timeOf(12n), timeOf(15n), OPERATORS[0], 'missed', 0],
    [timeOf(16n), timeOf(19n), OPERATORS[1], 'missed', 0],
    [timeOf(20n), timeOf(23n), OPERATORS[2], 'missed', 0],
  ])
  expect(rows!.map((row) => [row.slots, row.missed_slots, row.blocks])).toEqual([
    [4, 1, 4],
    [4, 1, 2],
    [4, 1, 0],
    [4, 1, 0],
    [4, 1, 0],
  ])
})

test('says nothing where L1 no longer says who was elected', async () => {
  const unable = async () => {
    throw new TemporaryError('no provider has the state of that block')
  }
  const silent = async () => [null]
  for (const call of [unable, silent]) {
    let asked = 0
    const forgetful = {
      ...l1,
      // The inbox itself is asked with three rounds of questions.
      reads: {
        ...l1.reads,
        call: (...args: Parameters<typeof l1.reads.call>) => (asked++ < 3 ? l1.reads.call(...args) : call()),
      },
    }
    const rules = await readInboxRules(forgetful, spec, sim.head().hash)
    expect(await rules.elections!(blocks, [])).toBeUndefined()
  }
})

test('knows of no election where anyone may propose', async () => {
  const open = createSimulatedL1({ seed: 'open' })
  const other = await connectL1(open)
  const rules = await readInboxRules(other, specOf(open), open.head().hash)
  expect(rules).not.toHaveProperty('elections')
  await other.close()
})

describe('by the lookahead', () => {
  const isIn = (validator: bigint) => validator % 8n === 0n
  const numberOf = (validator: bigint) => (isIn(validator) ? 1 + Number((validator / 8n) % 3n) : 0)
  const POSTER: Address = `0x${'99'.repeat(20)}`
  const poster = (root: Hex) => (root === operator(3).root ? POSTER : ZERO_ADDRESS)
  const at = { world: undefined as Awaited<ReturnType<typeof createScheduleWorld>> | undefined }
  afterAll(() => at.world?.close())

  test('has a row for each window of the range, and what its operators have at stake', async () => {
    const world = await createScheduleWorld({
      seed: 'lookahead-elections',
      contracts: {
        operatorAt: (validator) => (isIn(validator) ? operator(numberOf(validator)).root : ZERO_HASH),
        committerAt: (root) => (root === ZERO_HASH ? ZERO_ADDRESS : operator(Number(BigInt(root))).committer),
        poster,
        // Every other one was proven; the beacon node still knows the rest.
        isStored: (epoch) => epoch % 2n === 0n,
      },
    })
    at.world = world
    const { sim } = world
    const spec = specOf(sim)
    const [from, to] = [40, 5 * SLOTS_PER_EPOCH + 20]
    for (let slot = sim.head().beacon.slot + 1; slot <= to; slot++)
      if (slot % 11 !== 0) sim.mine({ missedSlots: slot - sim.head().beacon.slot - 1 })
    const head = sim.head()
    const rows: Row[] = []
    for (let block = head; block.beacon.slot >= from; block = sim.tree.block(block.header.parentHash)!)
      rows.unshift({
        ...{
          block_number: Number(block.header.number),
          block_hash: block.hash,
          slot: BigInt(block.beacon.slot),
        },
      })
    /** The vector's own owner of each slot, by search. */
    const proposerAt = (slot: number) =>
      lookaheadOf(sim, blockIn(Math.floor(slot / SLOTS_PER_EPOCH)), Math.floor(slot / SLOTS_PER_EPOCH))[
        slot % SLOTS_PER_EPOCH
      ]!
    const blockIn = (epoch: number) => {
      let block = head
      while (Math.floor(block.beacon.slot / SLOTS_PER_EPOCH) > epoch)
        block = sim.tree.block(block.header.parentHash)!
      return block
    }
    const ownerOf = (slot: number) => {
      const end = (Math.floor(slot / SLOTS_PER_EPOCH) + 2) * SLOTS_PER_EPOCH
      for (let each = slot; each < end; each++) if (isIn(proposerAt(each))) return each
      return undefined
    }
    const expected: { first: number; last: number; number: number }[] = []
    for (let slot = from - 1; slot <= to; slot++) {
      const last = ownerOf(slot)
      const known = expected.at(-1)
      if (last !== undefined && known?.last !== last)
        expected.push({ first: slot, last, number: numberOf(proposerAt(last)) })
    }
    const whole = expected.filter(({ first, last }) => first >= from && last <= to)
    expect(whole.length).toBeGreaterThan(8)
    const used = whole.find(({ number }) => number === 3)!
    const other = whole.find(({ number }) => number === 1)!
    const timeOf = (slot: number) => Number(spec.l1.genesisTime) + slot * Number(spec.l1.secondsPerSlot)
    const made = { transactions: 1, first_block: 1n, last_block: 2n }
    const proposals = [
      { ...made, timestamp: timeOf(used.last), proposer: POSTER },
      { ...made, timestamp: timeOf(other.first), proposer: operator(1).committer, transactions: 0 },
      // In nobody's name: an overdue forced inclusion lets anyone propose.
      { ...made, timestamp: timeOf(other.last), proposer: ALICE },
    ]
    const asked = {
      ...world.l1,
      reads: {
        ...world.l1.reads,
        call: async (...[calls, ...more]: Parameters<typeof world.l1.reads.call>) => {
          const [first] = calls
          const decoded = first && tryDecode(first.data)
          if (decoded === undefined) return world.l1.reads.call(calls, ...more)
          const collateralWei = 10n ** 18n * BigInt(decoded)
          return [
            encodeFunctionResult({
              ...{ abi: REGISTRY_ABI, functionName: 'getOperatorData' },
              result: {
                ...{ owner: ZERO_ADDRESS, collateralWei, numKeys: 1, registeredAt: 0, unregisteredAt: 0 },
                ...{ slashedAt: 0, deleted: false, equivocated: false },
              },
            }),
          ]
        },
      },
    }
    const rules = await readInboxRules(asked, spec, head.hash)
    const elected = await rules.elections!(rows, proposals)
    expect(elected!.windows.map((row) => [row.window_start, row.window_end, row.proposer])).toEqual(
      whole.map(({ first, last, number }) => [timeOf(first), timeOf(last), operator(number).committer]),
    )
    for (const [index, row] of elected!.windows.entries()) {
      const { first, last } = whole[index]!
      const slots = Array.from({ length: last - first + 1 }, (_, i) => first + i)
      expect([row.slots, row.missed_slots]).toEqual([
        slots.length,
        slots.filter((slot) => slot % 11 === 0).length,
      ])
      const outcome = whole[index] === used ? 'proposed' : whole[index] === other ? 'empty' : 'missed'
      expect([row.outcome, row.proposals]).toEqual([outcome, outcome === 'missed' ? 0 : 1])
    }
    // Operator 3 by its poster, operator 1 by its committer; a stranger has nothing.
    expect(elected!.stakes).toEqual(
      new Map([
        [POSTER, 3n * 10n ** 18n],
        [operator(1).committer, 10n ** 18n],
        [ALICE, 0n],
      ]),
    )
  })

  /** Number of the operator, of `getOperatorData`. */
  function tryDecode(data: Hex): number | undefined {
    try {
      const { functionName, args } = decodeFunctionData({ abi: REGISTRY_ABI, data })
      return functionName === 'getOperatorData' ? Number(BigInt(args[0])) : undefined
    } catch {
      return undefined
    }
  }
})
