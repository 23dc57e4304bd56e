/** Payloads into blobs and out of them, on one full blob: megabytes of blob a second. */
import { BYTES_PER_BLOB, decodeBlob, encodeBlob, PAYLOAD_BYTES_PER_BLOB } from '../src/protocol/blobCodec.ts'
import type { BenchRow } from './row.ts'

const ROUNDS = 1000

export function benchDecode(): BenchRow[] {
  // Any bytes that are not all alike.
  const payload = Uint8Array.from({ length: PAYLOAD_BYTES_PER_BLOB }, (_, i) => (i * 7919) >> 3)
  const blob = encodeBlob(payload)
  return [
    { name: 'blob decode', value: megabytesPerSecond(() => decodeBlob(blob)), unit: 'MB/s' },
    { name: 'blob encode', value: megabytesPerSecond(() => encodeBlob(payload)), unit: 'MB/s' },
  ]
}

function megabytesPerSecond(work: () => unknown): number {
  for (let i = 0; i < ROUNDS / 4; i++) work()
  const start = performance.now()
  for (let i = 0; i < ROUNDS; i++) work()
  const seconds = (performance.now() - start) / 1000
  return (ROUNDS * BYTES_PER_BLOB) / 1e6 / seconds
}
