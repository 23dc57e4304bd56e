/** Where a beacon state keeps what is proven of it, as generalized indices from its root; BeaconProofs.sol has the same. */

/** Fulu's state has 38 fields on 64 leaves; `proposer_lookahead` is field 37. */
const PROPOSER_LOOKAHEAD_FULU = 64n + 37n
/** Gloas' is a progressive container (EIP-7688); fields 21 to 84 are the 64 leaves below node 46. Untested on a live chain. */
const PROPOSER_LOOKAHEAD_GLOAS = 46n * 64n + (37n - 21n)

export function proposerLookaheadGindex(epoch: bigint, gloasForkEpoch: bigint): bigint {
  return epoch >= gloasForkEpoch ? PROPOSER_LOOKAHEAD_GLOAS : PROPOSER_LOOKAHEAD_FULU
}
