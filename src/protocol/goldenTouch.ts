/**
 * The golden touch account: everybody knows its key, and its signatures are made with a fixed nonce k, so that every node
 * makes the same bytes of an anchor transaction. D-68; taiko.md §2.7.
 */
import { bytesToBigint } from '../primitives/bytes.ts'
import type { Address } from '../primitives/hex.ts'

export const GOLDEN_TOUCH_ADDRESS: Address = '0x0000777735367b36bc9b61c50022d9d0700db4ec'
/** Public by design (taiko-mono, LibAnchorSigner of its genesis protocol): it protects nothing, consensus treats the account specially. */
const PRIVATE_KEY = 0x92954368afd3caa1f3ce3ead0069c1af414054aefe1ef9aeacc1bf426222ce38n

/** Order of the secp256k1 group. */
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** For k = 1 and k = 2: the x coordinate of k·G, whether its y is odd, and 1/k mod N. */
const NONCES = [
  { r: 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n, isOdd: false, inverse: 1n },
  {
    r: 0xc6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5n,
    isOdd: false,
    inverse: (N + 1n) / 2n,
  },
] as const

export type RecoverableSignature = { readonly r: bigint; readonly s: bigint; readonly yParity: 0 | 1 }

/** ECDSA with k = 1, or k = 2 where that gives s = 0; s is the lower of the two possible. `hash` is 32 bytes. */
export function signGoldenTouch(hash: Uint8Array): RecoverableSignature {
  const [one, two] = NONCES
  return signWith(hash, one) ?? signWith(hash, two) ?? neverZeroTwice()
}

/** Whether it is the signature above. Nobody else can have made that, so nothing has to be recovered. */
export function isOfGoldenTouch(hash: Uint8Array, signature: RecoverableSignature): boolean {
  const { r, s, yParity } = signature
  if (r !== NONCES[0].r) return false
  const own = signGoldenTouch(hash)
  return s === own.s && yParity === own.yParity
}

/** With k = 2, which real hashes never need; exported for the published vectors. */
export function signGoldenTouchWithSecondNonce(hash: Uint8Array): RecoverableSignature | undefined {
  return signWith(hash, NONCES[1])
}

function signWith(hash: Uint8Array, nonce: (typeof NONCES)[number]): RecoverableSignature | undefined {
  const s = ((bytesToBigint(hash) + nonce.r * PRIVATE_KEY) * nonce.inverse) % N
  if (s === 0n) return undefined
  const isHigh = s > N / 2n
  return { r: nonce.r, s: isHigh ? N - s : s, yParity: isHigh !== nonce.isOdd ? 1 : 0 }
}

/** s = 0 for both would need z ≡ −r₁·d and z ≡ −r₂·d, yet r₁ ≠ r₂. */
function neverZeroTwice(): never {
  throw new RangeError('no hash has s = 0 for both nonces')
}
