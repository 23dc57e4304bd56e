/** What is kept of a window's lists, and what came of taking one in. */
import type { Address, Hash } from '../../primitives/hex.ts'
import type { SignedList } from './signedList.ts'
import type { ListVerdict } from './verdict.ts'

/** A window as a list names it. */
export type ListWindow = {
  /** Timestamp of its last slot, in seconds. */
  readonly windowEnd: bigint
  readonly firstSlot: bigint
  readonly lastSlot: bigint
  /** Proposals of a lookahead window name its end; elsewhere the time at which they land tells. */
  readonly isNamed: boolean
}

/** One committer's word for one window, and what came of it. */
export type ListRecord = ListWindow & {
  readonly committer: Address
  /** Of the operator whose bond answers, where the schedule named one when the list came. */
  readonly registrationRoot?: Hash
  /** One; two that differ when the committer equivocated. */
  readonly lists: readonly SignedList[]
  readonly verdict: ListVerdict
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: number
}

/** Why a list is not taken. */
export type ListRefusal =
  | 'malformed'
  | 'wrongDomain'
  | 'wrongChain'
  | 'wrongSignature'
  /** No window of the schedule that is known now ends there. */
  | 'notAWindow'
  | 'notTheCommitter'
  /** No block of the window can come any more. */
  | 'tooLate'
  | 'thirdList'
  /** L1 does not say now whose window it is: later it may be taken. */
  | 'notNow'

export type Refused = {
  readonly type: 'refused'
  readonly refusal: ListRefusal
  readonly detail: string
  /** By the L1 head that is known here: with a later one the list may be taken. */
  readonly isForNow?: true
}

export type ReceiveResult =
  | { readonly type: 'taken' | 'known'; readonly signedList: SignedList }
  /** The second list of its committer for the window: both are kept as evidence, and neither counts any more. */
  | { readonly type: 'equivocation'; readonly first: SignedList; readonly signedList: SignedList }
  | Refused
