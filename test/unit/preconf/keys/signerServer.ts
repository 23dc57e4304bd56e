/**
 * A Commit-Boost signer on a port: tokens are checked and signing roots made here anew, from the API's text, with Node's own crypto.
 * What it answers can be bent.
 */
import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Address, Hex } from '../../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../../src/primitives/keccak.ts'
import { committerOf, signHash } from '../../../../src/promise/signature.ts'

export const SECRET = 'a secret of the module'
export const MODULE = 'PLUMBLINE'
const PROXY_KEY = new Uint8Array(32).fill(9)
export const PROXY: Address = committerOf(PROXY_KEY)

/** mainnet; chain 1. */
const DOMAIN = Buffer.from('6d6d6f43f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a9', 'hex')

export type SignerServer = {
  readonly url: string
  /** Of the requests that were let in. */
  readonly routes: string[]
  /** What comes instead of a right answer. */
  bend: { status?: number; body?: string; answer?: Record<string, unknown>; delayMs?: number }
  close(): Promise<void>
}

export async function startSignerServer(signingId: Hex): Promise<SignerServer> {
  const routes: string[] = []
  const state: SignerServer = { url: '', routes, bend: {}, close: async () => {} }
  const server = createServer(async (request, response) => {
    const { status, body, answer, delayMs = 0 } = state.bend
    const raw = await readBody(request)
    const route = request.url ?? ''
    await new Promise((done) => setTimeout(done, delayMs))
    const reply = (code: number, text: string) => {
      response.writeHead(code, { 'content-type': 'application/json' })
      response.end(text)
    }
    if (status !== undefined)
      return reply(status, body ?? JSON.stringify({ code: status, message: 'the reason' }))
    const fault = faultOf(request.headers.authorization, route, raw)
    if (fault !== undefined) return reply(401, `unauthorized: ${fault}`)
    routes.push(route)
    if (route === '/signer/v1/get_pubkeys')
      return reply(
        200,
        body ??
          JSON.stringify({
            keys: [{ consensus: `0x${'aa'.repeat(48)}`, proxy_bls: [], proxy_ecdsa: [PROXY] }],
          }),
      )
    if (route !== '/signer/v1/request_signature/proxy-ecdsa' || request.method !== 'POST')
      return reply(404, '')
    const { proxy, object_root, nonce } = JSON.parse(raw.toString('utf8'))
    if (proxy !== PROXY) return reply(404, `unknown proxy signer: ${proxy}`)
    if (nonce !== 0) return reply(400, 'bad request: nonce')
    const signature = signHash(signingRootOf(object_root, signingId), PROXY_KEY)
    reply(
      200,
      body ??
        JSON.stringify({
          address: PROXY,
          object_root,
          module_signing_id: signingId,
          nonce: 0,
          chain_id: '0x1',
          signature,
          ...answer,
        }),
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  })
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** RFC 7515 and 7519, and the claims that the signer asks for. */
function faultOf(authorization: string | undefined, route: string, body: Buffer): string | undefined {
  const [header = '', payload = '', signature = ''] = (authorization ?? '').replace(/^Bearer /, '').split('.')
  const expected = createHmac('sha256', SECRET).update(`${header}.${payload}`).digest('base64url')
  if (signature !== expected) return 'signature'
  const { alg, typ } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
  if (alg !== 'HS256' || typ !== 'JWT') return 'algorithm'
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
  const now = Math.floor(Date.now() / 1000)
  if (!(claims.exp > now && claims.exp <= now + 301)) return 'expiry'
  if (claims.module !== MODULE) return 'module'
  if (claims.route !== route) return 'route'
  const hash = body.length === 0 ? undefined : keccak256Hex(body)
  return claims.payload_hash === hash ? undefined : 'payload hash'
}

/** hash_tree_root of { data, module_signing_id, nonce: uint64, chain_id: uint256 }, and of that with the domain. */
function signingRootOf(objectRoot: Hex, signingId: Hex): Hex {
  const bytes = (hex: string) => Buffer.from(hex.slice(2), 'hex')
  const pair = (a: Uint8Array, b: Uint8Array) => createHash('sha256').update(a).update(b).digest()
  const one = Buffer.alloc(32)
  one[0] = 1
  const info = pair(pair(bytes(objectRoot), bytes(signingId)), pair(Buffer.alloc(32), one))
  return `0x${pair(info, DOMAIN).toString('hex')}`
}
