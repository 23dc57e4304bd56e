/**
 * Taiko's public testnet, chain 167013 on Hoodi. taiko.md §1, unzen.md §5. Addresses and upgrades: taiko-hoodi-contract-logs.md of
 * taiko-mono, in its versions from 2026-02-02 to b9c5bb2a.
 */
import { anchorAddressOf } from '../address.ts'
import { OTHERS_SHASTA_CONSTANTS } from '../constants.ts'
import type { RollupSpec } from '../rollupSpec.ts'
import { type Network, TAIKO_DEFAULTS } from './network.ts'

const L2_CHAIN_ID = 167_013n

export const taikoHoodi: RollupSpec = {
  name: 'taiko-hoodi',
  l1: {
    chainId: 560_048n,
    inbox: '0xef4bb7a442bd68150a3aa61a6a097b86b91700bf',
    legacyInbox: '0xf6ea848c7d7ac83de84db45ae28eabf377fe0ef9',
    // SignalService; _checkpoints in SignalService_Layout.sol.
    checkpoints: { store: '0x4c70b7f5e153d497fafa0476575903f9299ed811', slot: 254n },
    inboxImplementations: [
      // With the proxy, 2026-02-02. Sources 392bfa0.
      '0x2f3090807e76d613f8f2b92d4793e678dd19ae23',
      // 2026-02-04. Sources a01f51c.
      '0xadeb8cf142991d2ae46e5ab6be3172979fe6d10f',
      // 2026-07-09: another proof verifier. Sources a01f51c.
      '0xb401c28719d45cfd40b423c786059d1b8dd0aa86',
      // 2026-09-21: the same with basefeeSharingPctg 100, which each event says. taiko-mono pull request 22149.
      '0x15b304bab39cd34e043136328e48a14adb9ea46e',
    ],
    // No public source names the block of the contracts' deployment on 2025-10-20. Slots from genesis to that day are 1,558,750, and a
    // chain of which one slot in ten had been missed by then would have had this number: it is before them, at the price of some scanning.
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

export const taikoHoodiNetwork: Network = {
  spec: taikoHoodi,
  contracts: {
    forcedInclusionStore: '0xa7f175aff7c62854d0a0498a0da17b66a9d452d0',
    taikoWrapper: '0xb843132a26c13d751470a6baf5f926ebf5d0e4b8',
    proposerChecker: '0x8b969fcf37122bc5ecb4e0e5ad65ceec3f1393ba',
    proverWhitelist: '0xa9a84b6667a2c60bfde8c239918d0d9a11c77e89',
    signalService: '0x4c70b7f5e153d497fafa0476575903f9299ed811',
    bridge: '0x6a4cf607dac2c4784b7d934bcb3ad7f2ed18ed80',
    erc20Vault: '0x0857cd029937e7a119e492434c71cb9a9bb59ab0',
    token: '0xf3b83e226202ecf7e7bb2419a4c6e3ec99e963da',
  },
  bootnodes: {
    execution: [
      'enode://eb5079aae185d5d8afa01bfd2d349da5b476609aced2b57c90142556cf0ee4a152bcdd724627a7de97adfc2a68af5742a8f58781366e6a857d4bde98de6fe986@34.44.53.195:30303',
      'enode://dc1adc9fe0b23bcafb4a3929e14df0f020e0168886991ec26e6ca2fd8b86541f70edde6f0933b186f6e675b6ef5a7e0c7e9a96ffa3337c6afa28c10727b8a868@34.58.49.30:30303',
      'enode://44503022a2ba9d554dc25530917a887686174e100b02a988b8e79cc35d8f174140ae1e4809c3a4c8ee64a3dc51e8c57967f5ed6d9bf661c233e40a00657e121d@104.197.222.109:30303',
    ],
    preconfirmation: [
      'enode://b2d094ade1ce68990878b197bf818bd41d5b32e4019d42dc63d91d7020f531532f063833e44e84f78792969f69fd5553370216703c40fcc0cb835f17177fbe07@34.63.52.157:4001?discport=30304',
      'enode://4f075635abd45a468e2fffeac97dad6e275d5728449054fbf265478b26db848092631c8e3cc287e5ab49cfa4e5ad4a53c2f0f4369d17c948fb0e08a6ceabc448@34.58.49.30:4001?discport=30304',
    ],
  },
  services: {
    rpc: 'https://rpc.hoodi.taiko.xyz',
    explorer: 'https://hoodi.taikoscan.io',
    snapshots: 'https://snapshots.taiko.xyz/',
  },
  defaults: TAIKO_DEFAULTS,
}
