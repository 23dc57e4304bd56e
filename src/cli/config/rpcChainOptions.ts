/** Options of `plumbline rpc-chain`. */
import { z } from 'zod'
import { LOG_OPTIONS, type OptionSpec } from './options.ts'
import { RPC_OPTIONS } from './rpcOptions.ts'

const FILE_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'genesis',
    argument: '<file>',
    description: "genesis file of a plain Ethereum chain, in geth's format",
    schema: z.string().min(1),
  },
  {
    flag: 'chain',
    argument: '<file>',
    description: 'its blocks from number 1 on, RLP, one after the other',
    schema: z.string().min(1),
  },
  {
    flag: 'head',
    argument: '<file>',
    description:
      'an engine_forkchoiceUpdated request (JSON) that names the safe and the finalized block; the last block is both by default',
    schema: z.string().min(1),
  },
  {
    flag: 'datadir',
    argument: '<directory>',
    description: 'directory of the database; a temporary one, removed at the end, by default',
    schema: z.string().min(1),
  },
]

export const RPC_CHAIN_OPTIONS: readonly OptionSpec[] = [...FILE_OPTIONS, ...RPC_OPTIONS, ...LOG_OPTIONS]
