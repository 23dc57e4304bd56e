/**
 * What stands between tests and the execution client: the same answers, in the form that the execution API's specification gives
 * them. Each case is a quirk of the client (README.md); everything else passes through.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { RLP } from '@ethereumjs/rlp'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { requestJson } from './httpJson.ts'

type Request = { readonly id: unknown; readonly method: string; readonly params?: readonly unknown[] }
type Answer = {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}

export type ExecutionFace = { readonly url: string; close(): Promise<void> }

/** Of Prague: no P256VERIFY yet (EIP-7910). */
const CONFIG = { current: { activationTime: 0, precompiles: {} }, next: null }
/** Where no limit is given, as EIP-7825 bounds a transaction; it takes none for no bound at all. */
const CALL_GAS: Hex = '0xffffff'
/** More than any proposal takes. */
const BLOB_CALL_GAS: Hex = '0x1e8480'
const GWEI: Hex = '0x3b9aca00'
/** Said of a blob transaction that it has put into its pool, and will mine: pruning its blob cache fails after that. */
const TAKEN = /Missing parameter value for (blobGasPerBlob|maxBlobGasPerBlock)/
const KNOWN = /already in the TxPool/i

export async function startExecutionFace(clientUrl: string): Promise<ExecutionFace> {
  const ask = async (method: string, params: readonly unknown[]): Promise<Answer> => {
    const { body } = await requestJson(clientUrl, {
      method: 'POST',
      json: { jsonrpc: '2.0', id: 1, method, params },
    })
    return body as Answer
  }
  /** EIP-1898: it takes numbers only. A block that is not canonical has none. */
  const byNumber = async (block: unknown): Promise<unknown> => {
    const hash = typeof block === 'string' ? block : (block as { blockHash?: Hash } | null)?.blockHash
    if (hash?.length !== 66) return block
    const found = (await ask('eth_getBlockByHash', [hash, false])).result as { number: Hex } | null
    const canonical = found && (await ask('eth_getBlockByNumber', [found.number, false])).result
    if ((canonical as { hash: Hash } | null)?.hash !== hash) throw new Error('header not found')
    return found?.number
  }
  const answer = async ({ method, params = [] }: Request): Promise<Answer> => {
    switch (method) {
      case 'eth_config':
        return { result: CONFIG }
      case 'eth_maxPriorityFeePerGas':
        return { result: GWEI }
      case 'eth_estimateGas': {
        const [call] = params as [Record<string, unknown>]
        // It runs the call without blobs, and takes what a revert used for an estimate.
        if ('blobVersionedHashes' in call) return { result: BLOB_CALL_GAS }
        return ask(method, ['maxFeePerGas' in call ? { ...call, type: '0x2' } : call])
      }
      case 'eth_call':
        return ask(method, [
          { gas: CALL_GAS, ...(params[0] as object) },
          await byNumber(params[1] ?? 'latest'),
        ])
      case 'eth_getBalance':
      case 'eth_getCode':
      case 'eth_getTransactionCount':
        return ask(method, [params[0], await byNumber(params[1] ?? 'latest')])
      case 'eth_getProof':
      case 'eth_getStorageAt':
        return ask(method, [params[0], params[1], await byNumber(params[2] ?? 'latest')])
      case 'eth_getBlockReceipts':
        return ask(method, [await byNumber(params[0])])
      case 'eth_sendRawTransaction': {
        const sent = await ask(method, params)
        if (sent.error === undefined) return sent
        if (TAKEN.test(sent.error.message)) return { result: hashOf(params[0] as Hex) }
        if (KNOWN.test(sent.error.message)) return { error: { code: -32_000, message: 'already known' } }
        return sent
      }
      default:
        return ask(method, params)
    }
  }
  const answerOne = async (request: Request): Promise<object> => {
    const answered = await answer(request).catch((error: Error): Answer => {
      return { error: { code: -32_000, message: error.message } }
    })
    const { result = null, error } = answered
    return { jsonrpc: '2.0', id: request.id, ...(error ? { error } : { result }) }
  }
  const server = createServer((request, response) => {
    handle(request, response, answerOne).catch((error: Error) => {
      response.writeHead(500).end(error.message)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  answerOne: (request: Request) => Promise<object>,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Request | Request[]
  const answers = Array.isArray(body) ? await Promise.all(body.map(answerOne)) : await answerOne(body)
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers))
}

/** Of a blob transaction in its network form: of its first part, the signed transaction. */
function hashOf(raw: Hex): Hash {
  const bytes = hexToBytes(raw)
  const [signed] = RLP.decode(bytes.subarray(1)) as Uint8Array[]
  return keccak256Hex(hexToBytes(`0x03${bytesToHex(RLP.encode(signed)).slice(2)}`))
}
