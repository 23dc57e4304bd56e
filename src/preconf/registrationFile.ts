/**
 * The file in which registrations come from wherever validator keys are kept: `plumbline preconf request` says what is to be signed,
 * a signer signs, and nothing secret enters this process.
 */
import { z } from 'zod'
import type { Address, Hash, Hex } from '../primitives/hex.ts'
import { decodePublicKey, decodeSignature, type G1Point, type G2Point } from '../promise/blsPoints.ts'
import { registrationRoot, signingRoot } from '../promise/signingRoot.ts'
import type { L1Client, OperatorContracts } from './operator.ts'
import { REGISTRY_ABI } from './registryAbi.ts'

/** What a validator's signer is asked for: the body of Commit-Boost's `request_signature/bls`, and the signing id beside it. */
export type RegistrationRequest = {
  readonly pubkey: Hex
  readonly object_root: Hash
  readonly nonce: number
  readonly signing_id: Hash
  /** What the signature is over in the end, for signers that take it as it is. */
  readonly signing_root: Hash
}

export type SignedRegistration = {
  readonly pubkey: G1Point
  readonly signature: G2Point
  readonly nonce: bigint
}

export type Registrations = {
  readonly owner: Address
  readonly signed: readonly SignedRegistration[]
  /** Compressed, in the order of `signed`. */
  readonly pubkeys: readonly Hex[]
}

/** Most validators of one registration: what a transaction's gas allows (EIP-7825), well rounded down. */
export const REGISTRATIONS_MAX = 100

const hexOf = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`), `${bytes} bytes in hex wanted`)
    .transform((text) => text.toLowerCase() as Hex)

const fileSchema = z.object({
  owner: hexOf(20),
  registrations: z
    .array(
      z.object({
        pubkey: hexOf(48),
        signature: hexOf(96),
        nonce: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER).default(0),
      }),
    )
    .min(1)
    .max(REGISTRATIONS_MAX),
})

/** RangeError for what is no such file, or holds a key or signature that is no point of its group. */
export function parseRegistrations(json: unknown): Registrations {
  const parsed = fileSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new RangeError(`the registrations are malformed: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  const { owner, registrations } = parsed.data
  const pubkeys = registrations.map(({ pubkey }) => pubkey)
  if (new Set(pubkeys).size < pubkeys.length) throw new RangeError('a validator is registered twice')
  return {
    owner,
    pubkeys,
    signed: registrations.map(({ pubkey, signature, nonce }) => ({
      pubkey: decodePublicKey(pubkey),
      signature: decodeSignature(signature),
      nonce: BigInt(nonce),
    })),
  }
}

/** Asks the registry for its domain, so that what is signed is good for this registry and no other. */
export async function requestRegistrations(
  l1: L1Client,
  contracts: OperatorContracts,
  input: { readonly owner: Address; readonly pubkeys: readonly Hex[]; readonly nonce?: number },
): Promise<{ readonly owner: Address; readonly requests: readonly RegistrationRequest[] }> {
  const registry = { address: contracts.registry, abi: REGISTRY_ABI } as const
  const [l1ChainId, config, signingId] = await Promise.all([
    l1.getChainId(),
    l1.readContract({ ...registry, functionName: 'getConfig' }),
    l1.readContract({ ...registry, functionName: 'requiredSigningId' }),
  ])
  const { owner, pubkeys, nonce = 0 } = input
  const root = registrationRoot(owner)
  const domain = { l1ChainId: BigInt(l1ChainId), domain: config.signingDomain, signingId }
  return {
    owner,
    requests: pubkeys.map((pubkey) => ({
      pubkey,
      object_root: root,
      nonce,
      signing_id: signingId,
      signing_root: signingRoot(root, BigInt(nonce), domain),
    })),
  }
}
