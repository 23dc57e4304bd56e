/** What came of a promise, from what L1 brought: pure rules, so that each stands here with its reason. docs/commitments.md. */
import type { BlockRef } from '../../chain/chain.ts'
import type { L1Position } from '../../l1/l1.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { Landing, Settlement, StoredPromise } from './promise.ts'

/** An L2 block that L1 has brought. */
export type LandedBlock = {
  readonly ref: BlockRef
  readonly parentHash: Hash
  /** Seconds. */
  readonly timestamp: bigint
  readonly l1: L1Position
  /** Of the L1 block, in seconds. */
  readonly landedAt: bigint
  readonly proposer: Address
  /** The window it was proposed in, by its end; absent where anyone could. */
  readonly windowEnd?: bigint
}

/** What else decides who is to blame. */
export type Circumstances = {
  /** No L1 block came in the last slot of its window. */
  readonly isSlotMissed: boolean
  /** The signer promised something else for the same parent. */
  readonly isContradicted: boolean
}

/**
 * A promise about a block, or a place in it, and the block that landed with its number.
 * @param isSame What landed is what was promised.
 */
export function judgePlace(
  promise: StoredPromise,
  block: LandedBlock,
  isSame: boolean,
  circumstances: Circumstances,
): Settlement {
  const isInTime = block.landedAt <= promise.windowEnd
  const where = landingOf(block)
  if (isSame)
    return isInTime ? { outcome: 'kept', isFinal: false, ...where } : late(promise, circumstances, where)
  const broken = { outcome: 'broken', isFinal: false, ...where } as const
  if (circumstances.isContradicted) return { ...broken, reason: 'equivocation', by: promise.signer }
  if (promise.hadLanded) return { ...broken, reason: 'l1Reorg' }
  const isOnItsParent = block.parentHash === promise.parentHash
  // In his own window nobody else could propose: he landed something else himself.
  if (isOnItsParent && isInTime && block.windowEnd === promise.windowEnd)
    return { ...broken, reason: 'equivocation', by: promise.signer }
  if (!isInTime && isOnItsParent) return late(promise, circumstances, where, 'notIncluded')
  if (!isInTime && circumstances.isSlotMissed) return late(promise, circumstances, where)
  return { ...broken, reason: 'otherBlock', by: block.proposer }
}

/** An inclusion by a slot, and the block its transaction landed in. */
export function judgeIncluded(
  promise: StoredPromise,
  block: LandedBlock,
  circumstances: Circumstances,
): Settlement {
  const where = landingOf(block)
  const isInTime = block.timestamp <= promise.deadline && block.landedAt <= promise.windowEnd
  return isInTime ? { outcome: 'kept', isFinal: false, ...where } : late(promise, circumstances, where)
}

/**
 * A window that is over without what was promised for it.
 * @param isImpossible The transaction could not be executed any more, which FOCIL's conditional rule excuses (EIP-7805).
 */
export function judgeAbsent(
  promise: StoredPromise,
  isImpossible: boolean,
  circumstances: Circumstances,
): Settlement {
  if (isImpossible) return { outcome: 'expired', isFinal: false }
  return late(promise, circumstances, {}, 'notIncluded')
}

function late(
  promise: StoredPromise,
  { isSlotMissed }: Circumstances,
  where: Partial<Landing>,
  otherwise: 'late' | 'notIncluded' = 'late',
): Settlement {
  const broken = { outcome: 'broken', isFinal: false, ...where } as const
  if (promise.hadLanded) return { ...broken, reason: 'l1Reorg' }
  return { ...broken, reason: isSlotMissed ? 'missedSlot' : otherwise, by: promise.signer }
}

function landingOf({ ref, l1 }: LandedBlock): Landing {
  return { block: ref, l1 }
}
