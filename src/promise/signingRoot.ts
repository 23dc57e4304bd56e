/**
 * What a proposer signs: Commit-Boost's signing root of a message root, hash_tree_roots of SSZ made by hand. ECDSA and BLS sign it
 * without a prefix. The Solidity twin is contracts/src/l1/registry/SigningRoots.sol.
 */
import { createHash } from 'node:crypto'
import { encodeAbiParameters } from 'viem'
import { concatBytes, toWord } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'

/** For whom signatures are: a chain, and a registry on it. */
export type SigningDomain = {
  readonly l1ChainId: bigint
  /** Commit-Boost's domain of this L1. */
  readonly domain: Hash
  /** Of the registry, `signingIdOf`. */
  readonly signingId: Hash
}

/** DOMAIN_COMMIT_BOOST: the first four bytes of every domain. */
const DOMAIN_TYPE = hexToBytes('0x6d6d6f43')

/** Message types of the registry's `signing-domain` ABI; 0 is reserved. */
export const MESSAGE_TYPES = { registration: 1n, delegation: 2n, commitment: 3n, constraints: 4n } as const

/** Commit-Boost's domain: its type and 28 bytes of the fork data root, without genesis validators. */
export function signingDomainOf(genesisForkVersion: Hex): Hash {
  const version = hexToBytes(genesisForkVersion)
  if (version.length !== 4) throw new RangeError(`a fork version has 4 bytes, not ${version.length}`)
  const forkData = hashPair(padRight(version), new Uint8Array(32))
  return bytesToHex(concatBytes(DOMAIN_TYPE, forkData.subarray(0, 28)))
}

/** What every signature made for a registry carries. Commit-Boost's domain names the chain's kind, this the contract. */
export function signingIdOf(l1ChainId: bigint, registry: Address): Hash {
  const data = encodeAbiParameters(
    [{ type: 'string' }, { type: 'uint256' }, { type: 'address' }],
    ['Plumbline ProposerRegistry', l1ChainId, registry],
  )
  return keccak256Hex(hexToBytes(data))
}

/**
 * @param root Of the message.
 * @param nonce The signer's free choice below 2^64; 0 if unused.
 */
export function signingRoot(
  root: Hash,
  nonce: bigint,
  { l1ChainId, domain, signingId }: SigningDomain,
): Hash {
  const signed = hashPair(hexToBytes(root), hexToBytes(signingId))
  const object = hashPair(signed, hashPair(littleEndian(nonce), littleEndian(l1ChainId)))
  return bytesToHex(hashPair(object, hexToBytes(domain)))
}

/** By this a validator key agrees to be the operator of `owner`, and of nobody else. */
export function registrationRoot(owner: Address): Hash {
  const data = encodeAbiParameters(
    [{ type: 'uint256' }, { type: 'address' }],
    [MESSAGE_TYPES.registration, owner],
  )
  return keccak256Hex(hexToBytes(data))
}

function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(left).update(right).digest()
}

function padRight(bytes: Uint8Array): Uint8Array {
  const word = new Uint8Array(32)
  word.set(bytes)
  return word
}

/** hash_tree_root of an unsigned integer. */
function littleEndian(value: bigint): Uint8Array {
  return toWord(value).reverse()
}
