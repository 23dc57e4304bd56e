/** Evidence as a file: the promises with their signatures, and the bytes a slasher takes. Whoever reads it checks all again that files can show. */
import { encodeAbiParameters, parseAbiParameters } from 'viem'
import { z } from 'zod'
import { type Address, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import {
  BLOCK_COMMITMENT_TYPE,
  blockCommitmentHash,
  decodeBlockCommitment,
} from '../../promise/blockCommitment.ts'
import { commitmentRoot, type SignedCommitment } from '../../promise/commitment.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import {
  decodeInclusionList,
  decodeListed,
  hashListed,
  INCLUSION_LIST_TYPE,
  isListEquivocation,
} from '../../promise/inclusionList.ts'
import { recoverCommitter } from '../../promise/signature.ts'
import { signingRoot } from '../../promise/signingRoot.ts'
import { ANCESTORS_MAX } from '../lists/headerChain.ts'
import { decodeOmission } from '../lists/omissionCodec.ts'
import {
  type Conflict,
  FAULT_NUMBERS,
  findBlockConflict,
  type Provable,
  type Violation,
  type ViolationProof,
} from './evidence.ts'

const FORMAT = 'plumbline-evidence'
const VERSION = 1

/** What was found, and for whom the promises were signed. */
export type EvidenceFile = { readonly proof: Provable; readonly domain: PromiseDomain }

export function evidenceFileText({ proof, domain }: EvidenceFile, foundAt: number): string {
  const { kind, committer, registrationRoot, first, windowEnd, blockNumber, parentBlockHash } = proof
  const json = {
    format: FORMAT,
    version: VERSION,
    kind,
    foundAt: new Date(foundAt).toISOString(),
    committer,
    ...(registrationRoot !== undefined && { registrationRoot }),
    windowEnd: Number(windowEnd),
    ...(blockNumber !== undefined && { blockNumber: Number(blockNumber), parentBlockHash }),
    ...(proof.kind === 'listViolation' && {
      transaction: proof.transaction,
      // `recordAncestor(headers)` of the slasher, before.
      ancestors: proof.ancestors.map(({ blockNumber, headers }) => ({
        blockNumber: Number(blockNumber),
        headers,
      })),
    }),
    l1ChainId: Number(domain.l1ChainId),
    domain: domain.domain,
    first: signedJson(first),
    ...(proof.kind !== 'listViolation' && { second: signedJson(proof.second) }),
    // `slashCommitment(registrationRoot, first, evidence)` of the registry.
    evidence: encodeEvidence(proof),
  }
  return `${JSON.stringify(json, undefined, 2)}\n`
}

/** RangeError with a sentence for a file that does not prove what it says. */
export function parseEvidenceFile(text: string): EvidenceFile {
  const json = readJson(text)
  const read = fileSchema.safeParse(json)
  if (!read.success) {
    const [issue] = read.error.issues
    throw new RangeError(`${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'malformed'}`)
  }
  const { committer, registrationRoot, l1ChainId, domain: signingDomain, first } = read.data
  const { slasher } = first.commitment
  const domain: PromiseDomain = { l1ChainId, domain: signingDomain, signingId: first.signingId, slasher }
  const checkSigner = (name: string, signed: SignedCommitment) => {
    const by = recoverCommitter(
      signingRoot(commitmentRoot(signed.commitment), signed.nonce, domain),
      signed.signature,
    )
    if (by !== committer) throw new RangeError(`the ${name} promise is signed by ${by ?? 'nobody'}`)
  }
  checkSigner('first', first)
  const about = { committer, ...(registrationRoot !== undefined && { registrationRoot }) }
  if (read.data.kind === 'listViolation')
    return { proof: { ...about, ...readViolation(read.data), first }, domain }

  const { kind, second } = read.data
  if (second.commitment.slasher !== slasher || second.signingId !== first.signingId)
    throw new RangeError('the two promises are not for the same slasher and registry')
  checkSigner('second', second)
  const conflict = findConflict(first, second, about, domain)
  if (conflict?.kind !== kind) throw new RangeError(`the two promises are no ${kind}`)
  return { proof: { ...conflict, first, second }, domain }
}

/** abi.encode(uint8 fault, bytes), with the encoding that the fault names: PreconfSlasher, `slash`. */
export function encodeEvidence(
  proof: Pick<Conflict, 'kind' | 'second'> | (Pick<Violation, 'kind'> & Pick<ViolationProof, 'evidence'>),
): Hex {
  if (proof.kind === 'listViolation') return proof.evidence
  const inner = encodeAbiParameters(SIGNED_COMMITMENT, [proof.second])
  return encodeAbiParameters([{ type: 'uint8' }, { type: 'bytes' }], [FAULT_NUMBERS[proof.kind], inner])
}

export const SIGNED_COMMITMENT_STRUCTS = [
  'struct Commitment { uint64 commitmentType; bytes payload; bytes32 requestHash; address slasher; }',
  'struct SignedCommitment { Commitment commitment; uint64 nonce; bytes32 signingId; bytes signature; }',
] as const
const SIGNED_COMMITMENT = parseAbiParameters(['SignedCommitment signed', ...SIGNED_COMMITMENT_STRUCTS])

/** In the order in which the slasher wants them: which of the two is first is part of a fault. */
function findConflict(
  first: SignedCommitment,
  second: SignedCommitment,
  about: { readonly committer: Address; readonly registrationRoot?: Hash },
  domain: PromiseDomain,
): Conflict | undefined {
  const types = [first, second].map(({ commitment }) => commitment.commitmentType)
  if (types.every((type) => type === BLOCK_COMMITMENT_TYPE)) {
    const [a, b] = [readBlock(first, domain), readBlock(second, domain)]
    if (a === undefined || b === undefined) return undefined
    const conflict = findBlockConflict(a, b, { ...about, domain })
    return conflict?.first.commitment.payload === first.commitment.payload ? conflict : undefined
  }
  if (types.every((type) => type === INCLUSION_LIST_TYPE)) {
    const [a, b] = [first, second].map(({ commitment }) =>
      decodeInclusionList(hexToBytes(commitment.payload)),
    )
    if (a?.type !== 'decoded' || b?.type !== 'decoded' || !isListEquivocation(a.value, b.value))
      return undefined
    return { kind: 'listEquivocation', ...about, first, second, windowEnd: a.value.windowEnd }
  }
  return undefined
}

/** That the transaction is in the list. What the window's blocks say, the slasher reads. */
function readViolation({
  first,
  blockNumber,
  transaction,
  evidence,
  ancestors,
}: z.output<typeof violationSchema>): Pick<Violation, 'kind' | 'windowEnd' | 'blockNumber' | 'transaction'> &
  ViolationProof {
  const { commitmentType, payload } = first.commitment
  const list = commitmentType === INCLUSION_LIST_TYPE ? decodeInclusionList(hexToBytes(payload)) : undefined
  if (list?.type !== 'decoded') throw new RangeError('the first promise is no inclusion list')
  const omission = decodeOmission(evidence)
  const encoded = omission && hexToBytes(omission.transactions)
  if (omission === undefined || encoded === undefined) throw new RangeError('evidence: no omission')
  if (hashListed(encoded) !== list.value.transactionsHash)
    throw new RangeError('evidence: other transactions than were listed')
  const listed = decodeListed(encoded)
  const raw = listed.type === 'decoded' ? listed.value[Number(omission.index)] : undefined
  if (raw === undefined || keccak256Hex(raw) !== transaction)
    throw new RangeError('transaction: not what the evidence says was left out')
  const { windowEnd } = list.value
  return { kind: 'listViolation', windowEnd, blockNumber, transaction, evidence, ancestors }
}

function readBlock({ commitment, signature }: SignedCommitment, domain: PromiseDomain) {
  const decoded = decodeBlockCommitment(hexToBytes(commitment.payload))
  if (decoded.type === 'fault') return undefined
  return { commitment: decoded.value, commitmentHash: blockCommitmentHash(decoded.value, domain), signature }
}

/** In the names of the commitments API: preconf.md §1.2. */
export function signedJson({ commitment, nonce, signingId, signature }: SignedCommitment) {
  return {
    commitment: {
      commitment_type: Number(commitment.commitmentType),
      payload: commitment.payload,
      request_hash: commitment.requestHash,
      slasher: commitment.slasher,
    },
    nonce: Number(nonce),
    signing_id: signingId,
    signature,
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RangeError('it is no JSON', { cause })
  }
}

const hex = (pattern: RegExp) =>
  z
    .string()
    .regex(pattern)
    .transform((value) => value.toLowerCase() as Hex)
const hash = hex(/^0x[0-9a-fA-F]{64}$/)
const address = hex(/^0x[0-9a-fA-F]{40}$/)
/** Payloads of promises about blocks and lists are a few words, headers some 600 bytes. */
const bytes = hex(/^0x(?:[0-9a-fA-F]{2}){0,1024}$/)
const uint = z
  .number()
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .transform((value) => BigInt(value))
const signedSchema = z
  .object({
    commitment: z
      .object({ commitment_type: uint, payload: bytes, request_hash: hash, slasher: address })
      .transform(({ commitment_type, payload, request_hash, slasher }) => ({
        commitmentType: commitment_type,
        payload,
        requestHash: request_hash,
        slasher,
      })),
    nonce: uint,
    signing_id: hash,
    signature: bytes,
  })
  .transform(({ commitment, nonce, signing_id, signature }) => ({
    commitment,
    nonce,
    signingId: signing_id,
    signature,
  }))
const commonSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  committer: address,
  registrationRoot: hash.optional(),
  l1ChainId: uint,
  domain: hash,
  first: signedSchema,
})
const violationSchema = commonSchema.extend({
  kind: z.literal('listViolation'),
  blockNumber: uint,
  transaction: hash,
  // As long as the file lets it be.
  evidence: hex(/^0x[0-9a-fA-F]*$/).refine((value) => value.length % 2 === 0, 'whole bytes wanted'),
  ancestors: z.array(z.object({ blockNumber: uint, headers: z.array(bytes) })).max(ANCESTORS_MAX),
})
const conflictSchema = commonSchema.extend({
  kind: z.enum(['blockEquivocation', 'listEquivocation', 'promisedBehindEnd']),
  second: signedSchema,
})
const fileSchema = z.discriminatedUnion('kind', [conflictSchema, violationSchema])
