/** An inclusion list as it travels: the commitment with its signature, and the transactions whose hash it carries. */
import { z } from 'zod'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes, ZERO_HASH } from '../../primitives/hex.ts'
import type { SignedCommitment } from '../../promise/commitment.ts'
import { PROMISE_NONCE, type PromiseDomain } from '../../promise/domain.ts'
import {
  decodeInclusionList,
  encodeInclusionList,
  encodeListed,
  hashListed,
  INCLUSION_LIST_TYPE,
  type InclusionList,
  inclusionListHash,
  LISTED_BYTES_MAX,
} from '../../promise/inclusionList.ts'
import { recoverCommitter } from '../../promise/signature.ts'
import type { Refused } from './record.ts'

export type SignedList = {
  readonly list: InclusionList
  /** In EIP-2718 form, in the order in which they are listed. */
  readonly transactions: readonly Uint8Array[]
  readonly signed: SignedCommitment
  /** Who signed it. */
  readonly committer: Address
  /** What was signed. */
  readonly hash: Hash
}

const hexSchema = <T extends Hex>(bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`), `${bytes} bytes in hex wanted`)
    .transform((text) => text.toLowerCase() as T)

const PAYLOAD_BYTES = 3 * 32
/** A transaction has two bytes at least. */
const TRANSACTIONS_MAX = LISTED_BYTES_MAX / 2

/** SignedCommitment in the names of the commitments API (preconf.md §1.2), and the transactions beside it. */
const transactionsSchema = z
  .array(
    z
      .string()
      .max(2 + 2 * LISTED_BYTES_MAX)
      .regex(/^0x(?:[0-9a-fA-F]{2})*$/, 'whole bytes in hex wanted'),
  )
  .max(TRANSACTIONS_MAX)
const schema = z.object({
  commitment: z.object({
    commitment_type: z.literal(Number(INCLUSION_LIST_TYPE)),
    payload: hexSchema(PAYLOAD_BYTES),
    request_hash: hexSchema<Hash>(32),
    slasher: hexSchema<Address>(20),
  }),
  nonce: z.literal(Number(PROMISE_NONCE)),
  signing_id: hexSchema<Hash>(32),
  signature: hexSchema(65),
  /** Looked at when it is known that the signer may say anything at all. */
  transactions: z.array(z.unknown()).max(TRANSACTIONS_MAX),
})

export type SignedListJson = Readonly<
  Omit<z.output<typeof schema>, 'transactions'> & { readonly transactions: readonly Hex[] }
>

/** What was signed, and by whom; not yet for what. */
export type SignedClaim = Omit<SignedList, 'transactions'> & { readonly listed: readonly unknown[] }

export function signedListJson({ signed, transactions }: SignedList): SignedListJson {
  const { commitment, nonce, signingId, signature } = signed
  return {
    commitment: {
      commitment_type: Number(commitment.commitmentType) as SignedListJson['commitment']['commitment_type'],
      payload: commitment.payload,
      request_hash: commitment.requestHash,
      slasher: commitment.slasher,
    },
    nonce: Number(nonce) as SignedListJson['nonce'],
    signing_id: signingId,
    signature,
    transactions: transactions.map(bytesToHex),
  }
}

type Context = { readonly domain: PromiseDomain; readonly l2ChainId: bigint }

/** All that can be said of a list without asking L1. */
export function readSignedList(
  json: unknown,
  context: Context,
): { readonly type: 'read'; readonly signedList: SignedList } | Refused {
  const read = readClaim(json, context)
  return read.type === 'refused' ? read : readTransactions(read.claim)
}

/** Its form, for whom it is, and who signed it. Costs little, whatever is listed. */
export function readClaim(
  json: unknown,
  { domain, l2ChainId }: Context,
): { readonly type: 'read'; readonly claim: SignedClaim } | Refused {
  const parsed = schema.safeParse(json)
  if (!parsed.success) return malformed(parsed.error)
  const { commitment, signing_id: signingId, signature, transactions: listed } = parsed.data
  if (commitment.request_hash !== ZERO_HASH) return refuse('malformed', 'a list answers no request')
  if (commitment.slasher !== domain.slasher)
    return refuse('wrongDomain', `the slasher is ${domain.slasher}, not ${commitment.slasher}`)
  if (signingId !== domain.signingId)
    return refuse('wrongDomain', `the signing id is ${domain.signingId}, not ${signingId}`)
  const payload = decodeInclusionList(hexToBytes(commitment.payload))
  if (payload.type === 'fault')
    return refuse('malformed', `the payload is no inclusion list: ${payload.fault}`)
  if (payload.value.l2ChainId !== l2ChainId)
    return refuse('wrongChain', `the chain is ${l2ChainId}, not ${payload.value.l2ChainId}`)
  const claim = createClaim(payload.value, domain, signature)
  return claim === undefined
    ? refuse('wrongSignature', 'nobody can have signed this')
    : { type: 'read', claim: { ...claim, listed } }
}

export function readTransactions({
  listed,
  ...claim
}: SignedClaim): { readonly type: 'read'; readonly signedList: SignedList } | Refused {
  const parsed = transactionsSchema.safeParse(listed)
  if (!parsed.success) return malformed(parsed.error)
  const transactions = parsed.data.map((text) => hexToBytes(text))
  const transactionsHash = hashTransactions(transactions)
  if (transactionsHash === undefined)
    return refuse('malformed', `blob transactions, no transactions, or more than ${LISTED_BYTES_MAX} bytes`)
  if (transactionsHash !== claim.list.transactionsHash)
    return refuse('malformed', `the transactions hash to ${transactionsHash}, which is not what was signed`)
  return { type: 'read', signedList: { ...claim, transactions } }
}

/** Undefined for a signature that is nobody's. */
export function createClaim(
  list: InclusionList,
  domain: PromiseDomain,
  signature: Hex,
): Omit<SignedClaim, 'listed'> | undefined {
  const hash = inclusionListHash(list, domain)
  const committer = recoverCommitter(hash, signature)
  if (committer === undefined) return undefined
  const commitment = {
    commitmentType: INCLUSION_LIST_TYPE,
    payload: bytesToHex(encodeInclusionList(list)),
    requestHash: ZERO_HASH,
    slasher: domain.slasher,
  }
  const signed = { commitment, nonce: PROMISE_NONCE, signingId: domain.signingId, signature }
  return { list, signed, committer, hash }
}

function hashTransactions(transactions: readonly Uint8Array[]): Hash | undefined {
  try {
    return hashListed(encodeListed(transactions))
  } catch {
    return undefined
  }
}

function malformed({ issues }: z.ZodError): Refused {
  return refuse('malformed', `${issues[0]?.path.join('.')}: ${issues[0]?.message}`)
}

function refuse(refusal: Refused['refusal'], detail: string): Refused {
  return { type: 'refused', refusal, detail }
}
