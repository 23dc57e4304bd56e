/** Taiko's public testnet, chain 167013 on Hoodi. taiko.md §1. */
import { anchorAddressOf } from '../address.ts'
import { OTHERS_SHASTA_CONSTANTS } from '../constants.ts'
import type { RollupSpec } from '../rollupSpec.ts'

const L2_CHAIN_ID = 167_013n

export const taikoHoodi: RollupSpec = {
  name: 'taiko-hoodi',
  l1: {
    chainId: 560_048n,
    inbox: '0xef4bb7a442bd68150a3aa61a6a097b86b91700bf',
    legacyInbox: '0xf6ea848c7d7ac83de84db45ae28eabf377fe0ef9',
    // The contracts were deployed on 2025-10-20; this block is some weeks older, since their exact block is not documented.
    startBlock: 1_400_000n,
    genesisTime: 1_742_213_400n,
    secondsPerSlot: 12n,
  },
  l2: {
    chainId: L2_CHAIN_ID,
    genesis: {
      hash: '0x8e3d16acf3ecc1fbe80309b04e010b90c9ccb3da14e98536cfe66bb93407d228',
      stateRoot: '0xb32b91f1ed29923a7b5198b916937e3e585adfbb60f4825a3f2cca51a258e8f6',
    },
    anchor: anchorAddressOf(L2_CHAIN_ID),
  },
  forks: [
    { name: 'ontake', activation: { type: 'block', number: 0n } },
    { name: 'pacaya', activation: { type: 'block', number: 0n } },
    { name: 'shasta', activation: { type: 'timestamp', timestamp: 1_770_296_400n } },
    { name: 'unzen', activation: { type: 'timestamp', timestamp: 1_781_787_600n } },
  ],
  shasta: OTHERS_SHASTA_CONSTANTS,
}
