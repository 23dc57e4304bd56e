/** Stands before an L2 node and keeps out what is sent to some address, while it says that it was taken: a silent censor. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { keccak256, parseTransaction } from 'viem'
import type { Address, Hash, Hex } from '../../src/primitives/hex.ts'

export type CensoringProxy = {
  readonly url: string
  /** Hashes of what was kept out. */
  dropped(): readonly Hash[]
  close(): Promise<void>
}

type Request = { readonly id: unknown; readonly method: string; readonly params: readonly unknown[] }

export async function startCensoringProxy(node: string, censored: Address): Promise<CensoringProxy> {
  const dropped: Hash[] = []
  /** The answer to a transaction that goes no further. */
  const censor = ({ id, method, params }: Request): unknown => {
    if (method !== 'eth_sendRawTransaction') return undefined
    const raw = params[0] as Hex
    if (parseTransaction(raw).to?.toLowerCase() !== censored) return undefined
    const hash = keccak256(raw)
    dropped.push(hash)
    return { jsonrpc: '2.0', id, result: hash }
  }
  const server = createServer(async (request, response) => {
    const body = await readAll(request)
    const asked = JSON.parse(body) as Request | readonly Request[]
    const answer = 'method' in asked ? censor(asked) : undefined
    response.setHeader('content-type', 'application/json')
    if (answer !== undefined) return response.end(JSON.stringify(answer))
    const headers = { 'content-type': 'application/json' }
    try {
      response.end(await (await fetch(node, { method: 'POST', headers, body })).text())
    } catch {
      response.writeHead(502).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    dropped: () => dropped,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
