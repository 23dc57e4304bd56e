/**
 * Requests for promises, on node's own request and response: the one route that anybody may flood, so that a refusal costs a quarter of
 * what it costs through the web's Request, Response and streams. Host names and origins are treated as on every other route (http.ts).
 */
import type { IncomingMessage } from 'node:http'
import type { Commitments } from '../../preconf/commitments/commitments.ts'
import { answerJson, parseCommitmentRequest } from '../../preconf/commitments/json.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Access } from '../access.ts'
import { ClientGoneError, readIncoming } from '../body.ts'
import { clientOf } from '../client.ts'
import { type Door, endWith, originHeaders, refuseHost } from '../door.ts'
import {
  type AddressLimiter,
  BODY_BYTES_MAX,
  checkBodyHeaders,
  GATEWAY_PATH,
  parseJsonBody,
  refusalAnswer,
} from './commitmentHttp.ts'

/** The second is what the examples of the specification's appendix post to. */
const PATHS: ReadonlySet<string> = new Set([
  `${GATEWAY_PATH}/commitmentRequest`,
  `${GATEWAY_PATH}/commitment`,
])

export function createCommitmentDoor(deps: {
  readonly commitments: Pick<Commitments, 'request'>
  readonly access: Access
  /** The routes' own. */
  readonly limit: AddressLimiter
  readonly logger: Logger
}): Door {
  const { commitments, access, limit, logger } = deps

  async function serve(request: IncomingMessage): Promise<unknown> {
    await limit(clientOf(request).address)
    const { 'content-type': type, 'content-encoding': encoding } = request.headers
    checkBodyHeaders({ type, encoding })
    const json = parseJsonBody(await readIncoming(request, BODY_BYTES_MAX))
    return answerJson(await commitments.request(parseCommitmentRequest(json)))
  }

  return {
    takes: ({ method, url }) => method === 'POST' && PATHS.has(pathOf(url)),
    async answer(request, response) {
      if (refuseHost(request, response, access)) return
      const headers = { 'Content-Type': 'application/json', ...originHeaders(request.headers.origin, access) }
      try {
        endWith(response, 200, headers, JSON.stringify(await serve(request)))
      } catch (error) {
        if (error instanceof ClientGoneError) return
        const refusal = refusalAnswer(error, pathOf(request.url), logger)
        endWith(response, refusal.status, { ...headers, ...refusal.headers }, JSON.stringify(refusal.json))
      }
    },
  }
}

function pathOf(url = ''): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}
