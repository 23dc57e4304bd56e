/**
 * Inclusion lists of the windows: taken in, kept, handed to the builder, and judged once their window is over. A verdict and
 * evidence, never a rule of derivation (docs/inclusion-lists.md).
 */
import type { Address, Hash } from '../../primitives/hex.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import { encodeListed, hashListed, type InclusionList } from '../../promise/inclusionList.ts'
import type { Store } from '../../store/store.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { GuardAnswer } from '../guard/guard.ts'
import type { Refusal } from '../guard/position.ts'
import { createCourt } from './court.ts'
import { type Ancestor, readHeaders } from './headerChain.ts'
import type { JudgeDeps } from './judge.ts'
import { readListed } from './listedTransaction.ts'
import { createListeners } from './listeners.ts'
import { createListStore } from './listStore.ts'
import { type Omission, type OmissionDeps, proveOmission } from './omission.ts'
import type { ListRecord, ReceiveResult } from './record.ts'
import { createClaim, readClaim, readSignedList, readTransactions, type SignedList } from './signedList.ts'
import { type FoundWindow, findWindow, type WindowDeps } from './window.ts'

export type { Omission } from './omission.ts'
export type { ListRecord, ListRefusal, ReceiveResult } from './record.ts'
export { LISTS_SCHEMA } from './schema.ts'
export { type SignedList, type SignedListJson, signedListJson } from './signedList.ts'
export type { ListVerdict } from './verdict.ts'

export type ListsDeps = JudgeDeps &
  OmissionDeps &
  WindowDeps & {
    /** With LISTS_SCHEMA. */
    readonly store: Store
    readonly domain: PromiseDomain
    /** Our own keys, behind the guard, which count where anyone may propose; absent where nothing is signed. */
    readonly own?: {
      readonly addresses: readonly Address[]
      signList(key: Address, list: InclusionList): Promise<GuardAnswer>
    }
    /** Milliseconds since the Unix epoch; only for when a list was received. */
    readonly now: () => number
    readonly logger: Logger
  }

export type CreateResult =
  | { readonly type: 'created' | 'known'; readonly signedList: SignedList }
  | { readonly type: 'refused'; readonly reason: string }

export type Lists = {
  /** SignedListJson, from a client or a stream. Idempotent. */
  receive(json: unknown): Promise<ReceiveResult>
  /** Signs a list of our own, by the guard, and takes it in. RangeError for transactions that no list can hold. */
  create(windowEnd: bigint, transactions: readonly Uint8Array[]): Promise<CreateResult>
  /** Transactions that the window's builder has to include, each once; none that would bind nobody. */
  listed(windowEnd: bigint): readonly Uint8Array[]
  /** Those of windows that are not judged yet, for who comes late. */
  open(): readonly SignedList[]
  /** All that is kept about the windows that a slot belongs to, by committer. */
  ofSlot(slot: bigint): Promise<readonly ListRecord[]>
  /** Windows that violated their list, for good. */
  violated(): Promise<readonly ListRecord[]>
  /** What the slasher wants to see of a violation, as far as it is known here; undefined for another verdict. */
  omission(record: ListRecord): Promise<Omission | undefined>
  /** What its `ancestors` name. */
  ancestors(omission: Omission): Promise<readonly Ancestor[]>
  /** Called with each list that is new here, ours or received; the second of two differing ones, too. Returns the unsubscribe function. */
  onList(listener: (signedList: SignedList) => void): () => void
  /** @param listener Called with the two lists, and the operator whose bond answers where the schedule names one. */
  onEquivocation(
    listener: (first: SignedList, second: SignedList, registrationRoot?: Hash) => void,
  ): () => void
  /** Called when a verdict is reached, becomes firmer, or changes by a reorg. */
  onVerdict(listener: (record: ListRecord) => void): () => void
  /** L1 or L2 may have moved on; cheap, and never throws. */
  refresh(): void
  /** Until every judgement that was asked for is done. */
  settled(): Promise<void>
  close(): Promise<void>
}

export async function createLists(deps: ListsDeps): Promise<Lists> {
  const { spec, domain, own, now } = deps
  const l2ChainId = spec.l2.chainId
  const windows = { ...deps, committers: [...deps.committers, ...(own?.addresses ?? [])] }
  const store = createListStore(deps.store, (json) => {
    const read = readSignedList(json, { domain, l2ChainId })
    return read.type === 'read' ? read.signedList : undefined
  })
  const court = await createCourt(deps, store)
  const onList = createListeners<[SignedList]>()
  const onEquivocation = createListeners<[SignedList, SignedList, Hash | undefined]>()
  /** Asked for with every block, and each costs a signature. */
  const binding = new WeakMap<SignedList, ReadonlyMap<Hash, Uint8Array>>()
  let tail: Promise<unknown> = Promise.resolve()

  /** One list after another: the second of two is known by the first. */
  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => {})
    return result
  }

  const keep = async (signedList: SignedList, window: FoundWindow): Promise<ReceiveResult> => {
    const { committer } = signedList
    const { windowEnd, firstSlot, lastSlot, isNamed, registrationRoot } = window
    const before = await store.find(windowEnd, committer)
    if (before?.lists.some(({ hash }) => hash === signedList.hash)) return { type: 'known', signedList }
    const [first, second] = before?.lists ?? []
    if (second !== undefined)
      return {
        type: 'refused',
        refusal: 'thirdList',
        detail: `${committer} signed two other lists for this window, which are kept as evidence`,
      }
    const record: ListRecord = {
      ...{ windowEnd, firstSlot, lastSlot, isNamed, committer },
      ...(registrationRoot !== undefined && { registrationRoot }),
      lists: [...(before?.lists ?? []), signedList],
      verdict: { type: first === undefined ? 'pending' : 'ignored' },
      receivedAt: now(),
    }
    court.forget(await store.add(record))
    court.set(record)
    onList.call(signedList)
    if (first === undefined) return { type: 'taken', signedList }
    deps.logger.warn({ committer, windowEnd }, 'a committer signed two inclusion lists for one window')
    onEquivocation.call(first, signedList, registrationRoot)
    return { type: 'equivocation', first, signedList }
  }

  const receive = async (json: unknown): Promise<ReceiveResult> => {
    const read = readClaim(json, { domain, l2ChainId })
    if (read.type === 'refused') return read
    const { committer, list } = read.claim
    const window = await findWindow(windows, list.windowEnd)
    if (window.type === 'refused') return window
    if (!window.signers.includes(committer))
      return {
        type: 'refused',
        refusal: 'notTheCommitter',
        detail: `${committer} may not sign for this window; ${window.signers.join(', ') || 'nobody'} may`,
      }
    // Only now: a list can hold thousands of items.
    const whole = readTransactions(read.claim)
    return whole.type === 'refused' ? whole : inOrder(() => keep(whole.signedList, window))
  }

  const create = async (windowEnd: bigint, transactions: readonly Uint8Array[]): Promise<CreateResult> => {
    const transactionsHash = hashListed(encodeListed(transactions))
    if (own === undefined) return { type: 'refused', reason: 'this node has no key to sign lists with' }
    const window = await findWindow(windows, windowEnd)
    if (window.type === 'refused') return { type: 'refused', reason: window.detail }
    const key = window.signers.find((signer) => own.addresses.includes(signer))
    if (key === undefined)
      return {
        type: 'refused',
        reason: `the window is not ours: ${window.signers.join(', ') || 'nobody'} may sign for it`,
      }
    const list = { l2ChainId, windowEnd, transactionsHash }
    const answer = await own.signList(key, list)
    if (answer.type === 'refused')
      return { type: 'refused', reason: `the guard does not sign: ${describe(answer.refusal)}` }
    const claim = createClaim(list, domain, answer.signature)
    if (claim?.committer !== key) return { type: 'refused', reason: 'the guard signs for another domain' }
    const signedList = { ...claim, transactions }
    const kept = await inOrder(() => keep(signedList, window))
    if (kept.type === 'refused') return { type: 'refused', reason: kept.detail }
    return { type: kept.type === 'known' ? 'known' : 'created', signedList }
  }

  const listed = (windowEnd: bigint): readonly Uint8Array[] => {
    const byHash = new Map<Hash, Uint8Array>()
    for (const record of court.open()) {
      const [list] = record.lists
      if (record.windowEnd !== windowEnd || list === undefined) continue
      const found = binding.get(list) ?? readBinding(list, l2ChainId)
      binding.set(list, found)
      for (const [hash, raw] of found) byHash.set(hash, raw)
    }
    return [...byHash.values()]
  }

  return {
    receive,
    create,
    listed,
    open: () => [...court.open()].flatMap(({ verdict, lists }) => (verdict.type === 'pending' ? lists : [])),
    ofSlot: store.readSlot,
    violated: store.readViolated,
    omission: (record) => proveOmission(deps, record),
    ancestors: ({ ancestors }) =>
      Promise.all(
        ancestors.map(async (range) => ({
          blockNumber: range.to - 1n,
          headers: await readHeaders(deps.chain, range),
        })),
      ),
    onList: onList.add,
    onEquivocation: onEquivocation.add,
    onVerdict: court.onVerdict,
    refresh: court.refresh,
    settled: court.settled,
    async close() {
      await tail
      await court.close()
    },
  }
}

/** Transactions that bind their committer, by hash. */
function readBinding({ transactions }: SignedList, l2ChainId: bigint): ReadonlyMap<Hash, Uint8Array> {
  const binding = new Map<Hash, Uint8Array>()
  for (const raw of transactions) {
    const read = readListed(raw, l2ChainId)
    if (read.type === 'listed') binding.set(read.transaction.hash, raw)
  }
  return binding
}

function describe(refusal: Refusal): string {
  if (refusal.reason === 'otherContent') return 'another list was signed for this window'
  if (refusal.reason === 'waiting') return `L1 must pass the time ${refusal.until} first`
  if (refusal.reason === 'windowTooFar') return `it signs for windows up to ${refusal.latest} now`
  return refusal.reason
}
