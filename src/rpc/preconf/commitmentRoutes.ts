/** The commitments API over HTTP. preconf.md §1.1: where specification and reference implementation differ, both are served. */
import type { Context, Hono } from 'hono'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import type { Commitments } from '../../preconf/commitments/commitments.ts'
import { CommitmentRefusedError, type RefusalCode } from '../../preconf/commitments/errors.ts'
import {
  answerJson,
  feeJson,
  parseCommitmentRequest,
  parseHash,
  slotsJson,
} from '../../preconf/commitments/json.ts'
import { PAYLOAD_BYTES_MAX } from '../../preconf/commitments/readRequest.ts'
import { concatBytes } from '../../primitives/bytes.ts'
import type { Logger } from '../../telemetry/log.ts'
import { readBody } from '../body.ts'
import { addressOf, incomingOf } from '../incoming.ts'

const PATH = '/commitments/v0/gateway'
/** A payload in hex, and the rest of a request. */
const BODY_BYTES_MAX = 2 * PAYLOAD_BYTES_MAX + 4096
/** Requests of one address in a second; what is behind a proxy shares one. */
const REQUESTS_PER_SECOND = 500

/** Every other refusal is 400. */
const STATUS: Partial<Readonly<Record<RefusalCode, 404 | 413 | 429>>> = {
  notFound: 404,
  oversized: 413,
  rateLimited: 429,
}

export type CommitmentRouteDeps = {
  readonly commitments: Commitments
  readonly logger: Logger
  readonly requestsPerSecond?: number
}

type Handler = (c: Context) => Promise<unknown>

export function addCommitmentRoutes(app: Hono, deps: CommitmentRouteDeps): void {
  const { commitments, logger } = deps
  const limiter = new RateLimiterMemory({
    points: deps.requestsPerSecond ?? REQUESTS_PER_SECOND,
    duration: 1,
  })

  const serve = (handle: Handler) => async (c: Context) => {
    try {
      await limiter.consume(addressOf(c)).catch(() => {
        throw new CommitmentRefusedError('rateLimited')
      })
      return c.json(await handle(c))
    } catch (error) {
      return refuse(c, error)
    }
  }

  function refuse(c: Context, error: unknown): Response {
    if (error instanceof CommitmentRefusedError) {
      const status = STATUS[error.code] ?? (error.isTemporary ? 503 : 400)
      if (status === 413) c.header('Connection', 'close')
      if (status === 429) c.header('Retry-After', '1')
      return c.json({ code: status, error: error.code, message: error.message }, status)
    }
    logger.error({ path: c.req.path, error }, 'a request for a commitment failed')
    return c.json({ code: 500, error: 'internal', message: 'internal error; the node has logged it' }, 500)
  }

  const request: Handler = async (c) =>
    answerJson(await commitments.request(parseCommitmentRequest(await readPosted(c))))
  const fee = async (json: unknown) => feeJson(await commitments.fee(parseCommitmentRequest(json)))

  app.post(`${PATH}/commitmentRequest`, serve(request))
  // What the examples of the specification's appendix post to.
  app.post(`${PATH}/commitment`, serve(request))
  app.get(
    `${PATH}/commitmentResult/:requestHash`,
    serve(async (c) => {
      const answer = await commitments.result(parseHash(c.req.param('requestHash')))
      if (answer === undefined) throw new CommitmentRefusedError('notFound')
      return answerJson(answer)
    }),
  )
  app.get(
    `${PATH}/slots`,
    serve(async () => slotsJson(await commitments.slots())),
  )
  app.post(
    `${PATH}/fee`,
    serve(async (c) => fee(await readPosted(c))),
  )
  // The specification's OpenAPI file has a body in it, which not every client can send: the query will do.
  app.get(
    `${PATH}/fee`,
    serve(async (c) => fee(readQuery(c) ?? (await readGetBody(c)))),
  )
}

async function readPosted(c: Context): Promise<unknown> {
  // A browser cannot send this type across origins without asking first.
  if (c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() !== 'application/json')
    throw new CommitmentRefusedError('malformedRequest', 'content type application/json wanted')
  const encoding = c.req.header('content-encoding')
  if (encoding !== undefined && encoding !== 'identity')
    throw new CommitmentRefusedError('malformedRequest', 'compressed bodies are not accepted')
  return parseJson(await readBody(c.req.raw, BODY_BYTES_MAX))
}

function readQuery(c: Context): unknown {
  const { commitment_type, payload, slasher } = c.req.query()
  if (payload === undefined) return undefined
  return { commitment_type: Number(commitment_type), payload, slasher }
}

/** The fetch API knows no body of a GET, so it is read from under it. */
async function readGetBody(c: Context): Promise<unknown> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of (incomingOf(c) ?? []) as AsyncIterable<Uint8Array>) {
    size += part.length
    if (size > BODY_BYTES_MAX) return parseJson(undefined)
    parts.push(part)
  }
  return parseJson(concatBytes(...parts))
}

function parseJson(body: Uint8Array | undefined): unknown {
  if (body === undefined)
    throw new CommitmentRefusedError('oversized', `a body may have ${BODY_BYTES_MAX} bytes`)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new CommitmentRefusedError('malformedRequest', 'the body is not valid JSON')
  }
}
