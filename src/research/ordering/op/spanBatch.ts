/** Span batches, which hold the transactions of many blocks column by column. https://specs.optimism.io/protocol/delta/span-batches.html */
import { bigintToBytes, bytesToBigint, concatBytes } from '../../../primitives/bytes.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../../../primitives/rlp.ts'
import { createReader, type Reader } from './reader.ts'

export const SPAN_BATCH_VERSION = 1

/** MAX_SPAN_BATCH_ELEMENT_COUNT: blocks, and transactions together. */
const ELEMENTS_MAX = 10_000_000
const HASH_PART_BYTES = 20
const WORD_BYTES = 32
const ADDRESS_BYTES = 20
/** Transaction, access list, entry, slots. */
const DEPTH_MAX = 4
/** Fields of the part that stays together: value, price or prices, data, access list. */
const DATA_FIELDS: Readonly<Record<number, number>> = { 0: 3, 1: 4, 2: 5 }

export type SpanBatch = {
  /** Seconds from the genesis of L2 to the first block. */
  readonly relativeTimestamp: bigint
  /** L1 origin of the last block. */
  readonly l1Origin: bigint
  /** Of each block: whether its L1 origin is another than that of the one before, and its transactions, signed and in order. */
  readonly blocks: readonly {
    readonly changesOrigin: boolean
    readonly transactions: readonly Uint8Array[]
  }[]
}

/** `batch` begins with its version. Throws RangeError, or RlpError, for what is no span batch. */
export function decodeSpanBatch(batch: Uint8Array, chainId: bigint): SpanBatch {
  const reader = createReader(batch)
  if (reader.bytes(1)[0] !== SPAN_BATCH_VERSION) throw new RangeError('the batch is no span batch')
  const relativeTimestamp = reader.varint()
  const l1Origin = reader.varint()
  // Checks of the parent and of the origin against chains that are not at hand.
  reader.bytes(2 * HASH_PART_BYTES)
  const blockCount = reader.count()
  const origins = reader.bits(blockCount)
  const counts = origins.map(() => reader.count())
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (Math.max(blockCount, total) > ELEMENTS_MAX)
    throw new RangeError(`the batch has more than ${ELEMENTS_MAX} elements`)
  const transactions = readTransactions(reader, total, chainId)
  if (!reader.isAtEnd()) throw new RangeError('the batch goes on after its transactions')
  let next = 0
  return {
    relativeTimestamp,
    l1Origin,
    blocks: counts.map((count, index) => {
      next += count
      return {
        changesOrigin: origins[index] ?? false,
        transactions: transactions.slice(next - count, next),
      }
    }),
  }
}

type Data = { readonly type: number; readonly fields: readonly RlpItem[] }

function readTransactions(reader: Reader, total: number, chainId: bigint): readonly Uint8Array[] {
  const creates = reader.bits(total)
  const parities = reader.bits(total)
  const signatures = creates.map(() => [word(reader), word(reader)] as const)
  const recipients = creates.map((isCreation) =>
    isCreation ? new Uint8Array(0) : reader.bytes(ADDRESS_BYTES),
  )
  const datas = creates.map(() => readData(reader))
  const nonces = creates.map(() => reader.varint())
  const gasLimits = creates.map(() => reader.varint())
  const isProtected = reader.bits(datas.filter(({ type }) => type === 0).length)
  let legacy = 0
  return datas.map(({ type, fields }, i) => {
    const signature = signatures[i] ?? [0n, 0n]
    const parity = parities[i] ? 1n : 0n
    const nonce = bigintToBytes(nonces[i] ?? 0n)
    const gasLimit = bigintToBytes(gasLimits[i] ?? 0n)
    const to = recipients[i] ?? new Uint8Array(0)
    const signed = signature.map(bigintToBytes)
    if (type === 0) {
      const [value = to, gasPrice = to, data = to] = fields
      // EIP-155.
      const v = isProtected[legacy++] ? 35n + 2n * chainId + parity : 27n + parity
      return encodeRlp([nonce, gasPrice, gasLimit, to, value, data, bigintToBytes(v), ...signed])
    }
    const [value = to, ...rest] = fields
    const [data = to, accessList = []] = rest.slice(-2)
    const prices = rest.slice(0, -2)
    const chain = bigintToBytes(chainId)
    const body = [chain, nonce, ...prices, gasLimit, to, value, data, accessList, bigintToBytes(parity)]
    return concatBytes(Uint8Array.of(type), encodeRlp([...body, ...signed]))
  })
}

/** Legacy: a list. Otherwise the type, then a list. */
function readData(reader: Reader): Data {
  let item = reader.rlpItem()
  const [first = 0] = item
  const type = first < 0xc0 ? first : 0
  if (first < 0xc0) item = reader.rlpItem()
  const fields = decodeRlp(item, DEPTH_MAX)
  if (fields instanceof Uint8Array || fields.length !== DATA_FIELDS[type])
    throw new RangeError(`a transaction of type ${type} in the batch does not have the fields of one`)
  return { type, fields }
}

const word = (reader: Reader): bigint => bytesToBigint(reader.bytes(WORD_BYTES))
