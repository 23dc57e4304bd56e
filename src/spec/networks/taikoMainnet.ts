/** Taiko Alethia, chain 167000 on Ethereum. taiko.md §1. */
import { anchorAddressOf } from '../address.ts'
import { MAINNET_SHASTA_CONSTANTS } from '../constants.ts'
import type { RollupSpec } from '../rollupSpec.ts'

const L2_CHAIN_ID = 167_000n

export const taikoMainnet: RollupSpec = {
  name: 'taiko-mainnet',
  l1: {
    chainId: 1n,
    inbox: '0x6f21c543a4af5189ebdb0723827577e1ef57ef1f',
    legacyInbox: '0x06a9ab27c7e2255df1815e6cc0168d7755feb19a',
    // SignalService; _checkpoints in SignalService_Layout.sol.
    checkpoints: { store: '0x9e0a24964e5397b566c1ed39258e21ab5e35c77c', slot: 254n },
    // The genesis of TaikoL1.
    startBlock: 19_773_965n,
    genesisTime: 1_606_824_023n,
    secondsPerSlot: 12n,
  },
  l2: {
    chainId: L2_CHAIN_ID,
    genesis: {
      hash: '0x90bc60466882de9637e269e87abab53c9108cf9113188bc4f80bcfcb10e489b9',
      stateRoot: '0x6db0b876b40a651c0a08b36e286c52afaa5d7cef7a4dc50c162704e3cc11921b',
    },
    anchor: anchorAddressOf(L2_CHAIN_ID),
  },
  forks: [
    { name: 'genesis', activation: { type: 'block', number: 0n } },
    { name: 'ontake', activation: { type: 'block', number: 538_304n } },
    { name: 'pacaya', activation: { type: 'block', number: 1_166_000n } },
    { name: 'shasta', activation: { type: 'timestamp', timestamp: 1_775_135_700n } },
    { name: 'unzen', activation: { type: 'timestamp', timestamp: 1_786_021_200n } },
  ],
  shasta: MAINNET_SHASTA_CONSTANTS,
}
