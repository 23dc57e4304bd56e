/** Windows of a schedule that elects one operator an epoch, used and missed, asked of a simulated L1. */
import { afterAll, expect, test } from 'vitest'
import type { Address } from '../../../src/primitives/hex.ts'
import { electedWindows, readInboxRules } from '../../../src/research/collect/elections.ts'
import type { Row } from '../../../src/research/dataset/column.ts'
import { connectL1, specOf } from '../../support/derive/harness.ts'
import { ACCOUNTS } from '../../support/l1/accounts.ts'
import { createSimulatedL1 } from '../../support/l1/simulatedL1.ts'

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
  const rules = await readInboxRules(l1.reads, spec, sim.head().hash)
  expect(rules.forcedInclusionDelay).toBe(Number(sim.config.forcedInclusionDelay))
  const [, second, third] = OPERATORS
  const rows = await electedWindows(spec, rules.elections!, blocks, [
    proposal(4n, second, 3),
    proposal(7n, second, 0),
    proposal(8n, third, 0),
    // In another's window: an overdue forced inclusion lets anyone propose.
    proposal(12n, third, 5),
  ])
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
  const forgetful = { slotsPerEpoch: SLOTS, operatorAt: async () => undefined }
  expect(await electedWindows(spec, forgetful, blocks, [])).toBeUndefined()
})

test('knows of no election where anyone may propose', async () => {
  const open = createSimulatedL1({ seed: 'open' })
  const other = await connectL1(open)
  const rules = await readInboxRules(other.reads, specOf(open), open.head().hash)
  expect(rules).not.toHaveProperty('elections')
  await other.close()
})
