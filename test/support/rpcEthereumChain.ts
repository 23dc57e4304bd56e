/** The 54-block chain of https://github.com/ethereum/execution-apis (Frontier to Osaka), as our own import has it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { StoredBlock } from '../../src/chain/chain.ts'
import type { RpcDeps } from '../../src/rpc/deps.ts'
import { chainIdOf } from '../../src/spec/executionSpec.ts'
import { EXECUTION_APIS, startSuiteNode } from './rpcCompat/server.ts'

export const hasExecutionApis = existsSync(join(EXECUTION_APIS, 'chain.rlp'))

export type EthereumChain = Pick<RpcDeps, 'execution' | 'state' | 'caller' | 'nextBaseFee' | 'pool'> & {
  readonly chainId: bigint
  readonly blocks: readonly StoredBlock[]
  close(): Promise<void>
}

export async function executeEthereumChain(): Promise<EthereumChain> {
  const { deps, close } = await startSuiteNode(EXECUTION_APIS)
  const { execution, state, caller, nextBaseFee, pool, chain } = deps
  const blocks: StoredBlock[] = []
  for (let number = 0n; number <= chain.heads().latest.number; number++)
    blocks.push((await chain.blockByNumber(number))!)
  return { execution, state, caller, nextBaseFee, pool, chainId: chainIdOf(execution), blocks, close }
}
