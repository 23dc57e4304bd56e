/** What the doors of the commitments API have in common: paths, bounds, how often an address may ask, and how a refusal is answered. */
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { CommitmentRefusedError, type RefusalCode } from '../../preconf/commitments/errors.ts'
import { PAYLOAD_BYTES_MAX } from '../../preconf/commitments/readRequest.ts'
import type { Logger } from '../../telemetry/log.ts'

export const GATEWAY_PATH = '/commitments/v0/gateway'
/** A payload in hex, and the rest of a request. */
export const BODY_BYTES_MAX: number = 2 * PAYLOAD_BYTES_MAX + 4096
/** Requests of one address (client.ts) in a second. */
const REQUESTS_PER_SECOND = 500

/** Every other refusal is 400. */
const STATUS: Partial<Readonly<Record<RefusalCode, 404 | 413 | 429>>> = {
  notFound: 404,
  oversized: 413,
  rateLimited: 429,
}
/** After how many seconds it may be asked again. */
const RETRY_AFTER: Partial<Readonly<Record<RefusalCode, string>>> = { rateLimited: '1', busy: '1' }

/** Throws CommitmentRefusedError. */
export type AddressLimiter = (address: string) => Promise<void>

export function createAddressLimiter(requestsPerSecond: number = REQUESTS_PER_SECOND): AddressLimiter {
  const limiter = new RateLimiterMemory({ points: requestsPerSecond, duration: 1 })
  return async (address) => {
    await limiter.consume(address).catch(() => {
      throw new CommitmentRefusedError('rateLimited')
    })
  }
}

export type RefusalAnswer = {
  readonly status: 400 | 404 | 413 | 429 | 500 | 503
  readonly headers: Readonly<Record<string, string>>
  readonly json: { readonly code: number; readonly error: string; readonly message: string }
}

/** Of whatever an answer failed with; what is our own fault is logged, not told. */
export function refusalAnswer(error: unknown, path: string, logger: Logger): RefusalAnswer {
  if (!(error instanceof CommitmentRefusedError)) {
    logger.error({ path, error }, 'a request for a commitment failed')
    const json = { code: 500, error: 'internal', message: 'internal error; the node has logged it' }
    return { status: 500, headers: {}, json }
  }
  const { code, message } = error
  const status = STATUS[code] ?? (error.isTemporary ? 503 : 400)
  const retryAfter = RETRY_AFTER[code]
  return {
    status,
    headers: {
      // The rest of the body is not wanted; the connection cannot be used again.
      ...(status === 413 && { Connection: 'close' }),
      ...(retryAfter !== undefined && { 'Retry-After': retryAfter }),
    },
    json: { code: status, error: code, message },
  }
}

/** Throws CommitmentRefusedError. */
export function checkBodyHeaders(headers: {
  readonly type: string | undefined
  readonly encoding: string | undefined
}): void {
  // A browser cannot send this type across origins without asking first.
  if (headers.type?.split(';')[0]?.trim().toLowerCase() !== 'application/json')
    throw new CommitmentRefusedError('malformedRequest', 'content type application/json wanted')
  if (headers.encoding !== undefined && headers.encoding !== 'identity')
    throw new CommitmentRefusedError('malformedRequest', 'compressed bodies are not accepted')
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @param body Undefined: it had more bytes than are read. Throws CommitmentRefusedError. */
export function parseJsonBody(body: Uint8Array | undefined): unknown {
  if (body === undefined)
    throw new CommitmentRefusedError('oversized', `a body may have ${BODY_BYTES_MAX} bytes`)
  try {
    return JSON.parse(utf8.decode(body))
  } catch {
    throw new CommitmentRefusedError('malformedRequest', 'the body is not valid JSON')
  }
}
