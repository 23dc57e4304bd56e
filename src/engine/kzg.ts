/**
 * KZG for the point-evaluation precompile (EIP-4844): native c-kzg, or WebAssembly where the native one cannot load.
 * The trusted setup takes seconds to load, and no rollup fork before Osaka needs it, so it is loaded at the first call.
 */
import { createRequire } from 'node:module'
import type { KZG } from '@ethereumjs/util'
import { defined } from '../primitives/assert.ts'
import { hexToBytes } from '../primitives/hex.ts'

type PointVerifier = (commitment: string, z: string, y: string, proof: string) => boolean

let verifier: PointVerifier | undefined
let loadLater: typeof loadNative | undefined

/** With the setup, so that no block waits for it. */
export async function loadKzg(): Promise<void> {
  verifier ??= loadNative() ?? (await loadWasm())
}

/** As `loadKzg` for who may never meet a point: the setup, two seconds of work, is loaded with the first one. */
export async function prepareKzg(): Promise<void> {
  if (isKzgLoaded()) return
  if (canLoadNative()) loadLater = loadNative
  else await loadKzg()
}

function canLoadNative(): boolean {
  try {
    createRequire(import.meta.url)('c-kzg')
    return true
  } catch {
    return false
  }
}

/** Loads c-kzg; undefined where its binary cannot run. `precompute` 0: the precompile verifies single points only. */
export function loadNative(): PointVerifier | undefined {
  const require = createRequire(import.meta.url)
  try {
    const native: typeof import('c-kzg') = require('c-kzg')
    try {
      native.loadTrustedSetup(0)
    } catch (error) {
      // Another room of this process was here before.
      if (!String(error).includes('already loaded')) throw error
    }
    return (commitment, z, y, proof) =>
      native.verifyKzgProof(hexToBytes(commitment), hexToBytes(z), hexToBytes(y), hexToBytes(proof))
  } catch {
    return undefined
  }
}

export async function loadWasm(): Promise<PointVerifier> {
  const { loadKZG } = await import('kzg-wasm')
  const wasm = await loadKZG()
  return (commitment, z, y, proof) => wasm.verifyKZGProof(commitment, z, y, proof)
}

/** The precompile itself would turn its absence into a failed call. */
function isKzgLoaded(): boolean {
  return verifier !== undefined || loadLater !== undefined
}

/** What EthereumJS asks of a KZG library inside the EVM; everything about blobs happens in the l1 room. */
export const lazyKzg = {
  verifyProof(commitment: string, z: string, y: string, proof: string): boolean {
    verifier ??= loadLater?.()
    const verify = defined(verifier, 'the KZG library')
    try {
      return verify(commitment, z, y, proof)
    } catch {
      // Points off the curve or field elements out of range: an invalid proof, not a failure of ours.
      return false
    }
  },
} as unknown as KZG
