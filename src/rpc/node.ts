/** `net_`, `web3_`, `rpc_` and the `eth_` methods about the node itself. */
import { bytesToHex, toQuantity } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { chainIdOf } from '../spec/executionSpec.ts'
import type { RpcDeps } from './deps.ts'
import { COST } from './limits.ts'
import { defineMethod, type Method, type Methods } from './method.ts'
import { bytesParam } from './params.ts'

export function nodeMethods(deps: Pick<RpcDeps, 'execution' | 'chain' | 'sync' | 'clientVersion'>): Methods {
  const chainId = chainIdOf(deps.execution)
  return {
    eth_chainId: answer(() => toQuantity(chainId)),
    eth_accounts: answer(() => []),
    eth_syncing: answer(() => syncing(deps)),
    net_version: answer(() => chainId.toString()),
    // Derivation reads L1, not peers: nobody dials this node.
    net_listening: answer(() => false),
    net_peerCount: answer(() => '0x0'),
    web3_clientVersion: answer(() => deps.clientVersion),
    web3_sha3: defineMethod({
      cost: COST.read,
      params: { data: bytesParam },
      handle: ({ data }) => bytesToHex(keccak256(data)),
    }),
  }
}

/** The L2 height to reach is not known before L1 has been read, so `highestBlock` says no more than `currentBlock`. */
function syncing(deps: Pick<RpcDeps, 'chain' | 'sync'>): unknown {
  const { isSynced, cursor, l1, startL1Block } = deps.sync()
  if (isSynced) return false
  const current = toQuantity(deps.chain.heads().latest.number)
  return {
    startingBlock: '0x0',
    currentBlock: current,
    highestBlock: current,
    startingL1Block: toQuantity(startL1Block),
    currentL1Block: cursor === undefined ? null : toQuantity(cursor.number),
    highestL1Block: l1.head === undefined ? null : toQuantity(l1.head.number),
  }
}

function answer(read: () => unknown): Method {
  return defineMethod({ cost: COST.constant, params: {}, handle: read })
}
