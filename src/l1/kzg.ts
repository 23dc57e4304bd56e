/** KZG commitments behind one face: native c-kzg, or its WebAssembly build where the native one cannot load. */
import { createRequire } from 'node:module'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'

export const FIELD_ELEMENTS_PER_BLOB = 4096
export const BYTES_PER_FIELD_ELEMENT = 32
export const BYTES_PER_BLOB = FIELD_ELEMENTS_PER_BLOB * BYTES_PER_FIELD_ELEMENT
export const BYTES_PER_COMMITMENT = 48

export type Kzg = {
  readonly name: 'c-kzg' | 'kzg-wasm'
  /** 48 bytes. Throws if a field element is not canonical or the blob has another size than BYTES_PER_BLOB. */
  blobToCommitment(blob: Uint8Array): Uint8Array
}

let loading: Promise<Kzg> | undefined

/** The trusted setup takes a moment (WebAssembly: many seconds) to load; it is loaded once. */
export function loadKzg(): Promise<Kzg> {
  loading ??= Promise.resolve(loadNativeKzg() ?? loadWasmKzg())
  return loading
}

/** Undefined where the native library is not built for this machine. */
export function loadNativeKzg(): Kzg | undefined {
  const require = createRequire(import.meta.url)
  try {
    const native: typeof import('c-kzg') = require('c-kzg')
    try {
      // 0: no tables for cell proofs, which verification does not make.
      native.loadTrustedSetup(0)
    } catch (error) {
      // Another room of this process was here before.
      if (!String(error).includes('already loaded')) throw error
    }
    return {
      name: 'c-kzg',
      // A copy: the library hands out slices of a shared pool.
      blobToCommitment: (blob) => new Uint8Array(native.blobToKzgCommitment(blob)),
    }
  } catch {
    return undefined
  }
}

export async function loadWasmKzg(): Promise<Kzg> {
  const { loadKZG } = await import('kzg-wasm')
  const wasm = await loadKZG()
  return {
    name: 'kzg-wasm',
    blobToCommitment(blob) {
      if (blob.length !== BYTES_PER_BLOB) throw new RangeError('a blob has 131,072 bytes')
      return hexToBytes(wasm.blobToKzgCommitment(bytesToHex(blob)))
    },
  }
}
