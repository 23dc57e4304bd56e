/**
 * What travels in the stream, as JSON: envs, frags, sealed blocks and inclusion lists, each with its signatures (docs/following.md).
 * What can be computed is not sent. Foreign bytes: a message is checked against itself here, against the schedule and the chain by
 * whoever follows.
 */
import { z } from 'zod'
import { type BlockHeader, decodeHeader, encodeHeader, headerHash } from '../../primitives/header.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes, toQuantity } from '../../primitives/hex.ts'
import {
  type BlockCommitment,
  blockCommitmentHash,
  decodeBlockCommitment,
  encodeBlockCommitment,
} from '../../promise/blockCommitment.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import type { Env, Frag } from '../../promise/streamMessage.ts'
import type { SealedBlock } from '../../propose/sequencer/events.ts'
import type { SignedListJson } from '../lists/signedList.ts'
import { envOfHeader, metadataOfEnv } from './env.ts'

/** A block is begun. */
export type EnvMessage = {
  readonly type: 'env'
  readonly env: Env
  /** Timestamp of the window's last slot, in seconds. By it the signer is found. */
  readonly windowEnd: bigint
  readonly signature: Hex
}

export type FragMessage = {
  readonly type: 'frag'
  readonly parentHash: Hash
  readonly frag: Frag
  readonly signature: Hex
}

export type SealedMessage = {
  readonly type: 'sealed'
  readonly block: SealedBlock
  readonly totalFrags: number
  /** Of the env that the block began with: its metadata is signed by this. */
  readonly envSignature: Hex
  /** Of the seal: the block's hash is signed by this. */
  readonly sealSignature: Hex
}

/** What it holds is for preconf/lists to check. */
export type ListMessage = { readonly type: 'list'; readonly list: SignedListJson }

export type Message = EnvMessage | FragMessage | SealedMessage | ListMessage

/** Bytes of a block's listed transactions: with a gas limit of 45 M, all a block can hold of anything but zero bytes. */
export const BLOCK_BYTES_MAX = 2 * 1024 * 1024
/** In a block of 45 M gas, each of at least 21,000. D-48, D-79. */
export const BLOCK_TRANSACTIONS_MAX = Math.floor(45_000_000 / 21_000)
/** 200 ms apart, more than three minutes. */
export const FRAGS_MAX = 1024
/** Characters of a message: hex doubles bytes, and the rest is small. */
export const MESSAGE_CHARS_MAX = 2 * BLOCK_BYTES_MAX + 64 * 1024
/** Twenty-one fields, the largest of them a bloom of 256 bytes. */
const HEADER_BYTES_MAX = 1024
const EXTRA_DATA_BYTES_MAX = 256
/** A list of 8192 bytes in hex, each transaction with its quotes, and the commitment. */
const LIST_CHARS_MAX = 64 * 1024

export type MessageFault =
  | 'tooLarge'
  | 'notJson'
  | 'malformed'
  /** Header, commitment and metadata do not say the same. */
  | 'inconsistent'
  /** For another chain, registry or slasher. */
  | 'wrongDomain'

export type ParsedMessage =
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'fault'; readonly fault: MessageFault; readonly detail: string }

export type MessageDomain = { readonly promise: PromiseDomain; readonly l2ChainId: bigint }

export function messageText(message: Message): string {
  return JSON.stringify(messageJson(message))
}

export function messageJson(message: Message): object {
  switch (message.type) {
    case 'env': {
      const { type, env, windowEnd, signature } = message
      return { type, env: envJson(env), windowEnd: Number(windowEnd), signature }
    }
    case 'frag': {
      const { type, parentHash, frag, signature } = message
      return { type, parentHash, frag: fragJson(frag), signature }
    }
    case 'sealed': {
      const { type, block, totalFrags, envSignature, sealSignature } = message
      return {
        type,
        number: Number(block.header.number),
        hash: block.hash,
        header: bytesToHex(encodeHeader(block.header)),
        isForcedInclusion: block.metadata.isForcedInclusion,
        transactions: block.transactions.map(bytesToHex),
        totalFrags,
        commitment: bytesToHex(encodeBlockCommitment(block.commitment)),
        signature: block.signature,
        envSignature,
        sealSignature,
      }
    }
    case 'list':
      return message
  }
}

/** Total: what cannot be read is a fault with a sentence. */
export function parseMessage(text: string, domain: MessageDomain): ParsedMessage {
  if (text.length > MESSAGE_CHARS_MAX) return fault('tooLarge', `more than ${MESSAGE_CHARS_MAX} characters`)
  try {
    return parseMessageJson(JSON.parse(text), domain)
  } catch {
    return fault('notJson', 'not JSON')
  }
}

/** @param json Of a text within MESSAGE_CHARS_MAX. */
export function parseMessageJson(json: unknown, domain: MessageDomain): ParsedMessage {
  const read = messageSchema.safeParse(json)
  if (!read.success) {
    const [issue] = read.error.issues
    return fault('malformed', `${issue?.path.join('.') || 'the message'}: ${issue?.message ?? 'malformed'}`)
  }
  const { data } = read
  if (data.type === 'sealed') return parseSealed(data, domain)
  if (data.type === 'list') return parseList(data)
  return { type: 'message', message: data }
}

/** A sealed block with all that follows from what was sent. */
function parseSealed(data: SealedJson, { promise, l2ChainId }: MessageDomain): ParsedMessage {
  if (data.transactions.reduce((bytes, raw) => bytes + raw.length, 0) > BLOCK_BYTES_MAX)
    return fault('tooLarge', `more than ${BLOCK_BYTES_MAX} bytes of transactions`)
  const header = readHeader(data.header)
  if (header === undefined) return fault('malformed', 'header: not a block header')
  const decoded = decodeBlockCommitment(hexToBytes(data.commitment))
  if (decoded.type === 'fault') return fault('malformed', `commitment: ${decoded.fault}`)
  const commitment = decoded.value
  if (commitment.l2ChainId !== l2ChainId)
    return fault('wrongDomain', `a promise for chain ${commitment.l2ChainId}`)
  const difference = differenceOf(header, commitment)
  if (difference !== undefined)
    return fault('inconsistent', `header and commitment differ in the ${difference}`)
  const { isForcedInclusion, transactions, signature, totalFrags, envSignature, sealSignature } = data
  const { anchorBlockNumber } = commitment
  const metadata = metadataOfEnv(envOfHeader(header, { anchorBlockNumber, isForcedInclusion }))
  if (metadata === undefined) return fault('inconsistent', 'no block of a proposal has such a header')
  const block: SealedBlock = {
    metadata,
    transactions,
    hash: headerHash(header),
    header,
    commitment,
    commitmentHash: blockCommitmentHash(commitment, promise),
    signature,
  }
  return { type: 'message', message: { type: 'sealed', block, totalFrags, envSignature, sealSignature } }
}

function parseList(data: { readonly type: 'list'; readonly list: unknown }): ParsedMessage {
  if (JSON.stringify(data.list).length > LIST_CHARS_MAX)
    return fault('tooLarge', `a list of more than ${LIST_CHARS_MAX} characters`)
  return { type: 'message', message: data as ListMessage }
}

function differenceOf(header: BlockHeader, commitment: BlockCommitment): string | undefined {
  if (header.number !== commitment.blockNumber) return 'number'
  if (header.parentHash !== commitment.parentBlockHash) return 'parent'
  if (header.transactionsRoot !== commitment.transactionsRoot) return 'transactions root'
  if (header.timestamp > commitment.windowEnd) return 'time: the block is after its window'
  return undefined
}

function readHeader(bytes: Uint8Array): BlockHeader | undefined {
  try {
    const header = decodeHeader(bytes)
    // Only the one encoding has the hash that was signed.
    return Buffer.compare(encodeHeader(header), bytes) === 0 ? header : undefined
  } catch {
    return undefined
  }
}

function envJson(env: Env): object {
  return {
    number: Number(env.number),
    parentHash: env.parentHash,
    beneficiary: env.beneficiary,
    timestamp: Number(env.timestamp),
    gasLimit: Number(env.gasLimit),
    basefee: Number(env.basefee),
    difficulty: toQuantity(env.difficulty),
    prevrandao: env.prevrandao,
    extraData: bytesToHex(env.extraData),
    parentBeaconBlockRoot: env.parentBeaconBlockRoot,
  }
}

function fragJson(frag: Frag): object {
  return {
    blockNumber: Number(frag.blockNumber),
    seq: Number(frag.seq),
    isLast: frag.isLast,
    txs: frag.txs.map(bytesToHex),
  }
}

function fault(name: MessageFault, detail: string): ParsedMessage {
  return { type: 'fault', fault: name, detail }
}

/** based-op writes numbers plain; past 2^53 − 1 they would not be what was signed. */
const uint = z
  .number()
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .transform((value) => BigInt(value))
const hexOf = (size: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-f]{${2 * size}}$`), `${size} bytes in lower-case hex wanted`)
    .transform((text) => text as Hex)
const hash = hexOf(32)
const signature = hexOf(65)
const bytesUpTo = (size: number) =>
  z
    .string()
    .max(2 + 2 * size)
    .regex(/^0x(?:[0-9a-f]{2})*$/, 'bytes in lower-case hex wanted')
    .transform(hexToBytes)
const transactions = z.array(bytesUpTo(BLOCK_BYTES_MAX)).max(BLOCK_TRANSACTIONS_MAX)

const sealedSchema = z.object({
  type: z.literal('sealed'),
  header: bytesUpTo(HEADER_BYTES_MAX),
  isForcedInclusion: z.boolean(),
  transactions,
  totalFrags: z.number().int().min(0).max(FRAGS_MAX),
  commitment: hexOf(256),
  signature,
  envSignature: signature,
  sealSignature: signature,
})
type SealedJson = z.output<typeof sealedSchema>

const messageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('env'),
    env: z.object({
      number: uint,
      parentHash: hash,
      beneficiary: hexOf(20),
      timestamp: uint,
      gasLimit: uint,
      basefee: uint,
      difficulty: z
        .string()
        .regex(/^0x[0-9a-f]{1,64}$/)
        .transform(BigInt),
      prevrandao: hash,
      extraData: bytesUpTo(EXTRA_DATA_BYTES_MAX),
      parentBeaconBlockRoot: hash,
    }),
    windowEnd: uint,
    signature,
  }),
  z.object({
    type: z.literal('frag'),
    parentHash: hash,
    frag: z.object({
      blockNumber: uint,
      seq: z
        .number()
        .int()
        .min(0)
        .max(FRAGS_MAX - 1)
        .transform((value) => BigInt(value)),
      isLast: z.boolean(),
      txs: transactions,
    }),
    signature,
  }),
  sealedSchema,
  z.object({ type: z.literal('list'), list: z.looseObject({}) }),
])
