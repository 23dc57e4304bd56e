/**
 * zlib (RFC 1950) of foreign bytes that must hold exactly one RLP item. D-23, D-25, D-31, D-33, D-35, D-36, D-38.
 *
 * Bytes after the zlib stream are ignored, as Go's and Rust's readers do; a truncated stream is an error, unless told otherwise.
 */
import { constants, inflateSync } from 'node:zlib'
import { CriticalError } from '../primitives/errors.ts'
import { PAYLOAD_BYTES_PER_BLOB } from './blobCodec.ts'
import { type Decoded, decodedFault, type FaultName } from './faults.ts'

/** DEFLATE makes at most 1,032 bytes out of one (258 bytes from a match of two bits). zlib's Technical Details. */
const INFLATE_RATIO_MAX = 1032
/** Prague allowed nine blobs in a transaction; since Osaka it is six (EIP-7594). A source's blobs come from one transaction. */
const BLOBS_PER_TRANSACTION_MAX = 9

/**
 * Inflated bytes of a source past which we stop rather than answer: 1.2 GB. No rule of the protocol bounds them, so a smaller
 * guard would let anyone halt this node with a block that other nodes accept. This one cannot be reached by what one L1
 * transaction can carry; past it some assumption above has changed.
 */
const INFLATED_BYTES_MAX = BLOBS_PER_TRANSACTION_MAX * PAYLOAD_BYTES_PER_BLOB * INFLATE_RATIO_MAX

/** Enough compressed bytes to see the item's header, few enough to cost a megabyte at most. */
const PREFIX_BYTES = 1024
/** First byte and up to eight bytes of length. */
const RLP_HEADER_BYTES_MAX = 9
/** Output buffers are joined at the end; larger ones are fewer. */
const CHUNK_BYTES = 256 * 1024

/**
 * The inflated bytes. A stream that continues past the end its RLP header declares has trailing bytes, whatever they
 * are: it is left there, so that a bomb costs no memory. A shorter result is for the RLP decoder to refuse.
 * Throws InflateLimitError (critical) past the guard.
 */
export function inflateRlpItem(
  compressed: Uint8Array,
  options: {
    readonly inflate: FaultName
    readonly trailingBytes: FaultName
    /** What a stream held before it ended too early is its content (D-38). Default false. */
    readonly keepsTruncated?: boolean
  },
  bytesMax = INFLATED_BYTES_MAX,
): Decoded<Uint8Array> {
  const prefix = tryInflate(compressed.subarray(0, PREFIX_BYTES), {
    finishFlush: constants.Z_SYNC_FLUSH,
    maxOutputLength: PREFIX_BYTES * INFLATE_RATIO_MAX,
  })
  if (prefix.type === 'corrupt') return decodedFault(options.inflate, prefix.detail)
  const declared = prefix.type === 'ok' ? declaredLength(prefix.bytes) : undefined
  const limit = Math.min(declared ?? bytesMax, bytesMax)
  const whole = tryInflate(compressed, {
    chunkSize: CHUNK_BYTES,
    maxOutputLength: limit,
    ...(options.keepsTruncated === true && { finishFlush: constants.Z_SYNC_FLUSH }),
  })
  if (whole.type === 'ok') return { type: 'ok', value: whole.bytes }
  if (whole.type === 'corrupt') return decodedFault(options.inflate, whole.detail)
  if (declared === limit)
    return decodedFault(options.trailingBytes, `more than the ${declared} bytes its header declares`)
  throw new InflateLimitError({ compressedBytes: compressed.length, bytesMax })
}

export class InflateLimitError extends CriticalError {
  override readonly name = 'InflateLimitError'

  constructor(data: { compressedBytes: number; bytesMax: number }) {
    super(
      `a source of ${data.compressedBytes} compressed bytes inflates to more than ${data.bytesMax}; this node cannot tell what ` +
        'other nodes make of it, so it stops: raise INFLATED_BYTES_MAX if L1 now allows more blobs in a transaction',
    )
  }
}

type Inflated =
  | { readonly type: 'ok'; readonly bytes: Uint8Array }
  | { readonly type: 'corrupt'; readonly detail: string }
  | { readonly type: 'tooLarge' }

function tryInflate(compressed: Uint8Array, options: Parameters<typeof inflateSync>[1]): Inflated {
  try {
    const { buffer, byteOffset, length } = inflateSync(compressed, options)
    // Not a Buffer: its `slice` would hand out views, and every transaction would keep the whole payload alive.
    return { type: 'ok', bytes: new Uint8Array(buffer, byteOffset, length) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ERR_BUFFER_TOO_LARGE') return { type: 'tooLarge' }
    // Every other failure than zlib's own (out of memory, a wrong option) says nothing about the bytes.
    if (!FORMAT_ERRORS.has(code)) throw new CriticalError(`zlib failed (${code})`, { cause: error })
    return { type: 'corrupt', detail: code }
  }
}

/** Invalid data, truncated input, a preset dictionary. */
const FORMAT_ERRORS: ReadonlySet<string> = new Set(['Z_DATA_ERROR', 'Z_BUF_ERROR', 'Z_NEED_DICT'])

/** Bytes from the first to the end of the item that begins `bytes`; undefined if they do not show it. */
function declaredLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < RLP_HEADER_BYTES_MAX) return undefined
  const first = bytes[0] as number
  if (first < 0x80) return 1
  const short = first - (first >= 0xc0 ? 0xc0 : 0x80)
  if (short <= 55) return 1 + short
  let length = 0
  for (let i = 1; i <= short - 55; i++) length = length * 256 + (bytes[i] as number)
  return 1 + (short - 55) + length
}
