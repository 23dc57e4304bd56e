/** Payloads into blobs and out of them, on one full blob: megabytes of blob a second. And a whole source of a proposal to its blocks. */
import {
  BYTES_PER_BLOB,
  decodeBlob,
  decodeBlobs,
  encodeBlob,
  encodeBlobs,
  PAYLOAD_BYTES_PER_BLOB,
} from '../src/protocol/blobCodec.ts'
import { encodeManifest } from '../src/protocol/shasta/encodeManifest.ts'
import { decodeManifest } from '../src/protocol/shasta/manifest.ts'
import type { BenchRow } from './row.ts'
import { buildBlocks, WORKLOADS } from './workloads.ts'

const ROUNDS = 1000
/** Of 500 transfers each: nearly six blobs. */
const SOURCE_BLOCKS = 12
const SOURCE_ROUNDS = 40

export function benchDecode(): BenchRow[] {
  // Any bytes that are not all alike.
  const payload = Uint8Array.from({ length: PAYLOAD_BYTES_PER_BLOB }, (_, i) => (i * 7919) >> 3)
  const blob = encodeBlob(payload)
  return [
    { name: 'blob decode', value: megabytesPerSecond(() => decodeBlob(blob)), unit: 'MB/s' },
    { name: 'blob encode', value: megabytesPerSecond(() => encodeBlob(payload)), unit: 'MB/s' },
    sourceRow(),
  ]
}

/** On the main thread: what it costs is to be little beside executing what it holds. */
function sourceRow(): BenchRow {
  const workload = WORKLOADS.find(({ name }) => name === 'transfers')
  if (workload === undefined) throw new Error('no workload of transfers')
  const blocks = buildBlocks(workload, SOURCE_BLOCKS)
  const payload = encodeManifest(
    blocks.map(({ number, transactions }) => ({
      timestamp: number,
      coinbase: `0x${'c0'.repeat(20)}`,
      anchorBlockNumber: 1n,
      gasLimit: 45_000_000n,
      transactions,
    })),
  )
  const blobs = encodeBlobs(payload)
  const decode = () => {
    const decoded = decodeBlobs(blobs)
    if (decoded.type === 'fault') throw new Error(decoded.fault.detail)
    const manifest = decodeManifest(decoded.value, 0, { blocksMax: SOURCE_BLOCKS, isForcedInclusion: false })
    if (manifest.type === 'fault') throw new Error(manifest.fault.detail)
    return manifest.value
  }
  for (let i = 0; i < SOURCE_ROUNDS / 4; i++) decode()
  const start = performance.now()
  for (let i = 0; i < SOURCE_ROUNDS; i++) decode()
  const ms = (performance.now() - start) / SOURCE_ROUNDS
  const transactions = SOURCE_BLOCKS * workload.transactionsPerBlock
  return {
    name: `a source of ${blobs.length} blobs to its blocks`,
    value: ms,
    unit: 'ms',
    note: `${transactions} transactions, ${((1000 * ms) / transactions).toFixed(2)} µs each`,
  }
}

function megabytesPerSecond(work: () => unknown): number {
  for (let i = 0; i < ROUNDS / 4; i++) work()
  const start = performance.now()
  for (let i = 0; i < ROUNDS; i++) work()
  const seconds = (performance.now() - start) / 1000
  return (ROUNDS * BYTES_PER_BLOB) / 1e6 / seconds
}
