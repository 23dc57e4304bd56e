/** Asks a node how it is, again and again, from a process of its own. usage: watchChild.ts, with an IPC channel. */
import { Agent, request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export type WatchOrder = { readonly url: string; readonly seconds: number }
export type Watched = {
  /** Milliseconds of each answer of `/healthz`, and of a call of a client that asks for little; Infinity: none, or a refusal. */
  readonly healthMs: readonly number[]
  readonly callMs: readonly number[]
  /** L1 blocks derived by when, in milliseconds since the Unix epoch. */
  readonly cursors: readonly { readonly at: number; readonly number: number }[]
}

const HEALTH_PAUSE_MS = 50
const CALL_PAUSE_MS = 500
const STATUS_PAUSE_MS = 200
const CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'eth_call',
  params: [{ to: `0x${'c0'.repeat(20)}` }, 'latest', { [`0x${'c0'.repeat(20)}`]: { code: '0x60205ff3' } }],
})
const agent = new Agent({ keepAlive: true })

process.on('message', (order: WatchOrder) => {
  watch(order).then(
    (watched) => process.send?.(watched, () => process.exit(0)),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})

async function watch({ url, seconds }: WatchOrder): Promise<Watched> {
  const end = Date.now() + seconds * 1000
  const watched = {
    healthMs: [] as number[],
    callMs: [] as number[],
    cursors: [] as Watched['cursors'][number][],
  }
  const repeat = async (pauseMs: number, act: () => Promise<void>) => {
    while (Date.now() < end) {
      await act()
      await sleep(pauseMs)
    }
  }
  const timed = async (
    times: number[],
    work: Promise<string | undefined>,
    isGood: (text: string) => boolean,
  ) => {
    const start = performance.now()
    const text = await work
    times.push(text !== undefined && isGood(text) ? performance.now() - start : Number.POSITIVE_INFINITY)
  }
  await Promise.all([
    repeat(HEALTH_PAUSE_MS, () =>
      timed(watched.healthMs, ask(`${url}/healthz`), (text) => text.includes('alive')),
    ),
    repeat(CALL_PAUSE_MS, () => timed(watched.callMs, ask(url, CALL), (text) => text.includes('"result"'))),
    repeat(STATUS_PAUSE_MS, async () => {
      const text = await ask(`${url}/status`)
      const number = text === undefined ? undefined : JSON.parse(text).sync.current_l1?.number
      if (number !== undefined) watched.cursors.push({ at: Date.now(), number })
    }),
  ])
  return watched
}

/** Undefined: no answer. */
function ask(url: string, body?: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const sent = httpRequest(url, { method: body === undefined ? 'GET' : 'POST', agent, headers })
    sent.on('error', () => resolve(undefined))
    sent.on('response', (response) => {
      let text = ''
      response.on('data', (part) => {
        text += part
      })
      response.on('end', () => resolve(text))
    })
    sent.end(body)
  })
}
