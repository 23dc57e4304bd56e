/**
 * Taiko Alethia, chain 167000 on Ethereum. taiko.md §1, unzen.md §5. Addresses and upgrades: mainnet-contract-logs-L1.md of taiko-mono at
 * b9c5bb2a; blocks and times of deployments: L2BEAT's discovery of 2026-08-25 (l2beat/l2beat, packages/config/src/projects/taiko).
 */
import { anchorAddressOf } from '../address.ts'
import { MAINNET_SHASTA_CONSTANTS } from '../constants.ts'
import type { RollupSpec } from '../rollupSpec.ts'
import { type Network, TAIKO_DEFAULTS } from './network.ts'

const L2_CHAIN_ID = 167_000n

export const taikoMainnet: RollupSpec = {
  name: 'taiko-mainnet',
  l1: {
    chainId: 1n,
    inbox: '0x6f21c543a4af5189ebdb0723827577e1ef57ef1f',
    legacyInbox: '0x06a9ab27c7e2255df1815e6cc0168d7755feb19a',
    // SignalService; _checkpoints in SignalService_Layout.sol.
    checkpoints: { store: '0x9e0a24964e5397b566c1ed39258e21ab5e35c77c', slot: 254n },
    inboxImplementations: [
      // With the proxy, 2026-03-04, L1 block 24,585,332. Sources 3c66b0f8d; activated at 1,775,135,903.
      '0x0680c84378fa6a7d2f46ada5a70637fa2a938d42',
      // 2026-06-22, Proposal0016: forced inclusions and permissionless proposing off.
      '0x349ae3578f48f758d79451eeab61cdd5fedd0098',
      // 2026-06-29, Proposal0017: `init2`, StateRecovered. Sources 462920aae.
      '0x64523f2580f4e7038a121d55b220a9c12c1e8f01',
      // 2026-08-03, Proposal0019 (Unzen): `init3`, ForcedInclusionsVoided. Sources 907827890.
      '0x5253d4c91e80b880ddb54b78e74082abe066f6b9',
      // Deployed 2026-09-12 for Proposal0026: the same with basefeeSharingPctg 100, which each event says. Sources 9deb5b590.
      '0xa18431d42c8df9778905fbea912acf1881b49d2e',
    ],
    // From the first forged SGX proof (transaction 0x2f44dc1b…2260, proposal 18,056) until `init2` set proposal 18,051 back, on
    // 2026-06-29T13:18:35Z: whatever was proven between them builds on a false block. Proposal0017.md.
    distrustedProofs: [{ fromBlock: 25_367_938n, untilTimestamp: 1_782_739_115n }],
    // TaikoL1's own: the first of its contracts came with the blocks 19,773,963 and 19,773,966, on 2024-05-01.
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

export const taikoMainnetNetwork: Network = {
  spec: taikoMainnet,
  contracts: {
    forcedInclusionStore: '0x05d88855361808fa1d7fc28084ef3fca191c4e03',
    taikoWrapper: '0x9f9d2fc7abe74c79f86f0d1212107692430eef72',
    proposerChecker: '0xfd019460881e6eec632258222393d5821029b2ac',
    proverWhitelist: '0xea798547d97e345395da071a0d7ed8144cd612ae',
    proofVerifier: '0x7284aac05555ae6559bdad8b4221ec9584254eec',
    sgxGethVerifier: '0x41e79eb4f03abb5df8716b759528dc5d8f6a84ee',
    sgxRethVerifier: '0x9d3c595bff6ff7d2b2cbdecf94ad917eb2fcffd8',
    risc0Verifier: '0x059daf31f571da48ab4e74ae12f64f907681cd8b',
    sp1Verifier: '0x73a0db393ef87ce781ac7957be10d6628432100f',
    signalService: '0x9e0a24964e5397b566c1ed39258e21ab5e35c77c',
    bridge: '0xd60247c6848b7ca29eddf63aa924e53db6ddd8ec',
    erc20Vault: '0x996282ca11e5deb6b5d122cc3b9a1fcaad4415ab',
    token: '0x10dea67478c5f8c5e2d90e5e9b26dbe60c54d800',
  },
  bootnodes: {
    execution: [
      'enode://266a8e3b5e44201eca9c368d58aa59a7750295397e77d5b32aea2644f9962cbc4e1cb0543aab0480995a209408174413f65e5ce253d60bb83d22d3b8ab12eb89@34.142.239.251:30303',
      'enode://d94d78fa9c3be00d403788bcbcbfe7f99efb8db26b04b38100f520a38ee40a29b5f6b7ab01e4f8908e0683d3153fa840264500bc72c114c08b0eb770b6ce52f5@34.126.181.0:30303',
      'enode://27384375dbbfd8af5df71392fceb01b93cef1f674e4884fb481be145426f9ce5706941fd93928101a3079a52e621d8a42d266ab9165f4f960233adce22e905f8@34.21.195.34:30303',
    ],
    preconfirmation: [
      'enode://c263741b17759f3850d24d67d6c3cbc307c73e17d80c6b12a63a4792a10529d1125d00ecf7ef4c9b0dc51d28b94dfc1b8798fb524f61a1f93946748649f73b23@34.142.239.251:4001?discport=30304',
      'enode://67c739e00a9b6476fce8f9d3cf0ae12589c325c51520da75c2dbfe5094d5c9ef72abf0e368316b10e8332b96e1886869164113a86b66f7f8b989ed0d8dee8895@34.126.181.0:4001?discport=30304',
      'enode://a31855cd5c4138327617bde2e87418774d03c40cd7217344e24f6d906a8ca72c777d65ed9bd38b20e03fa5f91302ae690b00963cd490011c549189ac24e0d1b9@34.21.195.34:4001?discport=30304',
    ],
  },
  services: {
    rpc: 'https://rpc.mainnet.taiko.xyz',
    ws: 'wss://ws.mainnet.taiko.xyz',
    explorer: 'https://taikoscan.io',
    snapshots: 'https://snapshots.taiko.xyz/',
  },
  defaults: TAIKO_DEFAULTS,
}
