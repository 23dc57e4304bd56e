/**
 * A source's bytes: a 64-byte header, then zlib(RLP([blocks])). D-15, D-16, D-20..D-30.
 * https://github.com/taikoxyz/taiko-mono/blob/b9c5bb2a2000dc2db94c9dc6e621591e01c1fe7b/packages/protocol/docs/Derivation.md#per-source-manifest-extraction
 */
import { assert, defined } from '../../primitives/assert.ts'
import { bytesToBigint } from '../../primitives/bytes.ts'
import { bytesToHex, ZERO_ADDRESS } from '../../primitives/hex.ts'
import { FORKS } from '../../spec/forks.ts'
import { inboxForkAt, type RollupSpec } from '../../spec/rollupSpec.ts'
import { BYTES_PER_BLOB, decodeBlobs } from '../blobCodec.ts'
import { type Decoded, decodedFault } from '../faults.ts'
import { inflateRlpItem } from '../inflate.ts'
import type { DecodedSource, ManifestBlock, Protocol } from '../protocol.ts'
import { fixedBytes, type RlpSpan, readRlpItem, readUint, uint } from '../rlpGrammar.ts'
import { readTransactions } from '../transactions.ts'

/** Version word and size word. */
const MANIFEST_HEADER_BYTES = 64
export const MANIFEST_VERSION = 1n

const U64_MASK = (1n << 64n) - 1n
const U32_MASK = (1n << 32n) - 1n

/** The manifest of a faulty source: one block of zeros, whose fields `checkSource` fills in. */
export const DEFAULT_BLOCK: ManifestBlock = {
  timestamp: 0n,
  coinbase: ZERO_ADDRESS,
  anchorBlockNumber: 0n,
  gasLimit: 0n,
  transactions: [],
}

/** By the proposal's timestamp. Derivation.md, DERIVATION_SOURCE_MAX_BLOCKS and UNZEN_DERIVATION_SOURCE_MAX_BLOCKS. */
export function blocksMax(spec: RollupSpec, proposalTimestamp: bigint): number {
  return FORKS[inboxForkAt(spec, proposalTimestamp)].blocksPerSourceMax
}

export const decodeSource: Protocol['decodeSource'] = ({ spec, proposal, sourceIndex, blobs }) => {
  const source = defined(proposal.sources[sourceIndex], `source ${sourceIndex} of proposal ${proposal.id}`)
  const { blobHashes, offset } = source.blobSlice
  if (blobHashes.length === 0) return defaultSource(decodedFault('noBlobs', 'the source names no blobs'))
  assert(blobs.length === blobHashes.length, `${blobs.length} blobs for ${blobHashes.length} hashes`)
  const offsetMax = BYTES_PER_BLOB - MANIFEST_HEADER_BYTES
  if (offset > offsetMax)
    return defaultSource(decodedFault('sliceOffset', `offset ${offset} of at most ${offsetMax}`))
  const payload = decodeBlobs(blobs)
  if (payload.type === 'fault') return defaultSource(payload)
  const manifest = decodeManifest(payload.value, offset, {
    blocksMax: blocksMax(spec, proposal.timestamp),
    isForcedInclusion: source.isForcedInclusion,
  })
  return manifest.type === 'fault' ? defaultSource(manifest) : { blocks: manifest.value }
}

function defaultSource({ fault }: Extract<Decoded<never>, { type: 'fault' }>): DecodedSource {
  return { blocks: [DEFAULT_BLOCK], fault }
}

/** The blocks of the manifest that begins at `offset` of the concatenated payload; at least one, at most `blocksMax`. */
export function decodeManifest(
  payload: Uint8Array,
  offset: number,
  limits: { readonly blocksMax: number; readonly isForcedInclusion: boolean },
): Decoded<readonly ManifestBlock[]> {
  const start = offset + MANIFEST_HEADER_BYTES
  if (payload.length < start)
    return decodedFault(
      'headerTooShort',
      `${Math.max(0, payload.length - offset)} of ${MANIFEST_HEADER_BYTES} bytes`,
    )
  // The word must fit 64 bits, and of those only the low 32 count: 2^32 + 1 is version 1 too (both reference clients).
  const version = bytesToBigint(payload.subarray(offset, offset + 32))
  if (version > U64_MASK || (version & U32_MASK) !== MANIFEST_VERSION)
    return decodedFault('manifestVersion', `version ${version}`)
  // Of the size only the low 64 bits count (both reference clients).
  const size = bytesToBigint(payload.subarray(offset + 32, start)) & U64_MASK
  if (size > BigInt(payload.length - start))
    return decodedFault('manifestSize', `size ${size}, but ${payload.length - start} bytes follow`)
  const inflated = inflateRlpItem(payload.subarray(start, start + Number(size)), {
    inflate: 'manifestInflate',
    trailingBytes: 'manifestTrailingBytes',
  })
  if (inflated.type === 'fault') return inflated
  const blocks = readManifest(inflated.value, limits.blocksMax)
  if (blocks.type === 'fault') return blocks
  const count = blocks.value.length
  if (limits.isForcedInclusion && count !== 1)
    return decodedFault('forcedBlockCount', `${count} blocks in a forced inclusion`)
  if (count === 0) return decodedFault('noBlocks', 'the manifest has no blocks')
  return blocks
}

/** `bytes` is RLP([[block, …]]): a list of one list. */
function readManifest(bytes: Uint8Array, max: number): Decoded<readonly ManifestBlock[]> {
  const outer = readRlpItem(bytes, 0, bytes.length)
  if (outer === undefined || !outer.isList) return decodedFault('manifestRlp', 'not a list')
  if (outer.end !== bytes.length)
    return decodedFault('manifestTrailingBytes', `${bytes.length - outer.end} bytes after the manifest`)
  const list = readRlpItem(bytes, outer.start, outer.end)
  if (list === undefined || !list.isList || list.end !== outer.end)
    return decodedFault('manifestRlp', 'not a list of one list of blocks')
  const blocks: ManifestBlock[] = []
  for (let at = list.start; at < list.end; ) {
    if (blocks.length === max) return decodedFault('tooManyBlocks', `more than ${max} blocks`)
    const item = readRlpItem(bytes, at, list.end)
    const block = item && readBlock(bytes, item, blocks.length)
    if (item === undefined || block === undefined)
      return decodedFault('manifestBlock', `block ${blocks.length} is not decodable`)
    if (block.type === 'fault') return block
    blocks.push(block.value)
    at = item.end
  }
  return { type: 'ok', value: blocks }
}

const u64 = uint(64)
const address = fixedBytes(20)

/** [timestamp, coinbase, anchorBlockNumber, gasLimit, transactions]; undefined if it is not of this form. */
function readBlock(bytes: Uint8Array, block: RlpSpan, index: number): Decoded<ManifestBlock> | undefined {
  const fields = readFields(bytes, block)
  const [timestamp, coinbase, anchorBlockNumber, gasLimit, list] = fields
  if (fields.length !== 5 || !timestamp || !coinbase || !anchorBlockNumber || !gasLimit || !list)
    return undefined
  if (!u64(bytes, timestamp) || !address(bytes, coinbase)) return undefined
  if (!u64(bytes, anchorBlockNumber) || !u64(bytes, gasLimit) || !list.isList) return undefined
  const transactions = readTransactions(bytes, list)
  if (typeof transactions === 'number')
    return decodedFault(
      'manifestTransaction',
      `transaction ${transactions} of block ${index} is not decodable`,
    )
  return {
    type: 'ok',
    value: {
      timestamp: readUint(bytes, timestamp),
      coinbase: bytesToHex(bytes.subarray(coinbase.start, coinbase.end)),
      anchorBlockNumber: readUint(bytes, anchorBlockNumber),
      gasLimit: readUint(bytes, gasLimit),
      transactions,
    },
  }
}

const BLOCK_FIELDS = 5

/** The items of a block, or fewer or more than a block has if it is none. */
function readFields(bytes: Uint8Array, block: RlpSpan): readonly RlpSpan[] {
  const fields: RlpSpan[] = []
  if (!block.isList) return fields
  for (let at = block.start; at < block.end && fields.length <= BLOCK_FIELDS; ) {
    const item = readRlpItem(bytes, at, block.end)
    if (item === undefined) return []
    fields.push(item)
    at = item.end
  }
  return fields
}
