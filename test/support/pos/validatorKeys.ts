/**
 * The interop validators' keys: the secret of validator `i` is the SHA-256 of `i` as 32 little-endian bytes, read little-endian,
 * modulo the group order. https://github.com/ethereum/eth2.0-pm/tree/master/interop/mocked_start
 */
import { createHash } from 'node:crypto'
import { SecretKey } from '@chainsafe/blst'
import { bytesToHex, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'

export type ValidatorKey = {
  /** 32 bytes, big-endian. */
  readonly secretKey: Uint8Array
  /** Compressed, 48 bytes. */
  readonly publicKey: Hex
}

const CURVE_ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n

export function validatorKey(index: number): ValidatorKey {
  const number = Buffer.alloc(32)
  number.writeUInt32LE(index)
  const digest = createHash('sha256').update(number).digest().reverse()
  const scalar = BigInt(`0x${digest.toString('hex')}`) % CURVE_ORDER
  const secretKey = hexToBytes(`0x${scalar.toString(16).padStart(64, '0')}`)
  return { secretKey, publicKey: bytesToHex(SecretKey.fromBytes(secretKey).toPublicKey().toBytes()) }
}
