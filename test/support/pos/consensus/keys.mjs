/** The interop validators' keys (their secrets are public knowledge): validator `i` has the key made from the number `i`. */
import { SecretKey } from '@chainsafe/blst'
import { interopSecretKeys } from '@lodestar/state-transition'
import { toHex } from './hex.mjs'

/** Order of the BLS12-381 groups. */
const CURVE_ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n

export function createKeys(count) {
  const secretKeys = interopSecretKeys(count)
  const scalars = secretKeys.map((key) => BigInt(toHex(key.toBytes())))
  return {
    publicKeys: secretKeys.map((key) => key.toPublicKey().toBytes()),
    sign: (index, root) => secretKeys[index].sign(root).toBytes(),
    /**
     * The aggregate of one signature by each of `indices` (repeated ones count as often) over the same root.
     * One signature by the sum of the keys is that aggregate.
     */
    signTogether(indices, root) {
      let sum = 0n
      for (const index of indices) sum += scalars[index]
      const bytes = Buffer.from((sum % CURVE_ORDER).toString(16).padStart(64, '0'), 'hex')
      return SecretKey.fromBytes(bytes).sign(root).toBytes()
    },
  }
}
