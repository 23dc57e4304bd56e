/** What happens to answers on the wire, whoever made them. */
import { gzipSync } from 'node:zlib'
import { json } from '../face.ts'
import type { Remedy, TransportFault } from './fault.ts'

/** Far above any answer a node may ask for; sent in chunks, so that a reader with a cap never holds it. */
const OVERSIZED_BYTES = 2 ** 31
const CHUNK_BYTES = 2 ** 16
const UNPACKED_BYTES = 2 ** 27

export const TRANSPORT_FAULTS: readonly TransportFault[] = [
  fault('http-429', async () => json(429, { message: 'too many requests' }, { 'retry-after': '1' })),
  fault('http-500', async () => json(500, { message: 'internal error' })),
  fault('http-503', async () => new Response('upstream unavailable', { status: 503 })),
  fault('http-404', async () => json(404, { code: 404, message: 'NOT_FOUND' })),
  fault('hang', (_, request) => untilAborted(request.signal)),
  fault(
    'hang-in-body',
    async (_, request) => new Response(oneByteThenNothing(request.signal), { status: 200 }),
  ),
  fault('connection-refused', async () => {
    throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })
  }),
  fault('connection-cut', async (honest) => new Response(cutInHalf(await bytesOf(honest)), { status: 200 })),
  fault('body-truncated', async (honest) => {
    const bytes = await bytesOf(honest)
    return new Response(Uint8Array.from(bytes.subarray(0, bytes.length >> 1)), { status: 200 })
  }),
  fault('body-empty', async () => new Response('', { status: 200 })),
  fault('body-html', async () => new Response('<html><body>Bad gateway</body></html>', { status: 200 })),
  fault('body-oversized', async () => new Response(spaces(OVERSIZED_BYTES), { status: 200 })),
  fault('body-gzip-bomb', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    return new Response(gzipBomb(), { status: 200, headers })
  }),
  rpc('rpc-limit-exceeded', (answer) =>
    error(answer, -32005, 'daily request count exceeded, request rate limited'),
  ),
  rpc('rpc-header-not-found', (answer) => error(answer, -32000, 'header not found')),
  rpc('rpc-internal-error', (answer) => error(answer, -32603, 'internal error')),
  rpc('rpc-result-null', (answer) => ({ ...answer, result: null })),
  rpc('rpc-result-missing', ({ jsonrpc, id }) => ({ jsonrpc, id })),
  rpc('rpc-wrong-id', (answer) => ({ ...answer, id: 987_654_321 })),
  batch('rpc-batch-reversed', 'tolerate', (answers) => [...answers].reverse()),
  batch('rpc-batch-incomplete', 'wait', (answers) => answers.slice(1)),
  batch('rpc-batch-doubled', 'wait', (answers) => answers.map(() => answers[0]!)),
]

type RpcAnswer = { readonly jsonrpc?: string; readonly id?: unknown; readonly result?: unknown }

function fault(name: string, respond: TransportFault['respond']): TransportFault {
  return { type: 'transport', name, remedy: 'wait', respond }
}

function rpc(name: string, alter: (answer: RpcAnswer) => unknown): TransportFault {
  return fault(name, (honest, request) =>
    alterJson(honest, request, (body) => (Array.isArray(body) ? body.map(alter) : alter(body as RpcAnswer))),
  )
}

function batch(
  name: string,
  remedy: Remedy,
  alter: (answers: readonly RpcAnswer[]) => unknown,
): TransportFault {
  const respond: TransportFault['respond'] = (honest, request) =>
    alterJson(honest, request, (body) => (Array.isArray(body) ? alter(body) : body))
  return { type: 'transport', name, remedy, respond }
}

async function alterJson(
  honest: () => Promise<Response>,
  request: globalThis.Request,
  alter: (body: unknown) => unknown,
): Promise<Response> {
  const response = await honest()
  return request.method === 'POST' ? json(200, alter(await response.json())) : response
}

function error({ jsonrpc, id }: RpcAnswer, code: number, message: string) {
  return { jsonrpc, id, error: { code, message } }
}

async function bytesOf(honest: () => Promise<Response>): Promise<Uint8Array> {
  return new Uint8Array(await (await honest()).arrayBuffer())
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function oneByteThenNothing(signal: AbortSignal): ReadableStream {
  return new ReadableStream({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode('{'))
      signal.addEventListener('abort', () => controller.error(signal.reason), { once: true })
    },
  })
}

function cutInHalf(bytes: Uint8Array): ReadableStream {
  let sent = false
  return new ReadableStream({
    pull: (controller) => {
      if (sent) return controller.error(new TypeError('terminated'))
      sent = true
      controller.enqueue(bytes.slice(0, bytes.length >> 1))
    },
  })
}

/** A few hundred kilobytes that unpack to very many; only a socket's client unpacks them. */
function gzipBomb(): Uint8Array<ArrayBuffer> {
  bomb ??= Uint8Array.from(gzipSync(Buffer.alloc(UNPACKED_BYTES, ' ')))
  return bomb
}
let bomb: Uint8Array<ArrayBuffer> | undefined

/** Valid so far at every byte: JSON may begin with white space. */
function spaces(total: number): ReadableStream {
  const chunk = new Uint8Array(CHUNK_BYTES).fill(0x20)
  let sent = 0
  return new ReadableStream({
    pull: (controller) => {
      if (sent >= total) return controller.close()
      sent += chunk.length
      controller.enqueue(chunk.slice())
    },
  })
}
