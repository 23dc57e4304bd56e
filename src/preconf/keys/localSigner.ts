/** A key in this process. */
import { committerOf, signHash } from '../../promise/signature.ts'
import type { GuardSigner } from '../guard/guard.ts'

export function createLocalSigner(privateKey: Uint8Array): GuardSigner {
  return { address: committerOf(privateKey), sign: async (hash) => signHash(hash, privateKey) }
}
