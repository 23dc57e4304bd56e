/** Taiko's former testnet, chain 167009 on Holesky; both have ended, captured batches can still be replayed. taiko.md §1. */
import { anchorAddressOf } from '../address.ts'
import { OTHERS_SHASTA_CONSTANTS } from '../constants.ts'
import type { RollupSpec } from '../rollupSpec.ts'

const L2_CHAIN_ID = 167_009n
const LEGACY_INBOX = '0x79c9109b764609df928d16fc4a91e9081f7e87db'

export const taikoHekla: RollupSpec = {
  name: 'taiko-hekla',
  l1: {
    chainId: 17_000n,
    // The chain ended before Shasta: there never was another inbox, and this one emits no `Proposed`.
    inbox: LEGACY_INBOX,
    legacyInbox: LEGACY_INBOX,
    // Older than the contracts, whose exact block is not documented.
    startBlock: 1_000_000n,
    genesisTime: 1_695_902_400n,
    secondsPerSlot: 12n,
  },
  l2: {
    chainId: L2_CHAIN_ID,
    genesis: {
      hash: '0x1f5554042aa50dc0712936ae234d8803b80b84251f85d074756a2f391896e109',
      stateRoot: '0xf45498691ab057160f37388765cc45575460108adb4b858f03dfe5faacbfe523',
    },
    anchor: anchorAddressOf(L2_CHAIN_ID),
    // Its first client measured them so, and the chain had to stay as it was: taiko-client, `tryDecompressHekla`.
    boundsInflatedCalldata: true,
  },
  forks: [
    { name: 'genesis', activation: { type: 'block', number: 0n } },
    { name: 'ontake', activation: { type: 'block', number: 840_512n } },
    { name: 'pacaya', activation: { type: 'block', number: 1_299_888n } },
  ],
  shasta: OTHERS_SHASTA_CONSTANTS,
}
