/**
 * The commitments API over HTTP, but for the requests themselves (commitmentDoor.ts). preconf.md §1.1: where specification and reference
 * implementation differ, both are served.
 */
import type { IncomingMessage } from 'node:http'
import type { Context, Hono } from 'hono'
import type { Commitments } from '../../preconf/commitments/commitments.ts'
import { CommitmentRefusedError } from '../../preconf/commitments/errors.ts'
import {
  answerJson,
  feeJson,
  parseCommitmentRequest,
  parseHash,
  slotsJson,
} from '../../preconf/commitments/json.ts'
import type { Logger } from '../../telemetry/log.ts'
import { readBody, readIncoming } from '../body.ts'
import { clientOf } from '../client.ts'
import {
  type AddressLimiter,
  BODY_BYTES_MAX,
  checkBodyHeaders,
  GATEWAY_PATH,
  parseJsonBody,
  refusalAnswer,
} from './commitmentHttp.ts'

export type CommitmentRouteDeps = {
  readonly commitments: Commitments
  readonly limit: AddressLimiter
  readonly logger: Logger
}

type Handler = (c: Context) => Promise<unknown>

export function addCommitmentRoutes(app: Hono, { commitments, limit, logger }: CommitmentRouteDeps): void {
  const serve = (handle: Handler) => async (c: Context) => {
    try {
      const incoming = incomingOf(c)
      await limit(incoming === undefined ? 'unknown' : clientOf(incoming).address)
      return c.json(await handle(c))
    } catch (error) {
      const { status, headers, json } = refusalAnswer(error, c.req.path, logger)
      return c.json(json, status, headers)
    }
  }
  const fee = async (json: unknown) => feeJson(await commitments.fee(parseCommitmentRequest(json)))

  app.get(
    `${GATEWAY_PATH}/commitmentResult/:requestHash`,
    serve(async (c) => {
      const answer = await commitments.result(parseHash(c.req.param('requestHash')))
      if (answer === undefined) throw new CommitmentRefusedError('notFound')
      return answerJson(answer)
    }),
  )
  app.get(
    `${GATEWAY_PATH}/slots`,
    serve(async () => slotsJson(await commitments.slots())),
  )
  app.post(
    `${GATEWAY_PATH}/fee`,
    serve(async (c) => fee(await readPosted(c))),
  )
  // The specification's OpenAPI file has a body in it, which not every client can send: the query will do.
  app.get(
    `${GATEWAY_PATH}/fee`,
    serve(async (c) => fee(readQuery(c) ?? (await readGetBody(c)))),
  )
}

/** Node's own request; absent when a test asks the app without a server. */
function incomingOf(c: Context): IncomingMessage | undefined {
  return (c.env as { readonly incoming?: IncomingMessage } | undefined)?.incoming
}

async function readPosted(c: Context): Promise<unknown> {
  checkBodyHeaders({ type: c.req.header('content-type'), encoding: c.req.header('content-encoding') })
  return parseJsonBody(await readBody(c.req.raw, BODY_BYTES_MAX))
}

function readQuery(c: Context): unknown {
  const { commitment_type, payload, slasher } = c.req.query()
  if (payload === undefined) return undefined
  return { commitment_type: Number(commitment_type), payload, slasher }
}

/** The fetch API knows no body of a GET, so it is read from under it. */
async function readGetBody(c: Context): Promise<unknown> {
  const incoming = incomingOf(c)
  return parseJsonBody(incoming ? await readIncoming(incoming, BODY_BYTES_MAX) : new Uint8Array(0))
}
