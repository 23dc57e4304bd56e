/** The commitments API's JSON: snake_case, uint64 as JSON numbers, bytes as hex with 0x. preconf.md §1.2. */
import { z } from 'zod'
import { toSafeNumber } from '../../primitives/bigint.ts'
import { type Address, type Hash, type Hex, toQuantity } from '../../primitives/hex.ts'
import type { CommitmentRequest, SignedCommitment } from '../../promise/commitment.ts'
import type { CommitmentAnswer, FeeQuote, SlotOffer } from './commitments.ts'
import { CommitmentRefusedError } from './errors.ts'
import { PAYLOAD_BYTES_MAX } from './readRequest.ts'

const hexText = <T extends Hex>(pattern: RegExp, wanted: string) =>
  z
    .string(`${wanted} wanted`)
    .regex(pattern, `${wanted} wanted`)
    .transform((text) => text.toLowerCase() as T)
/** Larger ones cannot be told from their neighbours once JSON has been read. */
const uint64 = z.number('a number wanted').int().nonnegative().transform(BigInt)
const bytes = hexText<Hex>(/^0x(?:[0-9a-fA-F]{2})*$/, 'whole bytes in hex, with 0x,')
const hash = hexText<Hash>(/^0x[0-9a-fA-F]{64}$/, '32 bytes in hex')
const address = hexText<Address>(/^0x[0-9a-fA-F]{40}$/, '20 bytes in hex')

const requestShape = { commitment_type: uint64, payload: bytes, slasher: address }
const requestSchema = z.object(requestShape)

const PARITY: Readonly<Record<string, string>> = { '0': '1b', '1': '1c', '27': '1b', '28': '1c' }
const parity = z.union([z.string().regex(/^0x[0-9a-fA-F]{1,2}$/), z.number().int()]).transform(Number)
const word = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,64}$/, 'at most 32 bytes in hex wanted')
  .transform((text) => text.slice(2).toLowerCase().padStart(64, '0'))
/** As alloy writes one: an object, with yParity, v, or both. */
const signatureParts = z
  .object({ r: word, s: word, yParity: parity.optional(), v: parity.optional() })
  .transform(({ r, s, yParity, v }, context): Hex => {
    const last = PARITY[String(yParity ?? v)]
    if (last !== undefined) return `0x${r}${s}${last}`
    context.addIssue('yParity or v wanted')
    return z.NEVER
  })
const signature = z.union([hexText<Hex>(/^0x[0-9a-fA-F]{130}$/, '65 bytes in hex'), signatureParts])

const signedSchema = z.object({
  commitment: z.object({ ...requestShape, request_hash: hash }),
  nonce: uint64,
  signing_id: hash,
  signature,
})

/** Throws CommitmentRefusedError. Size first: a pattern over megabytes is work, too. */
export function parseCommitmentRequest(json: unknown): CommitmentRequest {
  const given = json as { readonly payload?: unknown } | null | undefined
  if (typeof given?.payload === 'string' && given.payload.length > 2 + 2 * PAYLOAD_BYTES_MAX)
    throw new CommitmentRefusedError('oversized', `the payload may have ${PAYLOAD_BYTES_MAX} bytes`)
  const { commitment_type, payload, slasher } = need(requestSchema.safeParse(json))
  return { commitmentType: commitment_type, payload, slasher }
}

/** Throws CommitmentRefusedError. */
export function parseHash(json: unknown): Hash {
  return need(hash.safeParse(json))
}

/** Throws CommitmentRefusedError. Takes the signature in either form that is about. */
export function parseSignedCommitment(json: unknown): SignedCommitment {
  const { commitment, nonce, signing_id, signature } = need(signedSchema.safeParse(json))
  const { commitment_type, payload, request_hash, slasher } = commitment
  return {
    commitment: { commitmentType: commitment_type, payload, requestHash: request_hash, slasher },
    nonce,
    signingId: signing_id,
    signature,
  }
}

function need<T>(result: z.ZodSafeParseResult<T>): T {
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue?.path.join('.') ?? ''
  throw new CommitmentRefusedError('malformedRequest', `${path === '' ? '' : `${path}: `}${issue?.message}`)
}

export function requestJson({ commitmentType, payload, slasher }: CommitmentRequest) {
  return { commitment_type: toSafeNumber(commitmentType), payload, slasher }
}

/** `receipt` only of an execution. */
export function answerJson({ signed, receipt }: CommitmentAnswer) {
  const { commitment, nonce, signingId, signature } = signed
  return {
    commitment: {
      commitment_type: toSafeNumber(commitment.commitmentType),
      payload: commitment.payload,
      request_hash: commitment.requestHash,
      slasher: commitment.slasher,
    },
    nonce: toSafeNumber(nonce),
    signing_id: signingId,
    signature,
    ...(receipt !== undefined && { receipt }),
  }
}

export function slotsJson(slots: readonly SlotOffer[]) {
  return {
    slots: slots.map(({ slot, offerings }) => ({
      slot: toSafeNumber(slot),
      offerings: offerings.map(({ chainId, commitmentTypes }) => ({
        chain_id: toSafeNumber(chainId),
        commitment_types: commitmentTypes.map(toSafeNumber),
      })),
    })),
  }
}

/** `payload` is the specification's name for what the reference implementation calls `fee_payload`. */
export function feeJson({ feePayload, commitmentType, priceWei, tipWei, validUntil }: FeeQuote) {
  return {
    fee_payload: feePayload,
    payload: feePayload,
    commitment_type: toSafeNumber(commitmentType),
    price_wei: toQuantity(priceWei),
    tip_wei: toQuantity(tipWei),
    valid_until: toSafeNumber(validUntil),
  }
}
