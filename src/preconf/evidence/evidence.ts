/**
 * Promises that cannot both be kept, and promises that L1 did not keep. Two signatures are a whole proof, which a slasher takes
 * (contracts/src/l1/preconf/EquivocationFault.sol, EndOfWindowFault.sol), and so is a list with what shows that a listed
 * transaction was left out (InclusionListFault.sol); that L1 has another block is the beginning of one.
 */
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import { bytesToHex, ZERO_HASH } from '../../primitives/hex.ts'
import {
  BLOCK_COMMITMENT_TYPE,
  type BlockCommitment,
  encodeBlockCommitment,
  isBlockEquivocation,
} from '../../promise/blockCommitment.ts'
import type { SignedCommitment } from '../../promise/commitment.ts'
import { PROMISE_NONCE, type PromiseDomain } from '../../promise/domain.ts'
import type { SealedBlock } from '../../propose/sequencer/events.ts'
import type { Ancestor } from '../lists/headerChain.ts'

/** PreconfSlasher's faults that two signatures prove, by their number. */
export const FAULT_NUMBERS = {
  blockEquivocation: 0,
  listEquivocation: 0,
  promisedBehindEnd: 3,
} as const

/** Of one committer. */
export type Conflict = {
  readonly kind: keyof typeof FAULT_NUMBERS
  readonly committer: Address
  /** Of the operator whose bond answers, where the schedule names one. */
  readonly registrationRoot?: Hash
  /** What is brought before the slasher; of a promise behind the window's end the one that ended it. */
  readonly first: SignedCommitment
  /** What proves the fault. */
  readonly second: SignedCommitment
  /** Of the first. Seconds. */
  readonly windowEnd: bigint
  /** Of blocks. */
  readonly blockNumber?: bigint
  readonly parentBlockHash?: Hash
}

/** A listed transaction that its window left out, though it could still be executed behind the window's last block. */
export type Violation = {
  readonly kind: 'listViolation'
  readonly committer: Address
  readonly registrationRoot?: Hash
  /** The list. */
  readonly first: SignedCommitment
  readonly windowEnd: bigint
  /** The window's last. */
  readonly blockNumber: bigint
  readonly parentBlockHash?: undefined
  /** Left out. */
  readonly transaction: Hash
}

/** What shows a violation: too large for a row. */
export type ViolationProof = {
  /** lists/omissionCodec.ts. */
  readonly evidence: Hex
  /** What the slasher has to know first. */
  readonly ancestors: readonly Ancestor[]
}

/** What a slasher takes as it is, from a file. */
export type Provable = Conflict | (Violation & ViolationProof)

/** A promised block whose place L1 gave to another one. */
export type Displaced = {
  readonly kind: 'displaced'
  readonly committer: Address
  readonly registrationRoot?: Hash
  readonly first: SignedCommitment
  readonly windowEnd: bigint
  readonly blockNumber: bigint
  readonly parentBlockHash: Hash
  readonly promisedBlockHash: Hash
  readonly landed: {
    readonly blockHash: Hash
    readonly parentHash: Hash
    readonly proposalId: bigint
    readonly proposer: Address
    readonly l1BlockNumber: bigint
    readonly l1TransactionHash: Hash
  }
  /**
   * `contentMismatch`: the promised parent landed and in the committer's own window another block on it, which is slashable with a
   * course from a checkpoint. The others are nobody's fault, or nobody's provable one.
   */
  readonly judgement: 'contentMismatch' | 'otherParent' | 'otherWindow'
}

export type EvidenceRecord = (Conflict | Violation | Displaced) & {
  readonly id: Hash
  /** Milliseconds since the Unix epoch. */
  readonly foundAt: number
}

/** A block's promise with its signature, as the registry takes it. */
export function signedCommitmentOf(
  { commitment, signature }: Pick<SealedBlock, 'commitment' | 'signature'>,
  { slasher, signingId }: Pick<PromiseDomain, 'slasher' | 'signingId'>,
): SignedCommitment {
  return {
    commitment: {
      commitmentType: BLOCK_COMMITMENT_TYPE,
      payload: bytesToHex(encodeBlockCommitment(commitment)),
      requestHash: ZERO_HASH,
      slasher,
    },
    nonce: PROMISE_NONCE,
    signingId,
    signature,
  }
}

type Promised = Pick<SealedBlock, 'commitment' | 'commitmentHash' | 'signature'>

/** What two promises of one committer about blocks prove against it, if anything. */
export function findBlockConflict(
  a: Promised,
  b: Promised,
  about: { readonly committer: Address; readonly registrationRoot?: Hash; readonly domain: PromiseDomain },
): Conflict | undefined {
  const { domain, ...who } = about
  const conflict = (kind: Conflict['kind'], first: Promised, second: Promised): Conflict => ({
    kind,
    ...who,
    first: signedCommitmentOf(first, domain),
    second: signedCommitmentOf(second, domain),
    windowEnd: first.commitment.windowEnd,
    blockNumber: first.commitment.blockNumber,
    parentBlockHash: first.commitment.parentBlockHash,
  })
  if (isBlockEquivocation(a.commitment, b.commitment)) return conflict('blockEquivocation', a, b)
  if (isBehindEnd(a, b.commitment)) return conflict('promisedBehindEnd', a, b)
  if (isBehindEnd(b, a.commitment)) return conflict('promisedBehindEnd', b, a)
  return undefined
}

/** EndOfWindowFault.sol, `_judgePromisedBehindEnd`. */
function isBehindEnd(last: Promised, next: BlockCommitment): boolean {
  return (
    last.commitment.isEndOfWindow &&
    next.windowEnd === last.commitment.windowEnd &&
    next.parentCommitmentHash === last.commitmentHash
  )
}
