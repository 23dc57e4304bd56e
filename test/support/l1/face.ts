/** One provider in two shapes: `request` for JSON-RPC, and `fetch` for everything over HTTP, without a socket. */
import {
  type BeaconConfig,
  type BeaconOptions,
  type BlobFilter,
  createBeaconApi,
  type RestApi,
} from './beaconApi.ts'
import { createBlobServer } from './blobServer.ts'
import type { Mempool } from './mempool.ts'
import { createRequest, type Request, type RpcConfig, type RpcMethods, type RpcOptions } from './rpc.ts'
import { RpcError } from './rpcError.ts'
import type { View } from './tree.ts'

/** Stands in for the global `fetch`; a path alone will do for a URL. */
export type Fetch = typeof globalThis.fetch

/**
 * POST anywhere is JSON-RPC, single or batch; GET /eth/… is the beacon API, GET /blobs/… and /blobscan/… blob servers.
 * Any host is accepted, and none.
 */
export type Face = { readonly request: Request; readonly fetch: Fetch }
export type FaceOptions = RpcOptions & BeaconOptions

export function createFace(input: {
  readonly view: View
  readonly config: RpcConfig & BeaconConfig
  readonly options?: FaceOptions
  readonly filterBlobs?: BlobFilter
  /** Instead of the view's own answers. */
  readonly request?: Request
  /** Of a client that takes transactions. */
  readonly sending?: { readonly pool: Mempool; readonly methods: RpcMethods }
}): Face {
  const request = input.request ?? createRequest(input.view, input.config, input.options, input.sending)
  const beacon = createBeaconApi(input.view, input.config, input.options, input.filterBlobs)
  const blobs = createBlobServer(input.view, input.filterBlobs)
  const rest: RestApi = (url, accept) => (url.pathname.startsWith('/eth/') ? beacon : blobs)(url, accept)
  return { request, fetch: createFetch(request, rest) }
}

function createFetch(request: Request, rest: RestApi): Fetch {
  return async (input, init) => {
    const asked = toHttpRequest(input, init)
    asked.signal.throwIfAborted()
    if (asked.method === 'POST') return json(200, await answerRpc(request, await asked.text()))
    const answer = rest(new URL(asked.url), asked.headers.get('accept'))
    if (!('octets' in answer)) return json(answer.status, answer.body)
    const headers = { 'content-type': 'application/octet-stream' }
    return new Response(Uint8Array.from(answer.octets), { status: 200, headers })
  }
}

export function toHttpRequest(...[input, init]: Parameters<Fetch>): globalThis.Request {
  return input instanceof globalThis.Request
    ? new globalThis.Request(input, init)
    : new globalThis.Request(new URL(input, 'http://l1.test'), init)
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

async function answerRpc(request: Request, body: string): Promise<unknown> {
  let call: unknown
  try {
    call = JSON.parse(body)
  } catch {
    return { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'parse error' } }
  }
  return Array.isArray(call)
    ? Promise.all(call.map((one) => answerOne(request, one)))
    : answerOne(request, call)
}

async function answerOne(request: Request, call: unknown): Promise<unknown> {
  const { id = null, method, params } = call as { id?: unknown; method: string; params?: readonly unknown[] }
  try {
    return { jsonrpc: '2.0', id, result: await request(method, params) }
  } catch (error) {
    const code = error instanceof RpcError ? error.code : -32603
    const data = error instanceof RpcError && error.data !== undefined ? { data: error.data } : {}
    const message = error instanceof Error ? error.message : String(error)
    return { jsonrpc: '2.0', id, error: { code, message, ...data } }
  }
}
