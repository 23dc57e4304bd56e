/** A group before its moment: everything signed, so that sending is one request each, and its senders paid for. */
import { privateKeyToAccount } from 'viem/accounts'
import type { SignedTransaction } from '../../bridge/end.ts'
import { maxBigint, toSafeNumber } from '../../primitives/bigint.ts'
import { CriticalError } from '../../primitives/errors.ts'
import { type Address, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { readNonce } from '../../propose/l1Rpc.ts'
import type { PromiseEntry } from './askForPromise.ts'
import { PROBE_GAS, targetOf } from './classes.ts'
import type { ProbeDeps } from './deps.ts'
import type { LoggedGroup, LoggedProbe } from './events.ts'
import { type DrawnProbe, drawGroup, type Plan, senderKey } from './plan.ts'
import type { QueueEntry } from './queueOnL1.ts'

/** Base fees may grow so many times before a probe no longer pays. */
const FEE_HEADROOM = 4n
/** The price of a promise moves by an eighth each block. Percent. */
const TIP_MARGIN = 50n
const TRANSFER_GAS = 21_000n

type Prices = { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }

export type PrepareDeps = Pick<ProbeDeps, 'spec' | 'l2' | 'payer' | 'payerKey'> & {
  readonly promises?: PromiseEntry
  readonly queue?: QueueEntry
}

/** @param contract For the class `call`. Nothing is sent. */
export async function prepareGroup(
  deps: PrepareDeps,
  plan: Plan,
  group: number,
  contract: Address | undefined,
  signal: AbortSignal,
): Promise<LoggedGroup> {
  const { probes: drawn } = drawGroup(plan, group)
  const sign = (probe: DrawnProbe, prices: Prices) => signProbe(deps, plan, group, probe, contract, prices)
  const prices = await readPrices(deps, signal, (offered) => {
    const asked = drawn.find(({ entry }) => entry === 'preconf')
    return asked && sign(asked, offered)
  })
  const signed: LoggedProbe[] = []
  for (const probe of drawn) signed.push(await sign(probe, prices))
  const forced = signed.filter(({ entry }) => entry === 'forced')
  const queued =
    (await deps.queue?.sign(
      forced.map(({ raw }) => raw),
      signal,
    )) ?? []
  const probes = signed.map((probe) => {
    const transaction = queued[forced.indexOf(probe)]
    return transaction === undefined ? probe : { ...probe, l1: transaction.l1 }
  })
  const value = PROBE_GAS * prices.maxFeePerGas
  const costOfOne = value + TRANSFER_GAS * prices.maxFeePerGas
  return {
    type: 'group',
    group,
    gasPrice: {
      maxFeePerGas: String(prices.maxFeePerGas),
      maxPriorityFeePerGas: String(prices.maxPriorityFeePerGas),
    },
    funding: await signFunding(
      deps,
      probes.map(({ sender }) => sender),
      { value, prices },
      signal,
    ),
    cost: {
      l1: String(queued.reduce((sum, { costMax }) => sum + costMax, 0n)),
      l2: String(costOfOne * BigInt(probes.length)),
    },
    probes,
  }
}

/** The same for all of a group, and enough for a promise. */
async function readPrices(
  { l2, promises }: PrepareDeps,
  signal: AbortSignal,
  signSample: (prices: Prices) => Promise<LoggedProbe> | undefined,
): Promise<Prices> {
  const [block, offered] = await Promise.all([
    l2('eth_getBlockByNumber', ['latest', false], signal) as Promise<{ baseFeePerGas: Hex }>,
    l2('eth_maxPriorityFeePerGas', [], signal) as Promise<Hex>,
  ])
  const of = (tip: bigint): Prices => ({
    maxFeePerGas: FEE_HEADROOM * BigInt(block.baseFeePerGas) + tip,
    maxPriorityFeePerGas: tip,
  })
  const prices = of(BigInt(offered))
  const sample = await signSample(prices)
  if (promises === undefined || sample === undefined) return prices
  const asked = await promises.tip(sample.raw, signal).catch(() => {
    signal.throwIfAborted()
    // Nobody promises now: the probes will say so.
    return 0n
  })
  return of(maxBigint(BigInt(offered), (asked * (100n + TIP_MARGIN)) / 100n))
}

async function signProbe(
  { spec, payerKey }: PrepareDeps,
  plan: Plan,
  group: number,
  probe: DrawnProbe,
  contract: Address | undefined,
  prices: Prices,
): Promise<LoggedProbe> {
  const account = privateKeyToAccount(senderKey(payerKey, plan, group, probe))
  const target = targetOf(probe.class, probe.drawn, probe.class === 'call' ? contract : probe.listed)
  const { raw, hash } = hashed(
    await account.signTransaction({
      type: 'eip1559',
      chainId: toSafeNumber(spec.l2.chainId),
      nonce: 0,
      gas: PROBE_GAS,
      ...target,
      ...prices,
    }),
  )
  return {
    entry: probe.entry,
    class: probe.class,
    sender: account.address.toLowerCase() as Address,
    to: target.to ?? null,
    raw,
    hash,
  }
}

async function signFunding(
  { spec, l2, payer }: PrepareDeps,
  senders: readonly Address[],
  { value, prices }: { readonly value: bigint; readonly prices: Prices },
  signal: AbortSignal,
): Promise<SignedTransaction[]> {
  const first = await readNonce(l2, payer.address.toLowerCase() as Address, 'pending', signal)
  const transactions: SignedTransaction[] = []
  for (const [index, to] of senders.entries())
    transactions.push(
      hashed(
        await payer.signTransaction({
          type: 'eip1559',
          chainId: toSafeNumber(spec.l2.chainId),
          nonce: first + index,
          gas: TRANSFER_GAS,
          ...{ to, value },
          ...prices,
        }),
      ),
    )
  return transactions
}

export function hashed(raw: Hex): SignedTransaction {
  return { raw, hash: keccak256Hex(hexToBytes(raw)) }
}

/** Before it is spent: sentences instead of refusals. @param spent What is logged so far. */
export async function assertPayable(
  { l1, l2, payer }: Pick<ProbeDeps, 'l1' | 'l2' | 'payer'>,
  cost: LoggedGroup['cost'],
  spent: { readonly l1: bigint; readonly l2: bigint; readonly budget: bigint },
  signal: AbortSignal,
): Promise<void> {
  for (const [layer, rpc] of [
    ['l1', l1],
    ['l2', l2],
  ] as const) {
    const needed = BigInt(cost[layer])
    if (needed === 0n || rpc === undefined) continue
    const name = layer.toUpperCase()
    if (spent[layer] + needed > spent.budget)
      throw new CriticalError(
        `what comes next may take ${needed} wei on ${name}, and ${spent[layer]} of the ${spent.budget} of --probe.budget are spoken for; raise it to go on`,
      )
    const balance = BigInt((await rpc('eth_getBalance', [payer.address, 'latest'], signal)) as Hex)
    if (balance < needed)
      throw new CriticalError(
        `${payer.address} has ${balance} wei on ${name}, what comes next may take ${needed}; send it more, and run this again`,
      )
  }
}
