/** The two test vectors of EIP-2335, keystores of our own, and what is refused with which sentence. */
import { validateKeystore } from '@chainsafe/bls-keystore'
import secp256k1 from 'secp256k1'
import { describe, expect, test } from 'vitest'
import { createKeystore, readKeystore } from '../../../../src/preconf/keys/keystore.ts'
import { createLocalSigner } from '../../../../src/preconf/keys/localSigner.ts'
import { CriticalError } from '../../../../src/primitives/errors.ts'
import { bytesToHex, hexToBytes } from '../../../../src/primitives/hex.ts'
import { committerOf, recoverCommitter } from '../../../../src/promise/signature.ts'
import { EIP_2335_PASSWORD, EIP_2335_SECRET, EIP_2335_VECTORS } from './eip2335.ts'

const secret = hexToBytes(EIP_2335_SECRET)
const pubkey = Buffer.from(secp256k1.publicKeyCreate(secret, true)).toString('hex')
/** The vectors hold validator keys; with the name of the secp256k1 key of the same secret they are ours. */
const asOurs = <T extends object>(vector: T) => ({ ...vector, pubkey, path: '' })

const PRIVATE_KEY = new Uint8Array(32).fill(7)
const ADDRESS = committerOf(PRIVATE_KEY)

describe.each(Object.entries(EIP_2335_VECTORS))('the vector of EIP-2335 for %s', (_name, vector) => {
  test('opens to its secret, with its password in mathematical letters', async () => {
    const key = readKeystore(asOurs(vector), 'the file')
    expect(key.address).toBe(committerOf(secret))
    expect(bytesToHex(await key.unlock(EIP_2335_PASSWORD))).toBe(EIP_2335_SECRET)
    expect(bytesToHex(await key.unlock('testpassword🔑\u0007\n'))).toBe(EIP_2335_SECRET)
  })

  test('does not open with another password', async () => {
    const key = readKeystore(asOurs(vector), 'the file')
    await expect(key.unlock('testpassword')).rejects.toThrow(
      new CriticalError('the file does not open with this password'),
    )
  })

  test("as it stands is a validator's, which never comes in", () => {
    expect(() => readKeystore(vector, 'the file')).toThrow(/^the file holds a validator's key \(BLS\)/)
    const { pubkey: _, ...unnamed } = vector
    expect(() => readKeystore(unnamed, 'the file')).toThrow(/validator's key/)
  })
})

describe('a keystore of our own', () => {
  test.each(['scrypt', 'pbkdf2'] as const)(
    'by %s is one by the EIP, says whose it is, and signs',
    async (kdf) => {
      const made = await createKeystore({ privateKey: PRIVATE_KEY, password: 'p', kdf, description: 'a key' })
      const json = JSON.parse(JSON.stringify(made))
      const { pubkey: _, ...rest } = json
      expect(() => validateKeystore(rest)).not.toThrow()
      expect(JSON.stringify(json)).not.toContain('07070707')
      const key = readKeystore(json, 'the file')
      expect(key).toMatchObject({ address: ADDRESS, description: 'a key' })
      const signer = createLocalSigner(await key.unlock('p\n'))
      expect(signer.address).toBe(ADDRESS)
      const hash = bytesToHex(new Uint8Array(32).fill(3))
      expect(recoverCommitter(hash, await signer.sign(hash, hash))).toBe(ADDRESS)
    },
  )

  test('that says another key is in it does not open', async () => {
    const json = asOurs(EIP_2335_VECTORS.pbkdf2)
    const other = Buffer.from(secp256k1.publicKeyCreate(PRIVATE_KEY, true)).toString('hex')
    await expect(
      readKeystore({ ...json, pubkey: other }, 'the file').unlock(EIP_2335_PASSWORD),
    ).rejects.toThrow(`the file says it is the key of ${ADDRESS}, and holds another one`)
  })
})

describe('what is no keystore of a committer is refused with a sentence', () => {
  const good = asOurs(EIP_2335_VECTORS.scrypt)
  const withParams = (change: object) => {
    const { kdf } = good.crypto
    return { ...good, crypto: { ...good.crypto, kdf: { ...kdf, params: { ...kdf.params, ...change } } } }
  }
  test.each([
    ['nothing', null, /is no EIP-2335 keystore/],
    ['a web3 secret storage of version 3', { ...good, version: 3 }, /is no EIP-2335 keystore: version/],
    ['a keystore without the name of its key', { ...good, pubkey: undefined }, /names no committer/],
    ['a public key that is no point', { ...good, pubkey: `05${'11'.repeat(32)}` }, /names no committer/],
    [
      'scrypt that takes all memory',
      withParams({ n: 2 ** 30 }),
      /is no EIP-2335 keystore: crypto.kdf.params.n/,
    ],
    ['another key length', withParams({ dklen: 16 }), /is no EIP-2335 keystore: crypto.kdf.params.dklen/],
  ])('%s', (_what, json, sentence) => {
    expect(() => readKeystore(json, 'the file')).toThrow(sentence)
  })
})
