/** Who was elected when, where the schedule elects one operator an epoch: the inbox's schedule, asked at each epoch's own L1 block. */
import type { L1Reads } from '../../l1/reads.ts'
import { type Address, type Hash, ZERO_ADDRESS } from '../../primitives/hex.ts'
import { decodeAnswer, encodeCall, lowerAddress } from '../../schedule/abi.ts'
import { detectSchedule } from '../../schedule/detect.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Row } from '../dataset/column.ts'

/** As the beacon chain's; WhitelistSchedule says its own. */
const SLOTS_PER_EPOCH = 32n

export type Elections = {
  readonly slotsPerEpoch: bigint
  /** In the epoch of that L1 block; the zero address where nobody was, undefined where L1 no longer says. */
  operatorAt(hash: Hash): Promise<Address | undefined>
}

/** What the inbox has decided of who proposes, and of forced inclusions, as of the L1 block `at`. */
export async function readInboxRules(
  reads: Pick<L1Reads, 'call'>,
  { l1 }: RollupSpec,
  at: Hash,
): Promise<{ readonly forcedInclusionDelay: number; readonly elections?: Elections }> {
  const { source, forcedInclusionDelay } = await detectSchedule(reads, l1.inbox, at)
  const delay = { forcedInclusionDelay: Number(forcedInclusionDelay) }
  if (source.kind !== 'whitelist') return delay
  const { address, secondsPerEpoch } = source
  return {
    ...delay,
    elections: {
      slotsPerEpoch: secondsPerEpoch === undefined ? SLOTS_PER_EPOCH : secondsPerEpoch / l1.secondsPerSlot,
      async operatorAt(hash) {
        const [answer] = await reads.call([encodeCall(address, 'getOperatorForCurrentEpoch')], hash)
        const operator = decodeAnswer<Address>('getOperatorForCurrentEpoch', answer)
        return operator && lowerAddress(operator)
      },
    },
  }
}

/**
 * A row for each epoch that lies wholly in the range and elected somebody, used or missed; an epoch without an L1 block cannot be asked
 * about. Undefined where L1 no longer says who was elected.
 */
export async function electedWindows(
  { l1, l2 }: RollupSpec,
  { slotsPerEpoch, operatorAt }: Elections,
  blocks: readonly Row[],
  proposals: readonly Row[],
): Promise<readonly Row[] | undefined> {
  const slots = blocks.map((row) => BigInt(row.slot as bigint))
  const [firstSlot = 0n] = slots
  const lastSlot = slots.at(-1) ?? 0n
  const ofEpoch = new Map<bigint, { readonly hash: Hash; blocks: number }>()
  for (const [index, slot] of slots.entries()) {
    const epoch = slot / slotsPerEpoch
    const known = ofEpoch.get(epoch)
    if (known) known.blocks++
    else ofEpoch.set(epoch, { hash: blocks[index]?.block_hash as Hash, blocks: 1 })
  }
  const rows: Row[] = []
  for (const [epoch, { hash, blocks: count }] of ofEpoch) {
    const [first, last] = [epoch * slotsPerEpoch, (epoch + 1n) * slotsPerEpoch - 1n]
    if (first < firstSlot || last > lastSlot) continue
    const proposer = await operatorAt(hash)
    if (proposer === undefined) return undefined
    if (proposer === ZERO_ADDRESS) continue
    const [start, end] = [first, last].map((slot) => Number(l1.genesisTime + slot * l1.secondsPerSlot))
    const own = proposals.filter(
      (row) =>
        row.proposer === proposer &&
        Number(row.timestamp) >= (start ?? 0) &&
        Number(row.timestamp) <= (end ?? 0),
    )
    const sum = (of: (row: Row) => number) => own.reduce((total, row) => total + of(row), 0)
    const hasTransactions = sum((row) => Number(row.transactions)) > 0
    rows.push({
      chain_id: l2.chainId,
      window_start: start ?? 0,
      window_end: end ?? 0,
      slots: Number(slotsPerEpoch),
      missed_slots: Number(slotsPerEpoch) - count,
      proposer,
      outcome: own.length === 0 ? 'missed' : hasTransactions ? 'proposed' : 'empty',
      proposals: own.length,
      blocks: sum((row) => Number(row.last_block) - Number(row.first_block) + 1),
    })
  }
  return rows
}
