/** `net_`, `web3_`, `rpc_` and the `eth_` methods about the node itself. */
import { z } from 'zod'
import { bytesToHex, toQuantity } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { chainIdOf } from '../spec/executionSpec.ts'
import type { RpcDeps } from './deps.ts'
import { COST } from './limits.ts'
import { defineMethod, type Method, type Methods } from './method.ts'
import { bytesParam } from './params.ts'
import { syncing } from './schemas/state.ts'
import { address, hash, quantity } from './schemas/words.ts'

export function nodeMethods(deps: Pick<RpcDeps, 'execution' | 'chain' | 'sync' | 'clientVersion'>): Methods {
  const chainId = chainIdOf(deps.execution)
  return {
    eth_chainId: answer('The id that transactions of this chain are signed for.', quantity, () =>
      toQuantity(chainId),
    ),
    eth_accounts: answer('Accounts the node signs for: none.', z.array(address), () => []),
    eth_syncing: answer('False, or how far derivation is.', syncing, () => syncingJson(deps)),
    net_version: answer('The chain id, in decimal.', z.string(), () => chainId.toString()),
    // Derivation reads L1, not peers: nobody dials this node.
    net_listening: answer('Whether peers may connect: they may not.', z.boolean(), () => false),
    net_peerCount: answer('How many peers are connected: none.', quantity, () => '0x0'),
    web3_clientVersion: answer('Name and version of this program.', z.string(), () => deps.clientVersion),
    web3_sha3: defineMethod({
      cost: COST.read,
      summary: 'The Keccak-256 hash of the given bytes.',
      params: { data: bytesParam },
      result: hash,
      handle: ({ data }) => bytesToHex(keccak256(data)),
    }),
  }
}

/** The L2 height to reach is not known before L1 has been read, so `highestBlock` says no more than `currentBlock`. */
export function syncingJson(deps: Pick<RpcDeps, 'chain' | 'sync'>): unknown {
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

function answer(summary: string, result: z.ZodType, read: () => unknown): Method {
  return defineMethod({ cost: COST.constant, summary, params: {}, result, handle: read })
}
