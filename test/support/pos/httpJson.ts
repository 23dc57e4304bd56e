/**
 * One request on a connection of its own. `fetch` keeps idle ones, and while a test proves a blob, seconds without a break, it does
 * not hear that the server has closed them: the next request would fail.
 */
import { request } from 'node:http'

export type JsonAnswer = { readonly status: number; readonly body: unknown }

/** Rejects if nobody answers, or not in JSON. */
export function requestJson(
  url: string,
  options: { readonly method: 'GET' | 'POST'; readonly json?: unknown },
): Promise<JsonAnswer> {
  return new Promise((resolve, reject) => {
    const body = options.json === undefined ? '' : JSON.stringify(options.json)
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const asking = request(url, { method: options.method, agent: false, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) })
        } catch (error) {
          reject(error)
        }
      })
    })
    asking.once('error', reject)
    asking.end(body)
  })
}
