/** The chain's configuration: Fulu from genesis on, so that the state has a proposer lookahead (EIP-7917) from slot 0. */
import { createChainForkConfig } from '@lodestar/config'
import { mainnetChainConfig, minimalChainConfig } from '@lodestar/config/configs'
import { ACTIVE_PRESET } from '@lodestar/params'

/** Constants of the preset that the process was started with (`LODESTAR_PRESET`); what differs from it is named here. */
export function createChainSpec({ chainId, secondsPerSlot }) {
  return createChainForkConfig({
    ...(ACTIVE_PRESET === 'minimal' ? minimalChainConfig : mainnetChainConfig),
    CONFIG_NAME: 'plumbline-pos',
    SECONDS_PER_SLOT: secondsPerSlot,
    SLOT_DURATION_MS: secondsPerSlot * 1000,
    DEPOSIT_CHAIN_ID: chainId,
    DEPOSIT_NETWORK_ID: chainId,
    MIN_GENESIS_TIME: 0,
    GENESIS_DELAY: 0,
    ALTAIR_FORK_EPOCH: 0,
    BELLATRIX_FORK_EPOCH: 0,
    CAPELLA_FORK_EPOCH: 0,
    DENEB_FORK_EPOCH: 0,
    ELECTRA_FORK_EPOCH: 0,
    FULU_FORK_EPOCH: 0,
    GLOAS_FORK_EPOCH: Number.POSITIVE_INFINITY,
    // The execution client is at Prague, with nine blobs a block.
    BLOB_SCHEDULE: [],
  })
}
