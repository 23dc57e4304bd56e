/** Our own node on a suite's chain. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readForkchoice } from '../../../src/cli/ethereum/forkchoiceFile.ts'
import { type EthereumNode, startEthereumNode } from '../../../src/cli/ethereum/startEthereumNode.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'

export const EXECUTION_APIS = join(import.meta.dirname, '../../../../shared/fixtures/execution-apis')

/** `folder` holds genesis.json and chain.rlp, and perhaps headfcu.json. */
export function startSuiteNode(folder: string): Promise<EthereumNode> {
  const json = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))
  return startEthereumNode({
    genesis: json('genesis.json'),
    blocks: readFileSync(join(folder, 'chain.rlp')),
    ...(existsSync(join(folder, 'headfcu.json')) && { heads: readForkchoice(json('headfcu.json')) }),
    rpc: { host: '127.0.0.1', port: 0 },
    logger: silentLogger,
  })
}
