/**
 * An experiment from its first group to its last look. Every step is in the log before it is done, so that a process that ends at any
 * moment is gone on with: what was signed is sent, never signed twice, and what was sent is looked for.
 */
import { getContractAddress } from 'viem'
import { landTransaction } from '../../bridge/end.ts'
import { retryTemporary } from '../../primitives/async.ts'
import { toSafeNumber } from '../../primitives/bigint.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import { createInboxReader } from '../../propose/inbox.ts'
import { readNonce } from '../../propose/l1Rpc.ts'
import { costOf } from './analyse.ts'
import { createPromiseEntry } from './askForPromise.ts'
import { type Entry, PLAIN_CONTRACT } from './classes.ts'
import type { ProbeDeps } from './deps.ts'
import { type Answer, type EntryPoint, waitUntil } from './entries.ts'
import type { EventOf, LoggedGroup, LoggedProbe, ProbeEvent } from './events.ts'
import type { ProbeLog } from './log.ts'
import { drawGroup, type Plan } from './plan.ts'
import { assertPayable, hashed, prepareGroup } from './prepare.ts'
import { createQueueEntry } from './queueOnL1.ts'
import { createRecords } from './records.ts'
import { createPoolEntry } from './sendToPool.ts'
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
/** Before the moment: what is asked for then is fresh, and does not delay the moment. */
const READY_MS = 1_000
/** Creating PLAIN_CONTRACT takes 56,000. */
const CREATE_GAS = 100_000n
const CREATE_FEE_HEADROOM = 4n

export async function runProbes(
  deps: ProbeDeps,
  plan: Plan,
  log: ProbeLog,
  options: RunOptions,
): Promise<void> {
  const { l2, l1, spec, payer, now } = deps
  const records = createRecords(log.events())
  const probes = new Map<Hash, LoggedProbe>()
  const keep = (event: ProbeEvent) => {
    if (event.type === 'group') for (const probe of event.probes) probes.set(probe.hash, probe)
  }
  log.events().forEach(keep)
  const write = (...events: readonly ProbeEvent[]) => {
    log.append(...events)
    for (const event of events) {
      keep(event)
      records.add(event)
    }
  }
  const promises = deps.preconf && createPromiseEntry({ ...deps, ...deps.preconf })
  const queue = l1 && createQueueEntry(deps, l1)
  const entries: Readonly<Record<Entry, EntryPoint | undefined>> = {
    rpc: createPoolEntry(deps),
    preconf: promises,
    forced: queue,
  }
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  const onRetry = ({ message }: Error, attempt: number) => {
    if (attempt === RETRIES_SILENT) options.warn(`trying again for as long as it takes: ${message}`)
  }
  const retry = <T>(attempt: () => Promise<T>) => retryTemporary(attempt, { ...RETRY, signal, onRetry })
  const layer = { name: 'L2', rpc: l2 } as const
  let sent = log.events().filter(({ type }) => type === 'sending').length
  let isAllSent = false

  const sendAll = async () => {
    await retry(readInbox)
    const contract = plan.classes.includes('call') ? await contractOf() : undefined
    for (let group = 0; group < plan.groups; group++) {
      const logged = log.events().find((event) => event.type === 'group' && event.group === group)
      const prepared = logged?.type === 'group' ? logged : await prepareNext(group, contract)
      await send(prepared)
    }
    isAllSent = true
  }

  async function readInbox(): Promise<void> {
    if (l1 === undefined || log.events().some(({ type }) => type === 'inbox')) return
    const config = await createInboxReader(l1, spec.l1.inbox).config(signal)
    write({
      type: 'inbox',
      forcedInclusionDelay: Number(config.forcedInclusionDelay),
      multiplier: Number(config.permissionlessInclusionMultiplier),
    })
  }

  /** The one that was given, or one of our own, made once. */
  async function contractOf(): Promise<Address> {
    if (plan.contract !== null) return plan.contract
    if (!log.events().some(({ type }) => type === 'contract')) {
      const signed = await retry(signContract)
      await assertAffordable({ l1: '0', l2: signed.cost })
      write(signed)
    }
    const made = log.events().find((event) => event.type === 'contract')
    if (made?.type !== 'contract') throw new CriticalError('the contract is not in the log')
    await retry(() => landTransaction(layer, made.transaction, { pollMs: POLL_MS, signal }))
    return made.address
  }

  async function signContract(): Promise<EventOf<'contract'>> {
    const from = payer.address.toLowerCase() as Address
    const nonce = await readNonce(l2, from, 'pending', signal)
    const block = (await l2('eth_getBlockByNumber', ['latest', false], signal)) as { baseFeePerGas: Hex }
    const tip = BigInt((await l2('eth_maxPriorityFeePerGas', [], signal)) as Hex)
    const maxFeePerGas = CREATE_FEE_HEADROOM * BigInt(block.baseFeePerGas) + tip
    const raw = await payer.signTransaction({
      type: 'eip1559',
      chainId: toSafeNumber(spec.l2.chainId),
      data: PLAIN_CONTRACT,
      gas: CREATE_GAS,
      maxPriorityFeePerGas: tip,
      ...{ nonce, maxFeePerGas },
    })
    const address = getContractAddress({ from, nonce: BigInt(nonce) }).toLowerCase() as Address
    return { type: 'contract', transaction: hashed(raw), address, cost: String(CREATE_GAS * maxFeePerGas) }
  }

  async function prepareNext(group: number, contract: Address | undefined): Promise<LoggedGroup> {
    const prepareDeps = { ...deps, ...(promises && { promises }), ...(queue && { queue }) }
    const prepared = await retry(() => prepareGroup(prepareDeps, plan, group, contract, signal))
    await assertAffordable(prepared.cost)
    write(prepared)
    return prepared
  }

  async function assertAffordable(cost: LoggedGroup['cost']): Promise<void> {
    const spent = { ...costOf(log.events()), budget: options.budget }
    await retry(() => assertPayable(deps, cost, spent, signal))
  }

  async function send(group: LoggedGroup): Promise<void> {
    const unanswered = group.probes.filter(({ hash }) => records.get(hash)?.answer === undefined)
    if (unanswered.length === 0) return
    const isBegun = log.events().some((event) => event.type === 'sending' && event.group === group.group)
    if (!isBegun) {
      await fund(group)
      const moment = now() + drawGroup(plan, group.group).waitMs
      await waitUntil(moment - READY_MS, now, signal)
      await ready(unanswered)
      await waitUntil(moment, now, signal)
      write({ type: 'sending', group: group.group, at: now() })
      sent++
    } else await ready(unanswered)
    await sendInOrder(unanswered, isBegun)
  }

  async function fund({ funding }: LoggedGroup): Promise<void> {
    const all = funding.map(
      (transaction) => () => retry(() => landTransaction(layer, transaction, { pollMs: POLL_MS, signal })),
    )
    // Sent in the order of their nonces, a pool takes them all.
    for (const { raw } of funding) await l2('eth_sendRawTransaction', [raw], signal).catch(() => {})
    for (const land of all) await land()
  }

  async function ready(group: readonly LoggedProbe[]): Promise<void> {
    for (const entry of plan.entries)
      await retry(async () =>
        entries[entry]?.ready(
          group.filter((each) => each.entry === entry),
          signal,
        ),
      )
  }

  /** At once, in drawn order; those through L1 one after the other, since they have one account's nonces. */
  async function sendInOrder(group: readonly LoggedProbe[], isBegun: boolean): Promise<void> {
    const sendOne = async (probe: LoggedProbe) => {
      const entry = entries[probe.entry]
      if (entry === undefined) throw new CriticalError(`there is no entry point ${probe.entry}`)
      const sentAt = now()
      const answer = await entry.send(probe, signal)
      const known = isBegun ? asSentBefore(answer) : { ...answer, sentAt }
      write({ type: 'answer', hash: probe.hash, at: now(), ...known })
    }
    let last = Promise.resolve()
    const sending = group.map((probe) => {
      if (probe.entry !== 'forced') return sendOne(probe)
      last = last.then(() => sendOne(probe))
      return last
    })
    await Promise.all(sending)
  }

  const note = () => {
    const all = [...records.all()]
    const ended = all.filter(({ isEnded }) => isEnded).length
    const of = plan.groups * plan.entries.length * plan.classes.length
    options.onProgress({
      done: ended,
      of,
      text: `${sent} of ${plan.groups} groups sent, ${ended} of ${of} probes done`,
    })
  }
  const watching = watchProbes(
    deps,
    {
      plan,
      records: records.all,
      probeOf: (hash) => probes.get(hash),
      isAllSent: () => isAllSent,
      write,
      onTick: note,
    },
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

/** A process that ended may have sent it: a refusal may only mean that it was taken then. */
function asSentBefore(answer: Answer): Answer & { readonly sentAt: null } {
  const { outcome, detail } = answer
  if (outcome === 'accepted') return { ...answer, sentAt: null }
  return { outcome: 'failed', detail: `after a process ended: ${detail}`, sentAt: null }
}
