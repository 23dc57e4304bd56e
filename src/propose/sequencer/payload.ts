/**
 * How much more a batch can hold. Only compressing tells the size, and compressing all of it for each transaction would take all the
 * time there is: the bytes since the last measurement count whole, and it is measured again when they would no longer fit.
 */
import { encodeManifest, type ManifestBlockInput } from '../../protocol/shasta/encodeManifest.ts'

/** RLP prefixes of a block and of its list, and its four numbers at their longest. */
const BLOCK_OVERHEAD_BYTES = 64
/** RLP prefix of a transaction. */
const TRANSACTION_OVERHEAD_BYTES = 5
/** More bytes can upset what compression made of the ones before; by far less than this. Deflate's stored blocks need 5 in 65,535. */
const SLACK_BYTES = 4096
/** With less room than this a batch is full: a block with a transfer or two. */
const ROOM_MIN_BYTES = 512

/** What a batch may hold before compression, in payloads: else transactions of zeros would be compressed over and over. */
const RAW_PAYLOADS_MAX = 4

type BlockMetadata = Omit<ManifestBlockInput, 'transactions'>

export type PayloadMeter = {
  /** Whether a block can be begun that is worth it. */
  hasRoom(): boolean
  begin(metadata: BlockMetadata): void
  fits(raw: Uint8Array): boolean
  /** Whether it would fit a batch of its own. */
  fitsAlone(raw: Uint8Array): boolean
  /** Into the block that was begun. */
  add(raw: Uint8Array): void
  /** Forgets the block that was begun. */
  abandon(): void
}

/** `bytesMax`: payload of all blobs. `blocks`: those of the batch's own source so far. */
export function createPayloadMeter(bytesMax: number, blocks: readonly ManifestBlockInput[]): PayloadMeter {
  let closed = [...blocks]
  let open: (BlockMetadata & { readonly transactions: Uint8Array[] }) | undefined
  let measured = 0
  /** Bytes not measured yet, as they are. */
  let unmeasured = sizeOf(closed)
  let raw = unmeasured

  const all = () => (open === undefined ? closed : [...closed, open])
  const hasRoomFor = (bytes: number): boolean => {
    if (raw + bytes > RAW_PAYLOADS_MAX * bytesMax) return false
    const isWithin = () => measured + unmeasured + bytes + SLACK_BYTES <= bytesMax
    if (isWithin()) return true
    // Nothing to be gained by measuring.
    if (unmeasured === 0 || measured + bytes + SLACK_BYTES > bytesMax) return false
    measured = encodeManifest(all()).length
    unmeasured = 0
    return isWithin()
  }

  return {
    hasRoom: () => hasRoomFor(ROOM_MIN_BYTES),
    begin(metadata) {
      closed = [...all()]
      open = { ...metadata, transactions: [] }
      unmeasured += BLOCK_OVERHEAD_BYTES
      raw += BLOCK_OVERHEAD_BYTES
    },
    fits: (transaction) => hasRoomFor(transaction.length + TRANSACTION_OVERHEAD_BYTES),
    fitsAlone: (transaction) =>
      BLOCK_OVERHEAD_BYTES + transaction.length + TRANSACTION_OVERHEAD_BYTES + SLACK_BYTES <= bytesMax,
    add(transaction) {
      open?.transactions.push(transaction)
      unmeasured += transaction.length + TRANSACTION_OVERHEAD_BYTES
      raw += transaction.length + TRANSACTION_OVERHEAD_BYTES
    },
    abandon() {
      open = undefined
      measured = 0
      unmeasured = sizeOf(closed)
      raw = unmeasured
    },
  }
}

function sizeOf(blocks: readonly ManifestBlockInput[]): number {
  return blocks
    .flatMap(({ transactions }) => transactions)
    .reduce((sum, raw) => sum + raw.length + TRANSACTION_OVERHEAD_BYTES, blocks.length * BLOCK_OVERHEAD_BYTES)
}
