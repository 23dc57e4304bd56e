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
  transactions: z
    .array(
      z
        .string()
        .max(2 + 2 * LISTED_BYTES_MAX)
        .regex(/^0x(?:[0-9a-fA-F]{2})*$/, 'whole bytes in hex wanted'),
    )
    .max(TRANSACTIONS_MAX),
})

export type SignedListJson = Readonly<z.output<typeof schema>>

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

/** All that can be said of a list without asking L1: its form, for whom it is, what it lists, and who signed it. */
export function readSignedList(
  json: unknown,
  { domain, l2ChainId }: { readonly domain: PromiseDomain; readonly l2ChainId: bigint },
): { readonly type: 'read'; readonly signedList: SignedList } | Refused {
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return refuse('malformed', `${issue?.path.join('.')}: ${issue?.message}`)
  }
  const { commitment, signing_id: signingId, signature } = parsed.data
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
  const transactions = parsed.data.transactions.map((text) => hexToBytes(text))
  const transactionsHash = hashTransactions(transactions)
  if (transactionsHash === undefined)
    return refuse('malformed', `blob transactions, no transactions, or more than ${LISTED_BYTES_MAX} bytes`)
  if (transactionsHash !== payload.value.transactionsHash)
    return refuse('malformed', `the transactions hash to ${transactionsHash}, which is not what was signed`)
  const signedList = createSignedList(payload.value, transactions, domain, signature)
  return signedList === undefined
    ? refuse('wrongSignature', 'nobody can have signed this')
    : { type: 'read', signedList }
}

/** Undefined for a signature that is nobody's. The transactions must be the list's. */
export function createSignedList(
  list: InclusionList,
  transactions: readonly Uint8Array[],
  domain: PromiseDomain,
  signature: Hex,
): SignedList | undefined {
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
  return { list, transactions, signed, committer, hash }
}

function hashTransactions(transactions: readonly Uint8Array[]): Hash | undefined {
  try {
    return hashListed(encodeListed(transactions))
  } catch {
    return undefined
  }
}

function refuse(refusal: Refused['refusal'], detail: string): Refused {
  return { type: 'refused', refusal, detail }
}
