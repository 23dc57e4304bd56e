/**
 * An experiment from its first group to its last look. Every step is in the log before it is done, so that a process that ends at any
 * moment is gone on with: what was signed is sent, never signed twice, and what was sent is looked for.
 */
import { landTransaction, type SignedTransaction } from '../../bridge/end.ts'
import { retryTemporary } from '../../primitives/async.ts'
import type { Address } from '../../primitives/hex.ts'
import { createInboxReader } from '../../propose/inbox.ts'
import { costOf } from './analyse.ts'
import { createPromiseEntry } from './askForPromise.ts'
import { signContract } from './contract.ts'
import type { ProbeDeps } from './deps.ts'
import type { LoggedGroup } from './events.ts'
import type { ProbeLog } from './log.ts'
import { cellsOf, type Plan } from './plan.ts'
import { assertPayable, prepareGroup } from './prepare.ts'
import { createQueueEntry } from './queueOnL1.ts'
import { sendGroup } from './sendGroup.ts'
import { createPoolEntry } from './sendToPool.ts'
import { createProbeState } from './state.ts'
import { watchProbes } from './watch.ts'

export type RunOptions = {
  /** Wei, on each layer. */
  readonly budget: bigint
  readonly signal: AbortSignal
  /** Takes sentences: what is waited for, when it is not a moment. */
  readonly warn: (sentence: string) => void
  readonly onProgress: (progress: {
    readonly done: number
    readonly of: number
    readonly text: string
  }) => void
}

const POLL_MS = 250
const RETRY = { delayMs: 1_000, delayMaxMs: 15_000 }
const RETRIES_SILENT = 3
/** Longer than a transaction waits for a block where there are blocks. */
const LANDING_SILENT_MS = 60_000

export async function runProbes(
  deps: ProbeDeps,
  plan: Plan,
  log: ProbeLog,
  options: RunOptions,
): Promise<void> {
  const { l2, l1, spec, now } = deps
  const state = createProbeState(log)
  const promises = deps.preconf && createPromiseEntry({ ...deps, ...deps.preconf })
  const queue = l1 && plan.entries.includes('forced') ? createQueueEntry(deps, l1) : undefined
  const entries = { rpc: createPoolEntry(deps), preconf: promises, forced: queue }
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  const onRetry = ({ message }: Error, attempt: number) => {
    if (attempt === RETRIES_SILENT) options.warn(`trying again for as long as it takes: ${message}`)
  }
  const retry = <T>(attempt: () => Promise<T>) => retryTemporary(attempt, { ...RETRY, signal, onRetry })
  let isAllSent = false

  async function sendAll(): Promise<void> {
    await retry(readInbox)
    const contract = plan.classes.includes('call') ? await contractOf() : undefined
    for (let number = 0; number < plan.groups; number++) {
      const group = state.group(number) ?? (await prepareNext(number, contract))
      await sendGroup({ plan, state, entries, now, fund, retry }, group, signal)
    }
    isAllSent = true
  }

  async function readInbox(): Promise<void> {
    if (l1 === undefined || state.only('inbox') !== undefined) return
    const config = await createInboxReader(l1, spec.l1.inbox).config(signal)
    state.write({
      type: 'inbox',
      forcedInclusionDelay: Number(config.forcedInclusionDelay),
      multiplier: Number(config.permissionlessInclusionMultiplier),
    })
  }

  /** The one that was given, or one of our own, made once. */
  async function contractOf(): Promise<Address> {
    if (plan.contract !== null) return plan.contract
    let made = state.only('contract')
    if (made === undefined) {
      made = await retry(() => signContract(deps, signal))
      await assertAffordable({ l1: '0', l2: made.cost })
      state.write(made)
    }
    await land(made.transaction)
    return made.address
  }

  async function prepareNext(number: number, contract: Address | undefined): Promise<LoggedGroup> {
    const prepareDeps = { ...deps, ...(promises && { promises }), ...(queue && { queue }) }
    const group = await retry(() => prepareGroup(prepareDeps, plan, number, contract, signal))
    await assertAffordable(group.cost)
    state.write(group)
    return group
  }

  async function assertAffordable(cost: LoggedGroup['cost']): Promise<void> {
    const spent = { ...costOf(state.events()), budget: options.budget }
    await retry(() => assertPayable(deps, cost, spent, signal))
  }

  async function fund({ funding }: LoggedGroup): Promise<void> {
    // In the order of their nonces, so that a pool takes them all; what it does not take now is sent again below.
    for (const { raw } of funding) await l2('eth_sendRawTransaction', [raw], signal).catch(() => {})
    for (const transaction of funding) await land(transaction)
  }

  async function land(transaction: SignedTransaction): Promise<void> {
    const slow = setTimeout(
      () => options.warn(`${transaction.hash}, which pays for probes, is in no L2 block yet; waiting`),
      LANDING_SILENT_MS,
    )
    try {
      await retry(() => landTransaction({ name: 'L2', rpc: l2 }, transaction, { pollMs: POLL_MS, signal }))
    } finally {
      clearTimeout(slow)
    }
  }

  function noteProgress(): void {
    const of = plan.groups * cellsOf(plan).length
    const done = state.records().filter(({ isEnded }) => isEnded).length
    const text = `${state.begun()} of ${plan.groups} groups sent, ${done} of ${of} probes done`
    options.onProgress({ done, of, text })
  }

  const watching = watchProbes(
    deps,
    { plan, state, isAllSent: () => isAllSent, onLook: noteProgress, warn: options.warn },
    signal,
  )
  const sending = sendAll()
  try {
    await Promise.all([sending, watching])
  } finally {
    ending.abort()
    await Promise.allSettled([sending, watching])
  }
}
