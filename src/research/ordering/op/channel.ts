/** The batches of an OP Stack channel. https://specs.optimism.io/protocol/derivation.html#batch-format, brotli since Fjord */
import { brotliDecompressSync, inflateSync } from 'node:zlib'
import { hexToBytes } from '../../../primitives/hex.ts'
import { decodeRlp } from '../../../primitives/rlp.ts'
import { createReader } from './reader.ts'

/** MAX_RLP_BYTES_PER_CHANNEL since Fjord. */
const CHANNEL_BYTES_MAX = 100_000_000

/** Low half of the first byte of a zlib stream; brotli's has a version byte before it. */
const ZLIB_METHODS = [8, 15]
const BROTLI_VERSION = 1

/** `hex` as a file has it, with or without 0x; an odd last digit, which some captures have, is left out. */
export function parseHex(hex: string): Uint8Array {
  const digits = hex.trim().replace(/^0x/, '')
  const even = digits.slice(0, digits.length - (digits.length % 2))
  if (!/^[0-9a-fA-F]*$/.test(even)) throw new RangeError('a channel is a file of hexadecimals')
  return hexToBytes(`0x${even}`)
}

/** Each batch with its version byte. Throws RangeError or zlib’s error for what is no channel. */
export function readChannel(channel: Uint8Array): readonly Uint8Array[] {
  const reader = createReader(inflate(channel))
  const batches: Uint8Array[] = []
  while (!reader.isAtEnd()) {
    const batch = decodeRlp(reader.rlpItem(), 1)
    if (!(batch instanceof Uint8Array)) throw new RangeError('a batch of the channel is no byte string')
    batches.push(batch)
  }
  return batches
}

function inflate(channel: Uint8Array): Uint8Array {
  const [first = 0] = channel
  const options = { maxOutputLength: CHANNEL_BYTES_MAX }
  if (ZLIB_METHODS.includes(first & 0x0f)) return inflateSync(channel, options)
  if (first === BROTLI_VERSION) return brotliDecompressSync(channel.subarray(1), options)
  throw new RangeError(`the channel is compressed in no known way: its first byte is ${first}`)
}
