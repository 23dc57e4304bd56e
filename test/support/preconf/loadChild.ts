/** Makes load from a process of its own, so that what is measured is not the measuring. usage: loadChild.ts, with an IPC channel. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { committerOf } from '../../../src/promise/signature.ts'
import { EXECUTION_TYPE, encodeTransactionRequest } from '../../../src/promise/transactionPromise.ts'
import { signTransaction } from '../l1/transaction.ts'
import { makeBadRequests } from './badRequests.ts'
import {
  type BadLoad,
  GO,
  type Load,
  type LoadMessage,
  type LoadResult,
  type PromiseLoad,
  type TransactionLoad,
} from './loadProtocol.ts'
import { createPostClient, type PostClient } from './postClient.ts'

const PATH = '/commitments/v0/gateway/commitmentRequest'
const SINK: Address = `0x${'5e'.repeat(20)}`
const GWEI = 10n ** 9n
const CONNECTIONS_MAX = 128
const BATCH = 25
const POLL_MS = 100

let begin: (() => Promise<LoadResult>) | undefined
const say = (message: LoadMessage, onSaid = () => {}) => process.send?.(message, onSaid)

process.on('message', (message: Load | typeof GO) => {
  if (message !== GO) {
    begin = prepare(message)
    say({ type: 'ready' })
    return
  }
  begin?.().then(
    (result) => say({ type: 'done', result }, () => process.exit(0)),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})

/** What costs time and asks nobody is done before it begins. */
function prepare(load: Load): () => Promise<LoadResult> {
  switch (load.work.type) {
    case 'promises':
      return prepareToAsk(load, load.work)
    case 'transactions': {
      const { work } = load
      return () => sendTransactions(load, work)
    }
    case 'bad':
      return prepareToAskBadly(load, load.work)
  }
}

type Signer = (nonce: number) => Uint8Array

function signerOf(load: Load, key: Hex): Signer {
  const privateKey = hexToBytes(key)
  const account = { privateKey, address: committerOf(privateKey) }
  return (nonce) =>
    signTransaction(
      {
        type: 2,
        chainId: BigInt(load.l2ChainId),
        nonce: BigInt(nonce),
        to: SINK,
        gas: 21_000n,
        value: 1n,
        input: new Uint8Array(0),
        maxFeePerGas: 100n * GWEI,
        maxPriorityFeePerGas: GWEI,
        maxFeePerBlobGas: 0n,
        blobHashes: [],
      },
      account,
    ).raw
}

/** The last slot of the window that runs. */
function lastSlot({ slots }: Load): number {
  const slot = Math.floor((Date.now() / 1000 - slots.genesisTime) / slots.secondsPerSlot) + 1
  return (Math.floor(slot / slots.slotsPerEpoch) + 1) * slots.slotsPerEpoch - 1
}

function bodyOf(load: Pick<Load, 'slasher'>, raw: Uint8Array, slot: number): Uint8Array {
  const payload = bytesToHex(encodeTransactionRequest({ slot: BigInt(slot), transaction: raw }))
  const json = { commitment_type: Number(EXECUTION_TYPE), payload, slasher: load.slasher }
  return Buffer.from(JSON.stringify(json))
}

function prepareToAsk(load: Load, work: PromiseLoad): () => Promise<LoadResult> {
  const count = Math.floor(work.perSecond * work.seconds)
  const each = Math.ceil(count / work.keys.length)
  const wallets = work.keys.map((key) => {
    const sign = signerOf(load, key)
    return { signed: Array.from({ length: each }, (_, i) => sign(work.firstNonce + i)), next: 0 }
  })
  const client = createPostClient({ url: new URL(PATH, load.url), connectionsMax: CONNECTIONS_MAX })
  return async () => {
    const latenciesMs: number[] = []
    const answers: Record<string, number> = {}
    const lateMs = await atPace(work.perSecond, count, async (i, dueAt) => {
      const wallet = wallets[i % wallets.length]!
      const index = wallet.next++
      const answer = await ask(client, bodyOf(load, wallet.signed[index]!, lastSlot(load)))
      if (answer === 'ok') latenciesMs.push(performance.now() - dueAt)
      // What was refused leaves a gap that the wallet's next request fills.
      else wallet.next = Math.min(wallet.next, index)
      answers[answer] = (answers[answer] ?? 0) + 1
    })
    client.close()
    const sent = wallets.map(({ next }) => work.firstNonce + next)
    return { latenciesMs, answers, sent, seconds: work.seconds, lateMs, cpuSeconds: cpuSeconds() }
  }
}

function prepareToAskBadly(load: Load, work: BadLoad): () => Promise<LoadResult> {
  const signer = signerOf(load, work.fundedKey)
  const kinds = makeBadRequests({ ...load, lastSlot: () => lastSlot(load), sign: signer })
  const url = new URL(PATH, load.url)
  const connectionsMax = CONNECTIONS_MAX / work.from.length
  const clients = work.from.map((localAddress) => createPostClient({ url, connectionsMax, localAddress }))
  const count = Math.floor(work.perSecond * work.seconds)
  return async () => {
    const answers: Record<string, number> = {}
    const lateMs = await atPace(work.perSecond, count, async (i) => {
      const { kind, body } = kinds[i % kinds.length]!(i)
      const answer = `${kind}: ${await ask(clients[i % clients.length]!, body)}`
      answers[answer] = (answers[answer] ?? 0) + 1
    })
    for (const client of clients) client.close()
    return { latenciesMs: [], answers, sent: [], seconds: work.seconds, lateMs, cpuSeconds: cpuSeconds() }
  }
}

/**
 * Starts each when it is due, and waits for all of them in the end.
 * @returns By how many milliseconds each was late.
 */
async function atPace(
  perSecond: number,
  count: number,
  act: (index: number, dueAt: number) => Promise<void>,
): Promise<readonly number[]> {
  const start = performance.now()
  const running: Promise<void>[] = []
  const lateMs: number[] = []
  for (let i = 0; i < count; i++) {
    const dueAt = start + (i * 1000) / perSecond
    const early = dueAt - performance.now()
    // What is due within the timer's own millisecond goes along.
    if (early > 1) await sleep(early)
    const at = performance.now()
    lateMs.push(Math.max(0, at - dueAt))
    running.push(act(i, Math.min(at, dueAt)))
  }
  await Promise.all(running)
  return lateMs
}

/** `ok`, or the error. */
async function ask(client: PostClient, body: Uint8Array): Promise<string> {
  try {
    const { status, text } = await client.post(body)
    return status === 200 ? 'ok' : errorOf(text)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000_000
}

function errorOf(text: string): string {
  try {
    return String((JSON.parse(text) as { error?: unknown }).error)
  } catch {
    return 'an answer that is no JSON'
  }
}

async function sendTransactions(load: Load, work: TransactionLoad): Promise<LoadResult> {
  const accounts = work.keys.map((key) => ({ sign: signerOf(load, key), sent: 0 }))
  const answers: Record<string, number> = {}
  const start = performance.now()
  let acknowledged = 0
  let next = 0
  while (performance.now() - start < work.seconds * 1000) {
    const included = await countIncluded(load, work)
    const room = Math.min(work.outstandingMax - (acknowledged - included), work.outstandingMax)
    const batches: Promise<void>[] = []
    for (let left = room; left >= BATCH; left -= BATCH) {
      const account = accounts[next++ % accounts.length]!
      const raws = Array.from({ length: BATCH }, () => account.sign(work.firstNonce + account.sent++))
      batches.push(
        sendBatch(load.url, raws).then((errors) => {
          acknowledged += BATCH - errors.length
          answers.ok = (answers.ok ?? 0) + BATCH - errors.length
          for (const error of errors) answers[error] = (answers[error] ?? 0) + 1
        }),
      )
    }
    await Promise.all(batches)
    await sleep(POLL_MS)
  }
  const seconds = (performance.now() - start) / 1000
  return { latenciesMs: [], answers, sent: accounts.map(({ sent }) => sent), seconds }
}

/** Of the accounts, together. */
async function countIncluded(load: Load, work: TransactionLoad): Promise<number> {
  const calls = work.keys.map((key) => ({
    method: 'eth_getTransactionCount',
    params: [committerOf(hexToBytes(key)), 'latest'],
  }))
  const results = await callBatch(load.url, calls)
  return results.reduce((sum, { result }) => sum + Number(result) - work.firstNonce, 0)
}

async function sendBatch(url: string, raws: readonly Uint8Array[]): Promise<readonly string[]> {
  const calls = raws.map((raw) => ({ method: 'eth_sendRawTransaction', params: [bytesToHex(raw)] }))
  const results = await callBatch(url, calls)
  return results.flatMap(({ error }) => (error === undefined ? [] : [error.message]))
}

type RpcAnswer = { readonly result?: unknown; readonly error?: { readonly message: string } }

async function callBatch(
  url: string,
  calls: readonly { readonly method: string; readonly params: readonly unknown[] }[],
): Promise<readonly RpcAnswer[]> {
  const body = JSON.stringify(calls.map((call, id) => ({ jsonrpc: '2.0', id, ...call })))
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  return (await response.json()) as readonly RpcAnswer[]
}
