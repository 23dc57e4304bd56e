/** Transaction receipts as their trie holds them, and the bloom filter of their logs. Yellow Paper §4.3.1; EIP-658; EIP-2718. */
import { bigintToBytes, bytesToBigint, concatBytes } from './bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from './hex.ts'
import { keccak256 } from './keccak.ts'
import { decodeRlp, encodeRlp, RlpError, type RlpItem } from './rlp.ts'

export const BLOOM_BYTES = 256

export type Log = {
  readonly address: Address
  readonly topics: readonly Hash[]
  readonly data: Uint8Array
}

export type Receipt = {
  /** EIP-2718 transaction type; 0 is legacy. */
  readonly type: number
  readonly succeeded: boolean
  readonly cumulativeGasUsed: bigint
  readonly logs: readonly Log[]
  /** After the transaction; in receipts before EIP-658 it stands in the place of the status. */
  readonly stateRoot?: Hash
}

/** The consensus encoding: `type ‖ rlp([status or root, cumulativeGasUsed, bloom, logs])`, without the type byte for legacy. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const payload = encodeRlp([
    receipt.stateRoot === undefined
      ? bigintToBytes(receipt.succeeded ? 1n : 0n)
      : hexToBytes(receipt.stateRoot),
    bigintToBytes(receipt.cumulativeGasUsed),
    logsBloom(receipt.logs),
    receipt.logs.map((log) => [hexToBytes(log.address), log.topics.map(hexToBytes), log.data]),
  ])
  return receipt.type === 0 ? payload : concatBytes(Uint8Array.of(receipt.type), payload)
}

/** Of a log inside a receipt: the list, its log list, a log, its topics. */
const RECEIPT_DEPTH_MAX = 4

/** From the consensus encoding, as long as it is one of EIP-658 and later. Throws RlpError. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const first = bytes[0] ?? 0
  const type = first < 0x80 ? first : 0
  const fields = decodeRlp(type === 0 ? bytes : bytes.subarray(1), RECEIPT_DEPTH_MAX)
  const [status, gas, , logs] = fields
  if (!(status instanceof Uint8Array) || status.length > 1 || !(gas instanceof Uint8Array) || !isList(logs))
    throw new RlpError('not a receipt')
  return {
    type,
    succeeded: status[0] === 1,
    cumulativeGasUsed: bytesToBigint(gas),
    logs: logs.map(decodeLog),
  }
}

function decodeLog(item: RlpItem): Log {
  const [address, topics, data] = item
  if (!(address instanceof Uint8Array) || !isList(topics) || !(data instanceof Uint8Array))
    throw new RlpError('not a log')
  return {
    address: bytesToHex(address),
    topics: topics.map((topic) => {
      if (!(topic instanceof Uint8Array)) throw new RlpError('not a topic')
      return bytesToHex(topic)
    }),
    data,
  }
}

const isList = (item: RlpItem | number | undefined): item is readonly RlpItem[] => Array.isArray(item)

export function logsBloom(logs: readonly Log[]): Uint8Array {
  const bloom = new Uint8Array(BLOOM_BYTES)
  for (const log of logs) {
    addToBloom(bloom, log.address)
    for (const topic of log.topics) addToBloom(bloom, topic)
  }
  return bloom
}

/** False only if no log of the block has this address or topic: a bloom filter has no false negatives. */
export function bloomMayContain(bloom: Uint8Array, item: Uint8Array): boolean {
  return bloomBits(item).every((bit) => ((bloom[bit.byte] as number) & bit.mask) !== 0)
}

function addToBloom(bloom: Uint8Array, item: Hex): void {
  let places = known.get(item)
  if (places === undefined) {
    places = bloomPlaces(hexToBytes(item))
    if (known.size >= KNOWN_MAX) known.clear()
    known.set(item, places)
  }
  for (let rest = places, i = 0; i < 3; i++, rest = Math.floor(rest / PLACES)) {
    const bit = rest % PLACES
    const at = BLOOM_BYTES - 1 - (bit >> 3)
    bloom[at] = (bloom[at] as number) | (1 << (bit & 7))
  }
}

function bloomBits(item: Uint8Array): readonly { byte: number; mask: number }[] {
  const places = bloomPlaces(item)
  return [places % PLACES, Math.floor(places / PLACES) % PLACES, Math.floor(places / PLACES ** 2)].map(
    (bit) => ({
      byte: BLOOM_BYTES - 1 - (bit >> 3),
      mask: 1 << (bit & 7),
    }),
  )
}

const PLACES = 8 * BLOOM_BYTES
/** Places by item: a block's filter has what its receipts' have, and tokens and events come again and again. */
const known = new Map<Hex, number>()
const KNOWN_MAX = 20_000

/** Three bits of 2048, from the low 11 bits of each of the first three byte pairs of the hash; as digits of one number. */
function bloomPlaces(item: Uint8Array): number {
  const hash = keccak256(item)
  const place = (i: number) => (((hash[i] as number) << 8) | (hash[i + 1] as number)) & (PLACES - 1)
  return place(0) + place(2) * PLACES + place(4) * PLACES ** 2
}
