/** From what was seen to what is reported: when the fault showed, when each clock was back, what was lost and what was late. */
import { CLOCKS, type ClockName, lagOf, phaseOf, type Run, type TrackedTransaction } from './run.ts'

export type ClockRecovery = {
  readonly clock: ClockName
  /** Slots behind at the most while all was well. */
  readonly steadyLag: number
  readonly worstLag: number
  /** First slot in which it was further behind than ever before; null where it never was. */
  readonly detectedSlot: number | null
  /** First slot from which it was no further behind any more; null where it is so at the end. */
  readonly recoveredSlot: number | null
  /** From the first slot of the fault, and from the first slot after it. Null as above; 0 where it never lagged. */
  readonly slotsToDetect: number | null
  readonly slotsFromFault: number | null
  readonly slotsFromEnd: number | null
}

export type PromiseCount = {
  readonly made: number
  readonly landed: number
  /** Of those that landed: after the window they were promised for. */
  readonly landedLate: number
  readonly displaced: number
  readonly open: number
  /** Transactions in displaced blocks. */
  readonly transactionsDisplaced: number
}

export type DelayCount = {
  readonly sender: string
  readonly path: TrackedTransaction['path']
  readonly sent: number
  readonly included: number
  /** Slots from being sent (queued, for forced ones) to a block derived from L1: median and most; null where none was included. */
  readonly median: number | null
  readonly max: number | null
}

export type Measures = {
  readonly clocks: readonly ClockRecovery[]
  /** The earliest sign on any clock, in slots from the beginning of the fault; null where no clock ever lagged. */
  readonly slotsToDetect: number | null
  /** First slot of the fault in which the measured node said itself that something is wrong. */
  readonly slotsToSay: number | null
  /** Longest run of slots with L1 blocks, beginning in the fault, in which nothing was proposed. */
  readonly silentSlots: number
  readonly promises: PromiseCount
  /** Of transactions sent during the fault. */
  readonly delays: readonly DelayCount[]
}

export function measureRun(run: Run): Measures {
  const fault = phaseOf(run, 'fault')
  const clocks = CLOCKS.map((clock) => measureClock(run, clock))
  const detected = clocks.flatMap(({ slotsToDetect }) => slotsToDetect ?? [])
  const said = run.samples.find(({ slot, says }) => slot >= fault.firstSlot && says !== undefined)
  return {
    clocks,
    slotsToDetect: detected.length === 0 ? null : Math.min(...detected),
    slotsToSay: said === undefined ? null : said.slot - fault.firstSlot,
    silentSlots: longestSilence(run),
    promises: countPromises(run),
    delays: countDelays(run),
  }
}

function measureClock(run: Run, clock: ClockName): ClockRecovery {
  const [steady, fault] = [phaseOf(run, 'steady'), phaseOf(run, 'fault')]
  const lags = run.samples.map((sample) => ({ slot: sample.slot, lag: lagOf(sample, clock) }))
  const steadyLag = Math.max(
    ...lags.filter(({ slot }) => steady.firstSlot <= slot && slot <= steady.lastSlot).map(({ lag }) => lag),
  )
  const since = lags.filter(({ slot }) => slot >= fault.firstSlot)
  const worstLag = Math.max(...since.map(({ lag }) => lag))
  const first = since.find(({ lag }) => lag > steadyLag)
  const last = since.findLast(({ lag }) => lag > steadyLag)
  const isBack = last !== undefined && last.slot < (since.at(-1)?.slot ?? 0)
  const recoveredSlot = isBack ? last.slot + 1 : null
  const from = (slot: number) => {
    if (last === undefined) return 0
    return recoveredSlot === null ? null : Math.max(0, recoveredSlot - slot)
  }
  return {
    ...{ clock, steadyLag, worstLag, recoveredSlot },
    detectedSlot: first?.slot ?? null,
    slotsToDetect: first === undefined ? null : first.slot - fault.firstSlot,
    slotsFromFault: from(fault.firstSlot),
    slotsFromEnd: from(fault.lastSlot + 1),
  }
}

function longestSilence({ samples, proposals, phases }: Run): number {
  const { firstSlot } = phaseOf({ phases }, 'fault')
  const landed = new Set(proposals.map(({ slot }) => slot))
  let [longest, running] = [0, 0]
  for (const { slot, l1Block } of samples) {
    if (slot < firstSlot || l1Block === null) continue
    running = landed.has(slot) ? 0 : running + 1
    longest = Math.max(longest, running)
  }
  return longest
}

export function countPromises({ promises }: Pick<Run, 'promises'>): PromiseCount {
  const of = (outcome: string) => promises.filter((promise) => promise.outcome === outcome)
  const [landed, displaced] = [of('landed'), of('displaced')]
  return {
    made: promises.length,
    landed: landed.length,
    landedLate: landed.filter(({ outcomeSlot = 0, windowEndSlot }) => outcomeSlot > windowEndSlot).length,
    displaced: displaced.length,
    open: of('open').length,
    transactionsDisplaced: displaced.reduce((sum, { transactions }) => sum + transactions, 0),
  }
}

/** Slots until a transaction was in a block derived from L1; undefined where it never was. */
export function delayOf({
  sentSlot,
  queuedSlot,
  includedSlot: { safe },
}: TrackedTransaction): number | undefined {
  return safe === undefined ? undefined : safe - (queuedSlot ?? sentSlot)
}

function countDelays(run: Run): readonly DelayCount[] {
  const { firstSlot, lastSlot } = phaseOf(run, 'fault')
  const during = run.transactions.filter(({ sentSlot }) => firstSlot <= sentSlot && sentSlot <= lastSlot)
  const groups = new Map(during.map(({ sender, path }) => [`${sender} ${path}`, { sender, path }]))
  return [...groups.values()].map(({ sender, path }) => {
    const group = during.filter((each) => each.sender === sender && each.path === path)
    const delays = group.flatMap((each) => delayOf(each) ?? []).sort((a, b) => a - b)
    return {
      ...{ sender, path, sent: group.length, included: delays.length },
      median: medianOf(delays),
      max: delays.at(-1) ?? null,
    }
  })
}

/** Of sorted values; the mean of the middle two where their number is even. */
function medianOf(sorted: readonly number[]): number | null {
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return low === undefined || high === undefined ? null : (low + high) / 2
}
