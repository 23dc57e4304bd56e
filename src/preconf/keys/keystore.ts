/**
 * Committer keys in EIP-2335 keystores. The format holds any secret of 32 bytes; ours are secp256k1 keys, whose compressed public key
 * stands in `pubkey`, so that one can be told without its password. A validator's key (BLS) is refused: it never enters this process.
 */
import {
  create,
  decrypt,
  defaultPbkdfModule,
  defaultScryptModule,
  type IKeystore,
} from '@chainsafe/bls-keystore'
import secp256k1 from 'secp256k1'
import { z } from 'zod'
import { CriticalError } from '../../primitives/errors.ts'
import { type Address, bytesToHex, hexToBytes } from '../../primitives/hex.ts'
import { keccak256 } from '../../primitives/keccak.ts'
import { committerOf } from '../../promise/signature.ts'

/** Of a compressed public key, in hex digits: secp256k1's, and the BLS one of a validator. */
const PUBKEY_DIGITS = 66
const BLS_PUBKEY_DIGITS = 96
/** Purpose 12381 of EIP-2334: derived for BLS. */
const BLS_PATH = /^m\/12381\b/
/** 1 GiB with r = 8; the recommended n is 2^18. */
const SCRYPT_N_MAX = 2 ** 20
const SCRYPT_RP_MAX = 64
/** Forty times the recommended count. */
const PBKDF2_COUNT_MAX = 10_000_000

const hexText = z.string().regex(/^([0-9a-fA-F]{2})+$/)
const kdfSchema = z.discriminatedUnion('function', [
  z.object({
    function: z.literal('scrypt'),
    params: z.object({
      dklen: z.literal(32),
      n: z.number().int().min(2).max(SCRYPT_N_MAX),
      r: z.number().int().min(1).max(SCRYPT_RP_MAX),
      p: z.number().int().min(1).max(SCRYPT_RP_MAX),
      salt: hexText,
    }),
    message: z.literal(''),
  }),
  z.object({
    function: z.literal('pbkdf2'),
    params: z.object({
      dklen: z.literal(32),
      c: z.number().int().min(1).max(PBKDF2_COUNT_MAX),
      prf: z.literal('hmac-sha256'),
      salt: hexText,
    }),
    message: z.literal(''),
  }),
])
const schema = z.object({
  crypto: z.object({
    kdf: kdfSchema,
    checksum: z.object({ function: z.literal('sha256'), params: z.object({}), message: hexText.length(64) }),
    cipher: z.object({
      function: z.literal('aes-128-ctr'),
      params: z.object({ iv: hexText.length(32) }),
      message: hexText,
    }),
  }),
  description: z.string().optional(),
  pubkey: hexText.optional(),
  path: z.string(),
  uuid: z.string(),
  version: z.literal(4),
})

/** A keystore whose key is still locked. */
export type LockedKey = {
  readonly address: Address
  readonly description?: string
  /** CriticalError for a wrong password, and when the key is not that of the address. */
  unlock(password: string): Promise<Uint8Array>
}

export type KeyDerivation = 'scrypt' | 'pbkdf2'

/** @param password Written by people: EIP-2335 strips its control characters, the end of a line among them. */
export async function createKeystore(input: {
  readonly privateKey: Uint8Array
  readonly password: string
  readonly kdf: KeyDerivation
  readonly description: string
}): Promise<object> {
  const { privateKey, password, kdf, description } = input
  const pubkey = secp256k1.publicKeyCreate(privateKey, true)
  const derivation = kdf === 'scrypt' ? defaultScryptModule() : defaultPbkdfModule()
  return create(password, privateKey, pubkey, '', description, derivation)
}

/**
 * RangeError, with a sentence that names no secret, for what is no keystore of a committer.
 * @param name What to call it, a path.
 */
export function readKeystore(json: unknown, name: string): LockedKey {
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new RangeError(`${name} is no EIP-2335 keystore: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  const { pubkey, path, description } = parsed.data
  if (pubkey?.length === BLS_PUBKEY_DIGITS || BLS_PATH.test(path))
    throw new RangeError(
      `${name} holds a validator's key (BLS): such keys never come in here; make a committer's own with plumbline keys new`,
    )
  const address = pubkey?.length === PUBKEY_DIGITS ? addressOf(pubkey) : undefined
  if (address === undefined)
    throw new RangeError(`${name} names no committer: its pubkey is no compressed secp256k1 key`)
  return {
    address,
    ...(description !== undefined && { description }),
    unlock: async (password) => {
      const privateKey = await decryptSecret(parsed.data as IKeystore, password, name)
      if (privateKey.length !== 32 || !secp256k1.privateKeyVerify(privateKey))
        throw new CriticalError(`${name} holds no secp256k1 key`)
      if (committerOf(privateKey) !== address)
        throw new CriticalError(`${name} says it is the key of ${address}, and holds another one`)
      return privateKey
    },
  }
}

async function decryptSecret(keystore: IKeystore, password: string, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await decrypt(keystore, password))
  } catch (cause) {
    throw new CriticalError(`${name} does not open with this password`, { cause })
  }
}

function addressOf(pubkey: string): Address | undefined {
  try {
    const point = secp256k1.publicKeyConvert(hexToBytes(`0x${pubkey}`), false)
    return bytesToHex(keccak256(point.subarray(1)).subarray(12))
  } catch {
    return undefined
  }
}
