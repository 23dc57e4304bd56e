/** KZG commitments and proofs by native c-kzg. The WebAssembly build would take seven times as long for each of 128 cells. */
import { createRequire } from 'node:module'
import { CriticalError } from '../primitives/errors.ts'
import type { Sidecar, SidecarVersion } from './blobTransaction.ts'

type NativeKzg = Pick<
  typeof import('c-kzg'),
  'blobToKzgCommitment' | 'computeBlobKzgProof' | 'computeCellsAndKzgProofs'
>

let loaded: NativeKzg | undefined

/** Throws a CriticalError where c-kzg cannot load. */
export function proveBlobs(blobs: readonly Uint8Array[], version: SidecarVersion): Sidecar {
  loaded ??= loadNative()
  const kzg = loaded
  const commitments = blobs.map((blob) => new Uint8Array(kzg.blobToKzgCommitment(blob)))
  const proofs = blobs.flatMap((blob, i) =>
    version === 0
      ? [kzg.computeBlobKzgProof(blob, commitments[i] as Uint8Array)]
      : kzg.computeCellsAndKzgProofs(blob)[1],
  )
  // Copies: the library hands out slices of a shared pool.
  return { version, blobs, commitments, proofs: proofs.map((proof) => new Uint8Array(proof)) }
}

function loadNative(): NativeKzg {
  try {
    const native: typeof import('c-kzg') = createRequire(import.meta.url)('c-kzg')
    try {
      native.loadTrustedSetup(0)
    } catch (error) {
      // Another room of this process was here before.
      if (!String(error).includes('already loaded')) throw error
    }
    return native
  } catch (cause) {
    throw new CriticalError(
      'proposing needs the native module c-kzg, which does not load here; install a C++ compiler and run npm rebuild c-kzg',
      { cause },
    )
  }
}
