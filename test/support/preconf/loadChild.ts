/** Makes load from a process of its own, so that what is measured is not the measuring. usage: loadChild.ts, with an IPC channel. */
import { Agent, request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { committerOf } from '../../../src/promise/signature.ts'
import { EXECUTION_TYPE, encodeTransactionRequest } from '../../../src/promise/transactionPromise.ts'
import { signTransaction } from '../l1/transaction.ts'
import { makeBadRequests } from './badRequests.ts'
import type { BadLoad, Load, LoadResult, PromiseLoad, TransactionLoad } from './loadProtocol.ts'

const PATH = '/commitments/v0/gateway/commitmentRequest'
const SINK: Address = `0x${'5e'.repeat(20)}`
const GWEI = 10n ** 9n
const SOCKETS_MAX = 128
const BATCH = 25
const POLL_MS = 100

process.on('message', (load: Load) => {
  run(load).then(
    (result) => process.send?.(result, () => process.exit(0)),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})

function run(load: Load): Promise<LoadResult> {
  switch (load.work.type) {
    case 'promises':
      return askForPromises(load, load.work)
    case 'transactions':
      return sendTransactions(load, load.work)
    case 'bad':
      return askBadly(load, load.work)
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

function bodyOf(load: Pick<Load, 'slasher'>, raw: Uint8Array, slot: number): string {
  const payload = bytesToHex(encodeTransactionRequest({ slot: BigInt(slot), transaction: raw }))
  return JSON.stringify({ commitment_type: Number(EXECUTION_TYPE), payload, slasher: load.slasher })
}

async function askForPromises(load: Load, work: PromiseLoad): Promise<LoadResult> {
  const count = Math.floor(work.perSecond * work.seconds)
  const wallets = work.keys.map((key) => ({ sign: signerOf(load, key), nonce: work.firstNonce }))
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX })
  const latenciesMs: number[] = []
  const answers: Record<string, number> = {}
  await atPace(work.perSecond, count, async (i) => {
    const wallet = wallets[i % wallets.length]!
    const nonce = wallet.nonce++
    const body = bodyOf(load, wallet.sign(nonce), lastSlot(load))
    const start = performance.now()
    const answer = await post(agent, load.url, body)
    if (answer === 'ok') latenciesMs.push(performance.now() - start)
    // What was refused leaves a gap that the wallet's next request fills.
    else wallet.nonce = Math.min(wallet.nonce, nonce)
    answers[answer] = (answers[answer] ?? 0) + 1
  })
  return { latenciesMs, answers, sent: wallets.map(({ nonce }) => nonce), seconds: work.seconds }
}

async function askBadly(load: Load, work: BadLoad): Promise<LoadResult> {
  const signer = signerOf(load, work.fundedKey)
  const kinds = makeBadRequests({ ...load, lastSlot: () => lastSlot(load), sign: signer })
  const agents = work.from.map(
    (localAddress) =>
      new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX / work.from.length, localAddress }),
  )
  const answers: Record<string, number> = {}
  const count = Math.floor(work.perSecond * work.seconds)
  await atPace(work.perSecond, count, async (i) => {
    const { kind, body } = kinds[i % kinds.length]!(i)
    const answer = `${kind}: ${await post(agents[i % agents.length]!, load.url, body)}`
    answers[answer] = (answers[answer] ?? 0) + 1
  })
  return { latenciesMs: [], answers, sent: [], seconds: work.seconds }
}

/** Starts them on time, and waits for all of them in the end. */
async function atPace(
  perSecond: number,
  count: number,
  act: (index: number) => Promise<void>,
): Promise<void> {
  const start = performance.now()
  const running: Promise<void>[] = []
  for (let i = 0; i < count; i++) {
    const early = start + (i * 1000) / perSecond - performance.now()
    if (early > 1) await sleep(early)
    running.push(act(i))
  }
  await Promise.all(running)
}

function post(agent: Agent, url: string, body: string): Promise<string> {
  return new Promise((resolve) => {
    const request = httpRequest(
      new URL(PATH, url),
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          text += part
        })
        response.on('end', () => resolve(response.statusCode === 200 ? 'ok' : errorOf(text)))
      },
    )
    request.on('error', (error) => resolve(error.message))
    request.end(body)
  })
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
