/**
 * Windows under a lookahead, as LookaheadSchedule.ownerAt decides them: the next slot of the same or the next epoch whose proposer has opted
 * in owns what is before it. Each epoch is asked about at its last block in the range.
 */
import { decodeFunctionResult, encodeFunctionData } from 'viem'
import type { L1Position } from '../../l1/l1.ts'
import { REGISTRY_ABI } from '../../preconf/registryAbi.ts'
import { defined } from '../../primitives/assert.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import { createSlotClock } from '../../schedule/clock.ts'
import type { LookaheadSource } from '../../schedule/detect.ts'
import { createLookaheads } from '../../schedule/lookaheads.ts'
import type { Owner } from '../../schedule/schedule.ts'
import { readLookaheadSnapshot } from '../../schedule/snapshot.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Row } from '../dataset/column.ts'
import type { AskedL1, Elected } from './elections.ts'
import { windowRow } from './windowRow.ts'

/** A slot whose own proposer has opted in. */
type OwnSlot = { readonly slot: bigint; readonly owner: Owner }

/**
 * Slots that the fallback decides are in no window, nor is what began before the range. Undefined where an epoch of the range has no block, or
 * its proposers are not to be had any more. Throws TemporaryError.
 */
export async function readLookaheadElections(
  l1: AskedL1,
  spec: RollupSpec,
  source: LookaheadSource,
  blocks: readonly Row[],
  proposals: readonly Row[],
): Promise<Elected | undefined> {
  const { slotsPerEpoch } = source
  const owned = await readOwnSlots(l1, spec, source, blocks)
  const [first, last] = [blocks[0], blocks.at(-1)]
  if (owned === undefined || first === undefined || last === undefined) return undefined
  const [rangeFrom, rangeTo] = [BigInt(first.slot as bigint), BigInt(last.slot as bigint)]
  const windows = owned.flatMap(({ slot, owner }, index) => {
    const settledFrom = (slot / slotsPerEpoch - 1n) * slotsPerEpoch
    const before = owned[index - 1]?.slot
    const firstSlot = before === undefined || before < settledFrom ? settledFrom : before + 1n
    if (firstSlot < rangeFrom || slot > rangeTo) return []
    const { committer, poster } = owner
    const window = { firstSlot, lastSlot: slot, proposer: committer, ...(poster && { poster }) }
    return [windowRow(spec, window, blocks, proposals)]
  })
  const owners = owned.map(({ owner }) => owner)
  return { windows, stakes: await readStakes(l1, source, owners, proposals, last.block_hash as Hash) }
}

async function readOwnSlots(
  l1: AskedL1,
  spec: RollupSpec,
  source: LookaheadSource,
  blocks: readonly Row[],
): Promise<readonly OwnSlot[] | undefined> {
  const clock = createSlotClock(spec.l1, source.slotsPerEpoch)
  const { reads } = l1
  const lookaheads = createLookaheads({ l1, reads, clock, source })
  const lastOf = new Map<bigint, L1Position>(
    blocks.map((row) => [
      clock.epochOf(BigInt(row.slot as bigint)),
      { number: BigInt(row.block_number as number), hash: row.block_hash as Hash },
    ]),
  )
  const rangeTo = BigInt((blocks.at(-1)?.slot as bigint | undefined) ?? 0n)
  const owned: OwnSlot[] = []
  let known: bigint | undefined
  for (const [epoch, position] of lastOf) {
    if (known !== undefined && epoch !== known + 1n) return undefined
    known = epoch
    const head = await l1.ancestor(position, position.number)
    const { epochs } = await readLookaheadSnapshot({ spec, l1, reads, clock, lookaheads }, source, head)
    const { windows } = defined(
      epochs.find((each) => each.epoch === epoch),
      'the epoch of a block',
    )
    for (const { turn, lastSlot, isFallback } of windows) {
      if (isFallback || clock.epochOf(lastSlot) !== epoch) continue
      // Of the last epoch its end may not be settled yet.
      if (turn.type === 'unknown' && lastSlot <= rangeTo) return undefined
      if (turn.type === 'owner') owned.push({ slot: lastSlot, owner: turn.owner })
    }
  }
  return owned
}

/**
 * Collateral of those who proposed: an operator's is its committer's, or its poster's where that one alone proposed; whoever is no operator's
 * has none.
 */
async function readStakes(
  { reads }: AskedL1,
  { registry }: LookaheadSource,
  owners: readonly Owner[],
  proposals: readonly Row[],
  at: Hash,
): Promise<ReadonlyMap<Address, bigint>> {
  const proposers = new Set(proposals.map((row) => row.proposer as Address))
  const stakes = new Map([...proposers].map((proposer) => [proposer, 0n]))
  const byRoot = new Map(owners.map((owner) => [owner.registrationRoot, owner]))
  for (const [root, { committer, poster }] of byRoot) {
    const proposer = [committer, poster].find((each) => each !== undefined && proposers.has(each))
    if (proposer === undefined) continue
    const functionName = 'getOperatorData'
    const data = encodeFunctionData({ abi: REGISTRY_ABI, functionName, args: [root] })
    const [answer] = await reads.call([{ to: registry, data }], at)
    const { collateralWei } = decodeFunctionResult({
      ...{ abi: REGISTRY_ABI, functionName },
      data: defined(answer, 'what the registry says of an operator'),
    })
    stakes.set(proposer, (stakes.get(proposer) ?? 0n) + collateralWei)
  }
  return stakes
}
