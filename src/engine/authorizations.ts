/** Delegations of accounts to code, before a type 4 transaction runs. EIP-7702. */
import { Account, Address as EvmAddress } from '@ethereumjs/util'
import { bigintToBytes, concatBytes, EMPTY_BYTES } from '../primitives/bytes.ts'
import { bytesToHex } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import { addressOfPublicKey, recoverPublicKey, SIGNATURE_S_MAX } from './crypto.ts'
import type { RunContext } from './evm.ts'
import { AUTHORIZATION_GAS } from './rules/intrinsicGas.ts'
import type { Authorization } from './transaction.ts'

/** PER_AUTH_BASE_COST. */
const AUTHORIZATION_BASE_GAS = 12_500n
const SIGNING_MAGIC = 0x05
const DELEGATION_PREFIX = Uint8Array.of(0xef, 0x01, 0x00)
const DELEGATION_BYTES = DELEGATION_PREFIX.length + 20
const UINT64_MAX = 2n ** 64n - 1n

export function isDelegation(code: Uint8Array): boolean {
  return code.length === DELEGATION_BYTES && DELEGATION_PREFIX.every((byte, i) => code[i] === byte)
}

/** Null for code that is no delegation. */
export function delegatedTo(code: Uint8Array): Uint8Array | null {
  return isDelegation(code) ? code.subarray(DELEGATION_PREFIX.length) : null
}

/** Applies the valid ones in order and skips the others; answers the gas to refund for accounts that existed. */
export async function applyAuthorizations(
  context: RunContext,
  authorizations: readonly Authorization[],
): Promise<bigint> {
  let refund = 0n
  for (const authorization of authorizations) {
    const { chainId, nonce, address } = authorization
    if ((chainId !== 0n && chainId !== context.chainId) || nonce === UINT64_MAX) continue
    const signer = recoverAuthority(authorization)
    if (signer === null) continue
    const { evm, state } = context
    const authority = new EvmAddress(signer)
    evm.journal.addAlwaysWarmAddress(bytesToHex(signer))
    const account = await state.getAccount(authority)
    const code = await state.getCode(authority)
    if (code.length > 0 && !isDelegation(code)) continue
    if ((account?.nonce ?? 0n) !== nonce) continue
    if (account !== undefined) refund += AUTHORIZATION_GAS - AUTHORIZATION_BASE_GAS
    const delegated = account ?? new Account()
    delegated.nonce += 1n
    await evm.journal.putAccount(authority, delegated)
    const isCleared = address.every((byte) => byte === 0)
    await state.putCode(authority, isCleared ? EMPTY_BYTES : concatBytes(DELEGATION_PREFIX, address))
  }
  return refund
}

/** The account that signed; null where nobody can have. */
export function recoverAuthority(authorization: Authorization): Uint8Array | null {
  const { chainId, address, nonce, yParity, r, s } = authorization
  if (yParity > 1n || s > SIGNATURE_S_MAX) return null
  const signed = encodeRlp([bigintToBytes(chainId), address, bigintToBytes(nonce)])
  const hash = keccak256(concatBytes(Uint8Array.of(SIGNING_MAGIC), signed))
  const publicKey = recoverPublicKey(hash, { r, s, yParity: Number(yParity) })
  return publicKey === null ? null : addressOfPublicKey(publicKey)
}
