/** What a client asks first: genesis, the specification, the node. */
import { chainConfigToJson } from '@lodestar/config'
import { activePreset, presetToJson } from '@lodestar/params'
import { toHex } from '../hex.mjs'

export function nodeRoutes(chain) {
  const state = chain.tree.stateOf(chain.tree.genesis.root)
  const genesis = {
    genesis_time: String(state.genesisTime),
    genesis_validators_root: toHex(state.genesisValidatorsRoot),
    genesis_fork_version: toHex(state.config.GENESIS_FORK_VERSION),
  }
  const spec = { ...presetToJson(activePreset), ...chainConfigToJson(state.config) }
  return {
    'GET /eth/v1/beacon/genesis': () => ({ data: genesis }),
    'GET /eth/v1/config/spec': () => ({ data: spec }),
    'GET /eth/v1/node/version': () => ({ data: { version: 'plumbline-pos/1.41.0' } }),
    'GET /eth/v1/node/health': () => ({}),
    'GET /eth/v1/node/syncing': () => ({
      data: {
        head_slot: String(chain.head().slot),
        sync_distance: String(chain.currentSlot() - chain.head().slot),
        is_syncing: false,
        is_optimistic: false,
        el_offline: false,
      },
    }),
  }
}
