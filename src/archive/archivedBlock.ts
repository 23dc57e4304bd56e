/** An L1 block into the archive and out again: on the way in from a whole body, on the way out proven against its header. */
import { verifyMerkleProof } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import type { L1Header } from '../l1/l1.ts'
import type { L1Body } from '../l1/reader.ts'
import type { Watch } from '../l1/watch.ts'
import { decodeHeader, encodeHeader, headerHash } from '../primitives/header.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { orderedTrieProofs } from '../primitives/orderedTrie.ts'
import { decodeReceipt, encodeReceipt, type Receipt } from '../primitives/receipt.ts'
import type { L1Log } from '../protocol/protocol.ts'
import {
  ArchiveDamagedError,
  type ArchivedBlob,
  type ArchivedBlock,
  type ArchivedReceipt,
  type ArchivedTransaction,
} from './format.ts'

/** A transaction that logged an event of ours, out of the archive. */
export type ProvenTransaction = {
  readonly hash: Hash
  readonly index: number
  /** As its trie holds it. */
  readonly raw: Uint8Array
  readonly isProven: boolean
  readonly gasUsed: bigint
}

export type OpenedBlock = {
  readonly block: L1Header
  readonly logs: readonly L1Log[]
  readonly transactions: readonly ProvenTransaction[]
  readonly blobs: readonly ArchivedBlob[]
}

export function archiveHeader({ header }: L1Header): ArchivedBlock {
  return { header: bytesToHex(encodeHeader(header)) }
}

/** With the receipts that hold a wanted log, each with the one before it, and their transactions. */
export function archiveBlock(
  block: L1Header,
  body: L1Body,
  watch: Watch,
  blobs: readonly ArchivedBlob[],
): ArchivedBlock {
  const wanted = body.receipts.flatMap(({ logs }, index) => (logs.some(watch.wants) ? [index] : []))
  // Gas is counted over the block: what one transaction used takes the receipt before it.
  const receipts = body.receipts.flatMap((_, index) =>
    wanted.includes(index) || wanted.includes(index + 1) ? [index] : [],
  )
  const receiptProofs = orderedTrieProofs(body.receipts.map(encodeReceipt), receipts)
  const transactionProofs = body.areTransactionsProven
    ? orderedTrieProofs(body.transactions, wanted)
    : undefined
  return {
    ...archiveHeader(block),
    receipts: receipts.map((index, at) => ({
      index,
      firstLogIndex: logsBefore(body.receipts, index),
      proof: (receiptProofs[at] ?? []).map(bytesToHex),
    })),
    transactions: wanted.map((index, at) => ({
      index,
      ...(transactionProofs
        ? { proof: (transactionProofs[at] ?? []).map(bytesToHex) }
        : { raw: bytesToHex(body.transactions[index] ?? new Uint8Array()) }),
    })),
    ...(blobs.length > 0 && { blobs: [...blobs] }),
  }
}

const logsBefore = (receipts: readonly Receipt[], index: number): number =>
  receipts.slice(0, index).reduce((sum, { logs }) => sum + logs.length, 0)

/** Throws ArchiveDamagedError, naming `file`, for anything that the header does not commit to. */
export async function openBlock(archived: ArchivedBlock, watch: Watch, file: string): Promise<OpenedBlock> {
  const block = openHeader(archived, file)
  const receipts = new Map<number, Receipt>()
  for (const each of archived.receipts ?? []) receipts.set(each.index, await openReceipt(each, block, file))
  const transactions = new Map<number, ProvenTransaction>()
  for (const each of archived.transactions ?? []) {
    const { index } = each
    const cumulative = (at: number) => {
      const receipt = receipts.get(at)
      if (receipt === undefined) throw damaged(file, `block ${block.number} lacks receipt ${at}`)
      return receipt.cumulativeGasUsed
    }
    const gasUsed = cumulative(index) - (index > 0 ? cumulative(index - 1) : 0n)
    transactions.set(index, { ...(await openTransaction(each, block, file)), gasUsed })
  }
  const logs: L1Log[] = []
  for (const { index, firstLogIndex } of archived.receipts ?? []) {
    for (const [at, log] of (receipts.get(index)?.logs ?? []).entries()) {
      if (!watch.wants(log)) continue
      const transaction = transactions.get(index)
      if (transaction === undefined)
        throw damaged(file, `block ${block.number} has receipt ${index} without its transaction`)
      logs.push({
        address: log.address,
        topics: log.topics,
        data: bytesToHex(log.data),
        blockNumber: block.number,
        blockHash: block.hash,
        transactionHash: transaction.hash,
        logIndex: firstLogIndex + at,
      })
    }
  }
  return { block, logs, transactions: [...transactions.values()], blobs: archived.blobs ?? [] }
}

export function openHeader({ header: encoded }: Pick<ArchivedBlock, 'header'>, file: string): L1Header {
  try {
    const header = decodeHeader(hexToBytes(encoded))
    const { number, parentHash, timestamp, stateRoot } = header
    return { number, hash: headerHash(header), parentHash, timestamp, stateRoot, header }
  } catch (cause) {
    throw damaged(file, 'a header cannot be decoded', cause)
  }
}

async function openTransaction(
  { index, proof, raw }: ArchivedTransaction,
  block: L1Header,
  file: string,
): Promise<Omit<ProvenTransaction, 'gasUsed'>> {
  const bytes = proof
    ? await openProof(proof, index, block.header.transactionsRoot, `transaction ${index}`, block, file)
    : hexToBytes(raw ?? '0x')
  return { hash: keccak256Hex(bytes), index, raw: bytes, isProven: proof !== undefined }
}

async function openReceipt(
  { index, proof }: ArchivedReceipt,
  block: L1Header,
  file: string,
): Promise<Receipt> {
  const bytes = await openProof(proof, index, block.header.receiptsRoot, `receipt ${index}`, block, file)
  try {
    return decodeReceipt(bytes)
  } catch (cause) {
    throw damaged(file, `receipt ${index} of block ${block.number} cannot be decoded`, cause)
  }
}

async function openProof(
  proof: readonly Hex[],
  index: number,
  root: Hash,
  what: string,
  block: L1Header,
  file: string,
): Promise<Uint8Array> {
  const value = await verifyMerkleProof(RLP.encode(index), proof.map(hexToBytes), {
    root: hexToBytes(root),
  }).catch((cause: unknown) => {
    throw damaged(file, `${what} of block ${block.number} does not lead to its root`, cause)
  })
  if (value === null) throw damaged(file, `${what} of block ${block.number} is proven absent`)
  return value
}

function damaged(file: string, what: string, cause?: unknown): ArchiveDamagedError {
  return new ArchiveDamagedError({ file, what, cause })
}
