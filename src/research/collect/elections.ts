/** Who was elected when, and what was at stake: the inbox's schedule, asked at the L1 blocks of the range. */
import type { L1 } from '../../l1/l1.ts'
import type { L1Reads } from '../../l1/reads.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import { type Address, type Hash, ZERO_ADDRESS } from '../../primitives/hex.ts'
import { decodeAnswer, encodeCall, lowerAddress } from '../../schedule/abi.ts'
import { detectSchedule, type WhitelistSource } from '../../schedule/detect.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Row } from '../dataset/column.ts'
import { readLookaheadElections } from './lookaheadElections.ts'
import { windowRow } from './windowRow.ts'

/** As the beacon chain's; WhitelistSchedule says its own. */
const SLOTS_PER_EPOCH = 32n

export type Elected = {
  /** Of the windows that lie wholly in the range, used or missed. */
  readonly windows: readonly Row[]
  /** Wei, by proposer, at the end of the range; absent where the schedule asks no registry. */
  readonly stakes?: ReadonlyMap<Address, bigint>
}

/** From the rows of the range's L1 blocks and proposals. Undefined where L1 no longer says who was elected. */
export type Elections = (blocks: readonly Row[], proposals: readonly Row[]) => Promise<Elected | undefined>

export type AskedL1 = Pick<L1, 'ancestor'> & { readonly reads: L1Reads }

/** What the inbox has decided of who proposes, and of forced inclusions, as of the L1 block `at`. */
export async function readInboxRules(
  l1: AskedL1,
  spec: RollupSpec,
  at: Hash,
): Promise<{ readonly forcedInclusionDelay: number; readonly elections?: Elections }> {
  const { source, forcedInclusionDelay } = await detectSchedule(l1.reads, spec.l1.inbox, at)
  const delay = { forcedInclusionDelay: Number(forcedInclusionDelay) }
  const read: Elections | undefined =
    source.kind === 'whitelist'
      ? async (...range) => readWhitelistElections(l1.reads, spec, source, ...range)
      : source.kind === 'lookahead'
        ? async (...range) => readLookaheadElections(l1, spec, source, ...range)
        : undefined
  return { ...delay, ...(read && { elections: orUnknown(read) }) }
}

/** An endpoint without the state of old blocks does not get it by being asked again. */
function orUnknown(read: Elections): Elections {
  return (...range) =>
    read(...range).catch((error: unknown) => {
      if (error instanceof TemporaryError) return undefined
      throw error
    })
}

/** Each epoch that lies wholly in the range and elected somebody; one without an L1 block cannot be asked about. */
async function readWhitelistElections(
  reads: Pick<L1Reads, 'call'>,
  spec: RollupSpec,
  { address, secondsPerEpoch }: WhitelistSource,
  blocks: readonly Row[],
  proposals: readonly Row[],
): Promise<Elected | undefined> {
  const slotsPerEpoch =
    secondsPerEpoch === undefined ? SLOTS_PER_EPOCH : secondsPerEpoch / spec.l1.secondsPerSlot
  const [firstSlot, lastSlot] = slotsOf(blocks)
  const windows: Row[] = []
  for (const [epoch, hash] of firstBlockOfEpochs(blocks, slotsPerEpoch)) {
    const [first, last] = [epoch * slotsPerEpoch, (epoch + 1n) * slotsPerEpoch - 1n]
    if (first < firstSlot || last > lastSlot) continue
    const [answer] = await reads.call([encodeCall(address, 'getOperatorForCurrentEpoch')], hash)
    const operator = decodeAnswer<Address>('getOperatorForCurrentEpoch', answer)
    if (operator === undefined) return undefined
    if (operator === ZERO_ADDRESS) continue
    const window = { firstSlot: first, lastSlot: last, proposer: lowerAddress(operator) }
    windows.push(windowRow(spec, window, blocks, proposals))
  }
  return { windows }
}

/** First and last slot that the rows of L1 blocks cover. */
function slotsOf(blocks: readonly Row[]): readonly [bigint, bigint] {
  const [first, last] = [blocks[0], blocks.at(-1)].map((row) =>
    BigInt((row?.slot as bigint | undefined) ?? 0n),
  )
  return [first ?? 0n, last ?? 0n]
}

/** Its hash, by epoch, in order. */
function firstBlockOfEpochs(blocks: readonly Row[], slotsPerEpoch: bigint): ReadonlyMap<bigint, Hash> {
  const found = new Map<bigint, Hash>()
  for (const row of blocks) {
    const epoch = BigInt(row.slot as bigint) / slotsPerEpoch
    if (!found.has(epoch)) found.set(epoch, row.block_hash as Hash)
  }
  return found
}
