/** A prepared group at its moment: all of it at once, in drawn order. */
import { sleep } from '../../primitives/async.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { Entry } from './classes.ts'
import type { Answer, EntryPoint } from './entries.ts'
import type { LoggedGroup, LoggedProbe } from './events.ts'
import { drawGroup, type Plan } from './plan.ts'
import type { ProbeState } from './state.ts'

/** Before the moment: what is asked for then is fresh, and does not delay the moment. */
const READY_MS = 1_000

export type SendDeps = {
  readonly plan: Plan
  readonly state: ProbeState
  readonly entries: Readonly<Record<Entry, EntryPoint | undefined>>
  readonly now: () => number
  /** Ends when the senders have their money. */
  readonly fund: (group: LoggedGroup) => Promise<void>
  readonly retry: <T>(attempt: () => Promise<T>) => Promise<T>
}

/** What is answered already is not sent again. */
export async function sendGroup(deps: SendDeps, group: LoggedGroup, signal: AbortSignal): Promise<void> {
  const { plan, state, now } = deps
  const probes = group.probes.filter(({ hash }) => state.record(hash)?.answer === undefined)
  if (probes.length === 0) return
  const isBegun = state.begunAt(group.group) !== undefined
  if (isBegun) await makeReady(deps, probes, signal)
  else {
    await deps.fund(group)
    const moment = now() + drawGroup(plan, group.group).waitMs
    await sleepUntil(moment - READY_MS, now, signal)
    await makeReady(deps, probes, signal)
    await sleepUntil(moment, now, signal)
    state.write({ type: 'sending', group: group.group, at: now() })
  }
  await sendInOrder(deps, probes, isBegun, signal)
}

async function makeReady(
  { plan, entries, retry }: SendDeps,
  probes: readonly LoggedProbe[],
  signal: AbortSignal,
): Promise<void> {
  for (const entry of plan.entries) {
    const own = probes.filter((each) => each.entry === entry)
    await retry(async () => entries[entry]?.ready(own, signal))
  }
}

/** Those through L1 one after the other, since they have one account's nonces. */
async function sendInOrder(
  { state, entries, now }: SendDeps,
  probes: readonly LoggedProbe[],
  isBegun: boolean,
  signal: AbortSignal,
): Promise<void> {
  const send = async (probe: LoggedProbe) => {
    const entry = entries[probe.entry]
    if (entry === undefined) throw new CriticalError(`there is no entry point ${probe.entry}`)
    const sentAt = now()
    const answer = await entry.send(probe, signal)
    const told = isBegun ? asSentBefore(answer) : { ...answer, sentAt }
    state.write({ type: 'answer', hash: probe.hash, at: now(), ...told })
  }
  let last = Promise.resolve()
  const sending = probes.map((probe) => {
    if (probe.entry !== 'forced') return send(probe)
    last = last.then(() => send(probe))
    return last
  })
  await Promise.all(sending)
}

/** A process that ended may have sent it: a refusal may only mean that it was taken then. */
function asSentBefore(answer: Answer): Answer & { readonly sentAt: null } {
  const { outcome, detail } = answer
  if (outcome === 'accepted') return { ...answer, sentAt: null }
  return { outcome: 'failed', detail: `after a process ended: ${detail}`, sentAt: null }
}

/** @param at Milliseconds since 1970. */
async function sleepUntil(at: number, now: () => number, signal: AbortSignal): Promise<void> {
  const left = at - now()
  if (left > 0) await sleep(left, signal)
}
