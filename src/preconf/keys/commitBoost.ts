/**
 * A proxy key (ECDSA) in a Commit-Boost signer: we ask for the object root, it makes the signing root of it with the module's signing id,
 * nonce and chain, which must be ours. Signer API of Commit-Boost 0.11, api/signer-api.yml.
 *
 * Every request carries a token of its own (HS256), bound to the route and to keccak-256 of the body.
 */
import { SignJWT } from 'jose'
import { z } from 'zod'
import { CriticalError, TemporaryError } from '../../primitives/errors.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { PROMISE_NONCE, type PromiseDomain } from '../../promise/domain.ts'
import type { GuardSigner } from '../guard/guard.ts'

export type CommitBoostOptions = {
  /** Of the signer, without a path. */
  readonly url: string
  /** Of the module, as in Commit-Boost's configuration. */
  readonly jwtSecret: string
  readonly moduleId: string
  /** Address of the proxy key: the committer. */
  readonly proxy: Address
  readonly domain: Pick<PromiseDomain, 'l1ChainId' | 'signingId'>
  /** Of one answer, in milliseconds. A promise that takes longer is of no use. */
  readonly timeoutMs?: number
}

const SIGN_ROUTE = '/signer/v1/request_signature/proxy-ecdsa'
const KEYS_ROUTE = '/signer/v1/get_pubkeys'
/** Longest life of a token that the signer's own client gives one, in seconds. */
const TOKEN_SECONDS = 300
const TIMEOUT_MS = 2_000
/** Bytes of an answer that are read. */
const ANSWER_MAX = 1_000_000
/** Of what an error answer says, characters that are repeated. */
const QUOTED_MAX = 200

const hexOf = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^(0x)?[0-9a-fA-F]{${bytes * 2}}$`))
    .transform((text) => `0x${text.replace(/^0x/, '').toLowerCase()}` as Hex)
const answerSchema = z.object({
  address: hexOf(20),
  object_root: hexOf(32),
  module_signing_id: hexOf(32),
  nonce: z.number().optional(),
  chain_id: z.union([z.string(), z.number()]).optional(),
  signature: hexOf(65),
})
const keysSchema = z.object({ keys: z.array(z.object({ proxy_ecdsa: z.array(hexOf(20)).default([]) })) })

/** Asks the signer whether it has the key: CriticalError, with what to mend, when it says no; TemporaryError when it cannot be asked. */
export async function connectCommitBoost(options: CommitBoostOptions): Promise<GuardSigner> {
  const { proxy } = options
  const signer = createCommitBoostSigner(options)
  const known = keysSchema.safeParse(await request(options, KEYS_ROUTE))
  if (!known.success) throw new TemporaryError(`${nameOf(options)} gave no list of keys`)
  if (!known.data.keys.some((key) => key.proxy_ecdsa.includes(proxy)))
    throw new CriticalError(
      `${nameOf(options)} has no ECDSA proxy key ${proxy}; let it generate one, and name its address as the committer`,
    )
  return signer
}

export function createCommitBoostSigner(options: CommitBoostOptions): GuardSigner {
  const { proxy, domain } = options
  return {
    address: proxy,
    sign: async (_hash, objectRoot) => {
      const body = JSON.stringify({ proxy, object_root: objectRoot, nonce: Number(PROMISE_NONCE) })
      const parsed = answerSchema.safeParse(await request(options, SIGN_ROUTE, body))
      if (!parsed.success) throw new TemporaryError(`${nameOf(options)} gave an answer that is no signature`)
      checkAnswer(parsed.data, objectRoot)
      return normalize(parsed.data.signature)
    },
  }

  function checkAnswer(answer: z.infer<typeof answerSchema>, objectRoot: Hash): void {
    if (answer.module_signing_id !== domain.signingId)
      throw new CriticalError(
        `${nameOf(options)} signs for module ${options.moduleId} with the signing id ${answer.module_signing_id}, and the registry wants ${domain.signingId}: set signing_id in its configuration`,
      )
    if (answer.chain_id !== undefined && BigInt(answer.chain_id) !== domain.l1ChainId)
      throw new CriticalError(
        `${nameOf(options)} signs for chain ${BigInt(answer.chain_id)}, and this L1 is ${domain.l1ChainId}`,
      )
    const nonce = answer.nonce ?? Number(PROMISE_NONCE)
    if (answer.object_root !== objectRoot || answer.address !== proxy || nonce !== Number(PROMISE_NONCE))
      throw new TemporaryError(`${nameOf(options)} answered another request than ours`)
  }
}

async function request(options: CommitBoostOptions, route: string, body?: string): Promise<unknown> {
  const { url, jwtSecret, moduleId, timeoutMs = TIMEOUT_MS } = options
  const token = await new SignJWT({
    module: moduleId,
    route,
    ...(body !== undefined && { payload_hash: keccak256Hex(Buffer.from(body)) }),
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setExpirationTime(Math.floor(Date.now() / 1000) + TOKEN_SECONDS)
    .sign(new TextEncoder().encode(jwtSecret))
  const response = await fetch(new URL(route, url), {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((cause: unknown) => {
    throw new TemporaryError(`${nameOf(options)} does not answer: ${reasonOf(cause)}`, { cause })
  })
  const text = await readText(response, options)
  if (!response.ok) throw refusalOf(response.status, text, options)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TemporaryError(`${nameOf(options)} gave an answer that is no JSON`, { cause })
  }
}

async function readText(response: Response, options: CommitBoostOptions): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > ANSWER_MAX) throw new TemporaryError(`the answer is longer than ${ANSWER_MAX} bytes`)
      chunks.push(chunk)
    }
  } catch (cause) {
    throw new TemporaryError(`${nameOf(options)} broke off its answer: ${reasonOf(cause)}`, { cause })
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What an operator can mend is critical; the rest may pass. */
function refusalOf(status: number, text: string, options: CommitBoostOptions): Error {
  const said = messageOf(text)
  const name = nameOf(options)
  switch (status) {
    case 400:
      return new CriticalError(
        `${name} takes the request for a bad one (${said}): does its configuration give module ${options.moduleId} a signing_id, and is it not in Dirk mode?`,
      )
    case 401:
      return new CriticalError(
        `${name} does not let module ${options.moduleId} in (${said}): check module id and JWT secret, and the clocks of both machines`,
      )
    case 404:
      return new CriticalError(
        `${name} does not know the key ${options.proxy}, or not this route (${said}): it takes the signer API of Commit-Boost 0.11, which Web3Signer does not have`,
      )
    case 429:
      return new TemporaryError(
        `${name} keeps module ${options.moduleId} out for a while (${said}): too many failed tokens`,
      )
    case 500:
      return new TemporaryError(`${name} failed by itself (${said}); see its log`)
    case 502:
      return new TemporaryError(`${name} does not reach its Dirk (${said})`)
    default:
      return new TemporaryError(`${name} answers with status ${status} (${said})`)
  }
}

/** Some servers send {code, message}, others plain text. */
function messageOf(text: string): string {
  try {
    const message: unknown = JSON.parse(text).message
    if (typeof message === 'string') return message.slice(0, QUOTED_MAX)
  } catch {
    // Plain text then.
  }
  return text.trim().slice(0, QUOTED_MAX) || 'no reason given'
}

/** v as 27 or 28: some libraries write the parity. */
function normalize(signature: Hex): Hex {
  const bytes = hexToBytes(signature)
  const v = bytes[64] ?? 0
  if (v < 27) bytes[64] = v + 27
  return bytesToHex(bytes)
}

/** Host only: the rest of a URL may hold a password. */
function nameOf({ url }: CommitBoostOptions): string {
  return `the Commit-Boost signer at ${new URL(url).host}`
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  return inner instanceof Error ? inner.message : String(inner)
}
