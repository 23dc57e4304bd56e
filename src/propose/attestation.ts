/**
 * What devnet attesters sign instead of a proof. TRUSTED: nothing is proven. Whoever holds a threshold of the keys decides what
 * L2 state L1 believes (contracts/src/l1/AttestationVerifier.sol).
 */
import { encodeAbiParameters, type LocalAccount, parseAbiParameters, stringToHex } from 'viem'
import { concatBytes } from '../primitives/bytes.ts'
import { type Address, type Hash, hexToBytes, ZERO_ADDRESS } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'

/** Taiko's public input of a proof without a signer: keccak256("VERIFY_PROOF" ‖ chain id ‖ verifier ‖ commitment ‖ 0). taiko.md §2.1. */
export function attestationDigest(input: {
  /** Of the L2. */
  readonly chainId: bigint
  readonly verifier: Address
  readonly commitmentHash: Hash
}): Hash {
  const encoded = encodeAbiParameters(parseAbiParameters('bytes32, uint256, address, bytes32, address'), [
    stringToHex('VERIFY_PROOF', { size: 32 }),
    input.chainId,
    input.verifier,
    input.commitmentHash,
    ZERO_ADDRESS,
  ])
  return keccak256Hex(hexToBytes(encoded))
}

/** TRUSTED. Exactly `threshold` signatures r ‖ s ‖ v, by ascending signers. Throws a RangeError with too few attesters. */
export async function signAttestations(
  attesters: readonly LocalAccount[],
  threshold: number,
  digest: Hash,
): Promise<Uint8Array> {
  const ascending = [...attesters].sort((a, b) =>
    a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1,
  )
  const signers = ascending.slice(0, threshold)
  if (signers.length < threshold)
    throw new RangeError(`the verifier asks for ${threshold} attesters, this node has ${signers.length} keys`)
  const signatures = signers.map(async (signer) => {
    if (signer.sign === undefined) throw new RangeError(`${signer.address} cannot sign a digest`)
    return hexToBytes(await signer.sign({ hash: digest }))
  })
  return concatBytes(...(await Promise.all(signatures)))
}
