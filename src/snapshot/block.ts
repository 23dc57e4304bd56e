/**
 * The block a snapshot ends in: its header and those before it, linked by hashes; its transactions and receipts under the header's roots;
 * and what the creator's node knew of where it came from. Shasta and later: before, a header does not name its proposal.
 */
import { z } from 'zod'
import { decodeBody, encodeBody } from '../chain/bodyCodec.ts'
import type { BlockOrigin, StoredBlock, StoredProposal, StoredTransaction } from '../chain/chain.ts'
import { effectiveGasPrice } from '../engine/message.ts'
import { recoverSender } from '../engine/sender.ts'
import { decodeTransaction } from '../engine/transaction.ts'
import { blockSize } from '../primitives/blockSize.ts'
import {
  bigintToBytes,
  bigintToFixedBytes,
  bytesToBigint,
  concatBytes,
  EMPTY_BYTES,
  equalBytes,
} from '../primitives/bytes.ts'
import { type BlockHeader, decodeHeader, encodeHeader, headerHash } from '../primitives/header.ts'
import { type Address, bytesToHex, type Hash } from '../primitives/hex.ts'
import { fromJson, toJson } from '../primitives/json.ts'
import { keccak256, keccak256Hex } from '../primitives/keccak.ts'
import { orderedTrieRoot } from '../primitives/orderedTrie.ts'
import { encodeReceipt } from '../primitives/receipt.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import { encodeAnchorV4 } from '../protocol/shasta/anchor.ts'
import { forkAt, type RollupSpec } from '../spec/rollupSpec.ts'
import { splitRecords } from './chunk.ts'
import { SnapshotError } from './errors.ts'
import { type ChunkEntry, HEADERS_MAX, type Manifest } from './manifest.ts'

/** How far BLOCKHASH sees from the next block, and one more. Yellow Paper, appendix H. */
const ANCESTORS = 256n
const LENGTH_BYTES = 4
/** Bytes of what is said of the block's origin: some 30 for each of its transactions. */
const RECORD_JSON_BYTES_MAX = 4 * 1024 * 1024

export type SnapshotBlock = {
  readonly block: StoredBlock
  readonly origin: BlockOrigin
  readonly proposal: StoredProposal
}

/** Oldest first; the last one is the block's own. */
export type LinkedHeaders = readonly { readonly hash: Hash; readonly header: BlockHeader }[]

/** The oldest header of a snapshot at `block`. */
export function firstHeaderNumber(number: bigint, proposal: Pick<StoredProposal, 'firstBlock'>): bigint {
  const forHashes = number < ANCESTORS ? 0n : number - ANCESTORS
  const beforeProposal = proposal.firstBlock === 0n ? 0n : proposal.firstBlock - 1n
  const first = forHashes < beforeProposal ? forHashes : beforeProposal
  if (number - first >= HEADERS_MAX)
    throw new SnapshotError(
      'blockNotSupported',
      `the proposal of block ${number} has more blocks than the ${HEADERS_MAX} a snapshot holds`,
    )
  return first
}

/** Id in the extra data of a header of Shasta or later. */
export function proposalIdOf(spec: RollupSpec, header: BlockHeader): bigint | undefined {
  const fork = forkAt(spec, header)
  const isNamed = (fork === 'shasta' || fork === 'unzen') && header.extraData.length === 7
  return isNamed ? bytesToBigint(header.extraData.subarray(1)) : undefined
}

export function readHeaders(
  entry: ChunkEntry,
  raw: Uint8Array,
  { block }: Pick<Manifest, 'block'>,
): LinkedHeaders {
  const unlinked = (index: number) =>
    new SnapshotError(
      'headersUnlinked',
      `header ${index} of ${entry.file} is not the parent of the one behind it, or none at all`,
    )
  const records = splitRecords(entry, raw)
  if (records.length > HEADERS_MAX)
    throw new SnapshotError(
      'chunkOutOfBounds',
      `${entry.file} has ${records.length} headers, at most ${HEADERS_MAX} are taken`,
    )
  const headers: { hash: Hash; header: BlockHeader }[] = []
  for (const [index, record] of records.entries()) {
    const header = decodeExactly(record)
    if (header === undefined) throw unlinked(index)
    const parent = headers.at(-1)
    if (parent && (header.parentHash !== parent.hash || header.number !== parent.header.number + 1n))
      throw unlinked(index - 1)
    headers.push({ hash: headerHash(header), header })
  }
  const last = headers.at(-1)
  if (
    last?.hash !== block.hash ||
    last.header.number !== BigInt(block.number) ||
    last.header.stateRoot !== block.stateRoot
  )
    throw new SnapshotError(
      'headersUnlinked',
      `the headers of ${entry.file} do not end in block ${block.number} (${block.hash})`,
    )
  return headers
}

function decodeExactly(record: Uint8Array): BlockHeader | undefined {
  try {
    const header = decodeHeader(record)
    return equalBytes(encodeHeader(header), record) ? header : undefined
  } catch {
    return undefined
  }
}

export function encodeBlock({ block, origin, proposal }: SnapshotBlock): Uint8Array {
  const body = encodeBody(block)
  return concatBytes(
    bigintToFixedBytes(BigInt(body.length), LENGTH_BYTES),
    body,
    Buffer.from(toJson({ origin, proposal })),
  )
}

/** Throws a SnapshotError unless the body is the header's, and what is said of it holds together with the headers. */
export function readBlock(
  spec: RollupSpec,
  entry: ChunkEntry,
  raw: Uint8Array,
  headers: LinkedHeaders,
): SnapshotBlock {
  const head = headers.at(-1)
  const length = Number(bytesToBigint(raw.subarray(0, LENGTH_BYTES)))
  const json = raw.subarray(LENGTH_BYTES + length)
  if (head === undefined || raw.length < LENGTH_BYTES + length || json.length > RECORD_JSON_BYTES_MAX)
    throw new SnapshotError('recordMalformed', `${entry.file} holds no block of this version`)
  const block = readBody(entry, raw.subarray(LENGTH_BYTES, LENGTH_BYTES + length), head)
  const said = readSaid(entry, json)
  checkSaid(spec, said, headers)
  checkAnchor(block, said.origin)
  return { block, ...said }
}

function readBody(entry: ChunkEntry, body: Uint8Array, { hash, header }: LinkedHeaders[number]): StoredBlock {
  let given: readonly StoredTransaction[]
  try {
    given = decodeBody(body).transactions
  } catch (cause) {
    throw new SnapshotError('recordMalformed', `${entry.file} holds no block of this version`, { cause })
  }
  const raws = given.map(({ raw }) => raw)
  if (
    orderedTrieRoot(raws) !== header.transactionsRoot ||
    orderedTrieRoot(given.map(({ receipt }) => encodeReceipt(receipt))) !== header.receiptsRoot
  )
    throw new SnapshotError(
      'blockBodyDiffers',
      `the transactions or receipts of ${entry.file} are not those of block ${header.number}`,
    )
  const transactions: StoredTransaction[] = []
  let gasBefore = 0n
  for (const [index, transaction] of given.entries()) {
    transactions.push(rebuild(transaction, index, header, gasBefore))
    gasBefore = transaction.receipt.cumulativeGasUsed
  }
  return { hash, header, transactions, size: blockSize(header, raws) }
}

/** What follows from the bytes, the receipt and the header is taken from them; of the rest there is only the place in the source's list. */
function rebuild(
  { raw, receipt, listedIndex }: StoredTransaction,
  index: number,
  header: BlockHeader,
  gasBefore: bigint,
): StoredTransaction {
  const decoded = decodeTransaction(raw)
  const sender = decoded.type === 'transaction' ? recoverSender(decoded.transaction) : null
  if (decoded.type !== 'transaction' || sender === null)
    throw new SnapshotError('blockBodyDiffers', `transaction ${index} of block ${header.number} is none`)
  const { to, nonce } = decoded.transaction
  const creates = to === null && receipt.succeeded
  return {
    raw,
    hash: keccak256Hex(raw),
    sender: bytesToHex(sender),
    to: to === null ? null : bytesToHex(to),
    gasUsed: receipt.cumulativeGasUsed - gasBefore,
    effectiveGasPrice: effectiveGasPrice(decoded.transaction, header.baseFeePerGas ?? 0n),
    createdContract: creates
      ? bytesToHex(keccak256(encodeRlp([sender, bigintToBytes(nonce)])).slice(12))
      : null,
    receipt,
    ...(index > 0 && { listedIndex: listedIndex ?? index - 1 }),
  }
}

const uint = z
  .bigint()
  .nonnegative()
  .max(2n ** 64n)
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)
const hash = z.string().regex(/^0x[0-9a-f]{64}$/) as unknown as z.ZodType<Hash>
const address = z.string().regex(/^0x[0-9a-f]{40}$/) as unknown as z.ZodType<Address>
const text = z.string().max(1_000)
const fork = z.enum(['shasta', 'unzen'])

const saidSchema = z.strictObject({
  origin: z.strictObject({
    fork,
    proposalId: uint,
    sourceIndex: count,
    isForcedInclusion: z.boolean(),
    indexInSource: count,
    anchorBlock: z.strictObject({ number: uint, hash, parentHash: hash, timestamp: uint, stateRoot: hash }),
    listed: z.array(z.strictObject({ offset: count, length: count })),
    dropped: z.array(z.strictObject({ listedIndex: count, reason: text, rule: text })),
  }),
  proposal: z.strictObject({
    id: uint,
    fork,
    hash,
    proposer: address,
    timestamp: uint,
    windowEnd: uint.exactOptional(),
    l1: z.strictObject({ blockNumber: uint, blockHash: hash, transactionHash: hash, logIndex: count }),
    firstBlock: uint,
    lastBlock: uint,
    sources: z.array(
      z.strictObject({
        isForcedInclusion: z.boolean(),
        savedAt: uint.exactOptional(),
        blobHashes: z.array(hash),
        offset: count,
        size: count.exactOptional(),
        fault: z.strictObject({ name: text, rule: text, detail: text }).exactOptional(),
      }),
    ),
  }),
})

type Said = Pick<SnapshotBlock, 'origin' | 'proposal'>

function readSaid(entry: ChunkEntry, json: Uint8Array): Said {
  try {
    return saidSchema.parse(fromJson(Buffer.from(json).toString('utf8')))
  } catch (cause) {
    throw new SnapshotError('recordMalformed', `${entry.file} does not say where its block came from`, {
      cause,
    })
  }
}

/** What the headers can say of the proposal; the rest is for L1 (confirm.ts). */
function checkSaid(spec: RollupSpec, { origin, proposal }: Said, headers: LinkedHeaders): void {
  const head = headers.at(-1)?.header
  const id = head && proposalIdOf(spec, head)
  if (head === undefined || id === undefined)
    throw new SnapshotError(
      'blockNotSupported',
      'its block is of a fork whose headers name no proposal; snapshots begin with Shasta',
    )
  const ofProposal = headers.filter(({ header }) => proposalIdOf(spec, header) === id)
  const isWhole = ofProposal.length < headers.length
  if (
    !isWhole ||
    origin.proposalId !== id ||
    proposal.id !== id ||
    proposal.firstBlock !== ofProposal[0]?.header.number ||
    proposal.lastBlock !== head.number ||
    origin.fork !== proposal.fork
  )
    throw new SnapshotError(
      'proposalDiffers',
      `what is said of proposal ${proposal.id} does not fit the headers, which name proposal ${id}`,
    )
}

/** The block's first transaction tells L2 of the L1 block it is anchored to. */
function checkAnchor({ header, transactions }: StoredBlock, { anchorBlock }: BlockOrigin): void {
  const decoded = decodeTransaction(transactions[0]?.raw ?? EMPTY_BYTES)
  if (decoded.type !== 'transaction' || !equalBytes(decoded.transaction.data, encodeAnchorV4(anchorBlock)))
    throw new SnapshotError(
      'proposalDiffers',
      `block ${header.number} is not anchored to L1 block ${anchorBlock.number} (${anchorBlock.hash})`,
    )
}
