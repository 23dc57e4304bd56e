/** The c-kzg-4844 vectors, for what this node uses of KZG: commitments, and batches of blobs with their commitments. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createBatchVerifier } from '../../src/l1/batchVerify.ts'
import { identifyBlobs } from '../../src/l1/identify.ts'
import { BYTES_PER_BLOB, BYTES_PER_COMMITMENT, loadNativeKzg, loadWasmKzg } from '../../src/l1/kzg.ts'
import { versionedHashOf } from '../../src/l1/versionedHash.ts'
import { bytesToHex, hexToBytes } from '../../src/primitives/hex.ts'

const SUITES = join(import.meta.dirname, '../../../shared/fixtures/suites/c-kzg-4844')
const missing = !existsSync(SUITES)
/** `../shared/fixtures` is not everywhere; the reason stands in the name, so that a skip says why. */
const reason = missing ? ' (skipped: ../shared/fixtures/suites/c-kzg-4844 is absent)' : ''

type Case<I, O> = { readonly name: string; readonly input: I; readonly output: O | null }

/** Hex of more than 400 characters is kept once, under its digest. */
const long: Readonly<Record<string, string>> = missing
  ? {}
  : JSON.parse(gunzipSync(readFileSync(join(SUITES, 'long.json.gz'))).toString())
function resolve(text: string): string {
  if (!text.startsWith('@')) return text
  const hex = long[text.slice(1)] ?? long[text]!
  expect(createHash('sha256').update(hex).digest('hex').slice(0, 16)).toBe(text.slice(1))
  return hex
}
const load = <I, O>(name: string): readonly Case<I, O>[] =>
  missing ? [] : JSON.parse(readFileSync(join(SUITES, `${name}.json`), 'utf8'))

const kzg = loadNativeKzg()!
const deps = { kzg, verifyBatch: createBatchVerifier(kzg) }

describe.skipIf(missing)(`c-kzg-4844${reason}`, () => {
  for (const { name, input, output } of load<{ blob: string }, string>('blob_to_kzg_commitment')) {
    test(name, () => {
      const blob = hexToBytes(resolve(input.blob))
      const [hash] = identifyBlobs(deps, [{ blob }])
      if (output === null) {
        expect(() => kzg.blobToCommitment(blob)).toThrow()
        expect(hash).toBeNull()
      } else {
        expect(bytesToHex(kzg.blobToCommitment(blob))).toBe(output)
        expect(hash).toBe(versionedHashOf(hexToBytes(output)))
      }
    })
  }

  type One = { blob: string; commitment: string; proof: string }
  type Many = { blobs: string[]; commitments: string[]; proofs: string[] }
  const batches: readonly Case<Many, boolean>[] = [
    ...load<One, boolean>('verify_blob_kzg_proof').map(({ name, input, output }) => ({
      name,
      output,
      input: { blobs: [input.blob], commitments: [input.commitment], proofs: [input.proof] },
    })),
    ...load<Many, boolean>('verify_blob_kzg_proof_batch'),
  ]
  for (const { name, input, output } of batches) {
    test(`${name}: blobs and commitments belong together, or do not`, () => {
      const blobs = input.blobs.map((blob) => hexToBytes(resolve(blob)))
      const commitments = input.commitments.map((commitment) => hexToBytes(resolve(commitment)))
      // A true proof binds each blob to its commitment; a false one says nothing about them, so they are computed.
      const belong =
        blobs.length === commitments.length &&
        commitments.every(({ length }) => length === BYTES_PER_COMMITMENT) &&
        blobs.every(
          (blob, i) => blob.length === BYTES_PER_BLOB && commitmentOf(blob) === bytesToHex(commitments[i]!),
        )
      if (output === true) expect(belong).toBe(true)
      if (blobs.length !== commitments.length)
        expect(() => deps.verifyBatch(blobs, commitments)).toThrow(RangeError)
      else if (blobs.every(({ length }) => length === BYTES_PER_BLOB))
        expect(deps.verifyBatch(blobs, commitments)).toBe(belong)
      else
        expect(
          identifyBlobs(
            deps,
            blobs.map((blob) => ({ blob })),
          ),
        ).toContain(null)
    })
  }
})

// Its setup alone takes a quarter of a minute to load, which is why it is only the fallback.
test('the WebAssembly build commits as the native one does', { timeout: 240_000 }, async () => {
  const wasm = await loadWasmKzg()
  const blob = Uint8Array.from({ length: BYTES_PER_BLOB }, (_, i) => (i % 32 === 0 ? 0 : (i * 7919) >> 5))
  expect(wasm.blobToCommitment(blob)).toEqual(kzg.blobToCommitment(blob))
  expect(() => wasm.blobToCommitment(blob.slice(1))).toThrow(RangeError)
  expect(() => wasm.blobToCommitment(blob.slice().fill(0xff, 0, 32))).toThrow()
})

function commitmentOf(blob: Uint8Array): string | null {
  try {
    return bytesToHex(kzg.blobToCommitment(blob))
  } catch {
    return null
  }
}
