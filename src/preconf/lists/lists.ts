/**
 * Inclusion lists of the windows: taken in, kept, handed to the builder, and judged once their window is over. A verdict and
 * evidence, never a rule of derivation (docs/inclusion-lists.md).
 */
import type { ChainReader } from '../../chain/chain.ts'
import type { FlatState } from '../../engine/state/flatState.ts'
import type { L1, L1Position } from '../../l1/l1.ts'
import type { Address } from '../../primitives/hex.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import type { InclusionList } from '../../promise/inclusionList.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Store } from '../../store/store.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { GuardAnswer } from '../guard/guard.ts'
import type { SignedList } from './signedList.ts'
import type { ListVerdict } from './verdict.ts'

export type { SignedList, SignedListJson } from './signedList.ts'
export type { ListVerdict } from './verdict.ts'

export type ListsDeps = {
  readonly spec: Pick<RollupSpec, 'l1' | 'l2'>
  /** With LISTS_SCHEMA. */
  readonly store: Store
  readonly chain: ChainReader
  readonly state: Pick<FlatState, 'at' | 'proof'>
  readonly l1: Pick<L1, 'ancestor' | 'status'>
  /** Up to which L1 block everything is derived. */
  readonly cursor: () => L1Position | undefined
  readonly schedule: Pick<Schedule, 'at'>
  readonly domain: PromiseDomain
  /** Whose lists count where anyone may propose. */
  readonly committers: readonly Address[]
  /** Our own keys, behind the guard; absent where nothing is signed. */
  readonly own?: {
    readonly addresses: readonly Address[]
    signList(key: Address, list: InclusionList): Promise<GuardAnswer>
  }
  /** Milliseconds. */
  readonly now: () => number
  readonly logger: Logger
}

/** Why a list is not taken. */
export type ListRefusal =
  | 'malformed'
  | 'wrongDomain'
  | 'wrongChain'
  | 'wrongSignature'
  | 'notAWindow'
  | 'notTheCommitter'
  | 'tooLate'
  | 'thirdList'
  /** L1 does not say now whose window it is: later it may be taken. */
  | 'notNow'

export type ReceiveResult =
  | { readonly type: 'taken' | 'known'; readonly signedList: SignedList }
  /** The second list of its committer for the window: both are kept as evidence, and neither counts any more. */
  | { readonly type: 'equivocation'; readonly first: SignedList; readonly signedList: SignedList }
  | { readonly type: 'refused'; readonly refusal: ListRefusal; readonly detail: string }

export type CreateResult =
  | { readonly type: 'created' | 'known'; readonly signedList: SignedList }
  | { readonly type: 'refused'; readonly reason: string }

export type CreateLists = (deps: ListsDeps) => Promise<Lists>

export type Lists = {
  /** From a client or a stream; idempotent. */
  receive(signedList: SignedList): Promise<ReceiveResult>
  /** Signs a list of our own, by the guard, and takes it in. RangeError for transactions that no list can hold. */
  create(windowEnd: bigint, transactions: readonly Uint8Array[]): Promise<CreateResult>
  /** Transactions that the window's builder has to include, each once; none of a committer who signed two lists. */
  listed(windowEnd: bigint): readonly Uint8Array[]
  /** Everything that is kept about the window that a slot belongs to, by committer. */
  ofSlot(slot: bigint): Promise<readonly ListRecord[]>
  /** Called with each list that is new here, whether ours or received; the second of two differing ones, too. */
  onList(listener: (signedList: SignedList) => void): () => void
  onEquivocation(listener: (first: SignedList, second: SignedList) => void): () => void
  /** Called when a verdict is reached, becomes final, or changes by a reorg. */
  onVerdict(listener: (record: ListRecord) => void): () => void
  /** L1 or L2 may have moved on; cheap, and never throws. */
  refresh(): void
  /** Waits for what is under way. */
  close(): Promise<void>
}

/** One committer's word for one window, and what came of it. */
export type ListRecord = {
  readonly committer: Address
  readonly windowEnd: bigint
  readonly firstSlot: bigint
  readonly lastSlot: bigint
  /** One; two that differ when the committer equivocated. */
  readonly lists: readonly SignedList[]
  readonly verdict: ListVerdict
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: number
}

export { LISTS_SCHEMA } from './schema.ts'
