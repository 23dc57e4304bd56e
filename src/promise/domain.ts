/**
 * The one hash of a promise: what its committer signs, what the next promise links to, and what is slashed for. It is the signing root
 * of a registry commitment that answers no request, with nonce 0; Commit-Boost's signer gives the same for the object root.
 * The Solidity twin is contracts/src/l1/preconf/Promises.sol.
 */
import { type Address, type Hash, type Hex, ZERO_HASH } from '../primitives/hex.ts'
import { commitmentRoot } from './commitment.ts'
import { type SigningDomain, signingRoot } from './signingRoot.ts'

/** Whom a promise is made to, and on which L1. */
export type PromiseDomain = SigningDomain & { readonly slasher: Address }

/** Of every promise; a signer does not keep track of nonces. */
export const PROMISE_NONCE = 0n

/** What a Commit-Boost signer is asked to sign. */
export function promiseObjectRoot(commitmentType: bigint, payload: Hex, slasher: Address): Hash {
  return commitmentRoot({ commitmentType, payload, requestHash: ZERO_HASH, slasher })
}

export function promiseHash(commitmentType: bigint, payload: Hex, domain: PromiseDomain): Hash {
  return signingRoot(promiseObjectRoot(commitmentType, payload, domain.slasher), PROMISE_NONCE, domain)
}
