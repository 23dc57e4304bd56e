/** Wallets that ask for promises all the time, of whoever has the turn, and hold everybody to his word in the end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { readPromiseDomain } from '../../../src/preconf/domain.ts'
import type { Hash, Hex } from '../../../src/primitives/hex.ts'
import type { PromiseDomain } from '../../../src/promise/domain.ts'
import type { PreconfNet } from './net.ts'
import type { PreconfNode } from './node.ts'
import { createWallet, type PromiseAnswer, type Promised, type Wallet } from './wallet.ts'

export type Answered = Promised & {
  /** Index of the sequencer that was asked. */
  readonly sequencer: number
  readonly slot: number
  readonly askedAtMs: number
  readonly answeredAtMs: number
}

export type Traffic = {
  promises(): readonly Answered[]
  /** How often each error was answered. */
  refusals(): Readonly<Record<string, number>>
  stop(): Promise<void>
}

/** Milliseconds between one wallet's requests. */
const PAUSE_MS = 400
const ATTEMPTS = 3

export function readDomain({ l1 }: PreconfNet): Promise<PromiseDomain> {
  const { spec, sim } = l1
  const call = (calls: readonly unknown[], blockHash: Hash) =>
    Promise.all(
      calls.map(
        async (each) =>
          (await sim.request('eth_call', [each, { blockHash }]).catch(() => null)) as Hex | null,
      ),
    )
  return readPromiseDomain({ spec, reads: { call } }, sim.head().hash)
}

/** Wallets from `first` on, `count` of them: none may be used twice. */
export async function startTraffic(
  net: PreconfNet,
  { first, count }: { readonly first: number; readonly count: number },
): Promise<Traffic> {
  const domain = await readDomain(net)
  const l2ChainId = net.l1.spec.l2.chainId
  const promises: Answered[] = []
  const refusals: Record<string, number> = {}
  const ending = new AbortController()
  const refuse = (error: string) => {
    refusals[error] = (refusals[error] ?? 0) + 1
  }

  const askOnce = async (wallet: Wallet, execution: boolean): Promise<void> => {
    const offer = await findOffer(net)
    if (offer === undefined) return refuse('nobody offers a slot')
    const raw = await wallet.sign()
    const askedAtMs = Date.now()
    const answer = await askUntilAnswered(net.sequencers[offer.sequencer]!, wallet, raw, {
      ...offer,
      execution,
    })
    if (answer.type === 'promised') {
      promises.push({ ...answer.promise, ...offer, askedAtMs, answeredAtMs: Date.now() })
      return
    }
    // One that was refused may have been included without a promise.
    if (answer.refusal.error !== 'nonceTooLow') wallet.unsign()
    refuse(answer.refusal.error)
  }
  const use = async (wallet: Wallet, index: number): Promise<void> => {
    for (let i = index; !ending.signal.aborted; i++) {
      try {
        await askOnce(wallet, i % 2 === 0)
      } catch (error) {
        // The node went away over the answer: what has become of the transaction nobody knows, and its nonce is not used again.
        return refuse(error instanceof Error ? error.message : String(error))
      }
      await sleep(PAUSE_MS, undefined, { signal: ending.signal }).catch(() => {})
    }
  }
  const wallets = net.l1.wallets.slice(first, first + count)
  const running = Promise.all(
    wallets.map((account, i) => use(createWallet(account, { l2ChainId, domain }), i)),
  )
  return {
    promises: () => promises,
    refusals: () => refusals,
    async stop() {
      ending.abort()
      await running
    },
  }
}

/** A connection may close over an answer; the same request again has the same answer. */
async function askUntilAnswered(
  node: PreconfNode,
  wallet: Wallet,
  raw: Uint8Array,
  what: { readonly slot: number; readonly execution: boolean },
): Promise<PromiseAnswer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await wallet.ask(node.url, raw, what)
    } catch (error) {
      if (attempt === ATTEMPTS || !node.isRunning()) throw error
    }
  }
}

type SlotsJson = { readonly slots: readonly { readonly slot: number }[] }

/** The sequencer whose slots come first, and the last slot of that window. */
export async function findOffer(
  net: PreconfNet,
): Promise<{ readonly sequencer: number; readonly slot: number } | undefined> {
  let best: { readonly sequencer: number; readonly slot: number; readonly first: number } | undefined
  for (const [sequencer, node] of net.sequencers.entries()) {
    if (!node.isRunning()) continue
    const slots = await readSlots(node)
    const first = slots[0]?.slot
    if (first === undefined || (best !== undefined && best.first < first)) continue
    const window = slots.filter(({ slot }, i) => slot === first + i)
    best = { sequencer, first, slot: window.at(-1)!.slot }
  }
  return best
}

/** None while it does not know them, or is just being killed. */
async function readSlots(node: PreconfNode): Promise<SlotsJson['slots']> {
  try {
    const response = await fetch(new URL('/commitments/v0/gateway/slots', node.url))
    return response.ok ? ((await response.json()) as SlotsJson).slots : []
  } catch {
    return []
  }
}

/** By what a node has in the end: everything was executed where, or included until when, it was promised, by whose turn it was. */
export async function expectKept(
  net: PreconfNet,
  node: PreconfNode,
  promises: readonly Answered[],
): Promise<void> {
  for (const promise of promises)
    expect(
      await findBreach(net, node, promise),
      `the promise about ${promise.transactionHash}`,
    ).toBeUndefined()
}

/** What was not kept is on the record of who promised it, with a reason. Answers how many were kept. */
export async function expectKeptOrTold(
  net: PreconfNet,
  node: PreconfNode,
  promises: readonly Answered[],
): Promise<number> {
  let kept = 0
  for (const promise of promises) {
    const breach = await findBreach(net, node, promise)
    if (breach === undefined) {
      kept++
      continue
    }
    const { transactionHash, sequencer } = promise
    const told = await net.sequencers[sequencer]!.ask<{
      promises: readonly { outcome: string; reason: string | null }[]
    }>('based_getPreconfirmation', [transactionHash])
    expect(told.promises, `${breach}: ${transactionHash}`).toEqual([
      expect.objectContaining({ outcome: 'broken', reason: expect.any(String) }),
    ])
  }
  return kept
}

type ReceiptJson = { readonly status: Hex; readonly blockHash: Hash; readonly transactionIndex: Hex }
type BlockJson = { readonly number: Hex; readonly parentHash: Hash; readonly timestamp: Hex }

/** Undefined if it was kept. */
async function findBreach(
  { l1 }: PreconfNet,
  node: PreconfNode,
  promise: Answered,
): Promise<string | undefined> {
  const { transactionHash, execution, slot, sequencer } = promise
  if (promise.signer !== l1.operators[sequencer]!.address.toLowerCase()) return `signed by ${promise.signer}`
  if (l1.turnAt(slot) !== sequencer) return `slot ${slot} is not his`
  const receipt = await node.ask<ReceiptJson | null>('eth_getTransactionReceipt', [transactionHash])
  if (receipt === null) return 'not included'
  const block = await node.ask<BlockJson>('eth_getBlockByHash', [receipt.blockHash, false])
  const deadline = l1.sim.config.genesisTime + BigInt(slot) * l1.sim.config.secondsPerSlot
  if (BigInt(block.timestamp) > deadline) return `included ${BigInt(block.timestamp) - deadline} s late`
  if (execution === undefined) return undefined
  const isPlaced =
    BigInt(block.number) === execution.blockNumber &&
    block.parentHash === execution.parentBlockHash &&
    Number(receipt.transactionIndex) === execution.transactionIndex
  if (!isPlaced) return `executed at ${Number(receipt.transactionIndex)} in block ${BigInt(block.number)}`
  return receipt.status === promise.receipt?.status ? undefined : `its status is ${receipt.status}`
}
