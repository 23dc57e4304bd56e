/** Options of `plumbline bridge` and `plumbline propose`. */
import { z } from 'zod'
import { CHAIN_OPTIONS, ENDPOINT_OPTIONS, LOG_OPTIONS, NODE_OPTIONS, type OptionSpec } from './options.ts'
import { count, flag, textList } from './values.ts'

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address: 20 bytes in hex')
  .transform((text) => text.toLowerCase())

const KEY: OptionSpec = {
  flag: 'key-file',
  argument: '<file>',
  description: 'private key of the account that signs and pays',
  schema: z.string().min(1),
}

export const BRIDGE_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'bridge.file',
    argument: '<file>',
    description: 'where the transfer is kept from step to step (JSON)',
    schema: z.string().min(1),
  },
  {
    flag: 'l2.rpc',
    argument: '<url>',
    description: 'JSON-RPC of an L2 node, best your own',
    schema: z.url({ protocol: /^https?$/ }),
    isSecret: true,
  },
  {
    flag: 'l1.bridge',
    argument: '<address>',
    description: 'bridge on L1; what the rollup configuration says by default',
    schema: address,
  },
  {
    flag: 'l2.bridge',
    argument: '<address>',
    description: 'bridge on L2; what the rollup configuration says by default',
    schema: address,
  },
  KEY,
  {
    flag: 'bridge.amount',
    argument: '<ether>',
    description: 'what to send, in ether',
    schema: z.preprocess(
      (value) => (typeof value === 'number' ? String(value) : value),
      z.string().regex(/^[0-9]{1,9}(\.[0-9]{1,18})?$/, 'must be an amount of ether'),
    ),
  },
  {
    flag: 'bridge.to',
    argument: '<address>',
    description: 'who receives; the sender by default',
    schema: address,
  },
  {
    flag: 'bridge.owner',
    argument: '<address>',
    description: 'who may recover the value if the receiver does not take it; the sender by default',
    schema: address,
  },
  {
    flag: 'bridge.data',
    argument: '<hex>',
    description: 'for a receiver that takes messages',
    schema: z
      .string()
      .regex(/^0x([0-9a-fA-F]{2})*$/, 'must be bytes in hex')
      .transform((text) => text.toLowerCase()),
    default: '0x',
  },
  {
    flag: 'bridge.gas-limit',
    argument: '<gas>',
    description: 'gas that the receiver gets for certain',
    // MAX_GAS_LIMIT of the contract.
    schema: count(0, 8_000_000),
    default: 100_000,
  },
  {
    flag: 'forced',
    description: 'queue the transaction on L1 as a forced inclusion, instead of sending it to an L2 node',
    schema: flag,
    default: false,
  },
  ...CHAIN_OPTIONS.filter((option) => option.flag !== 'genesis'),
  ...ENDPOINT_OPTIONS,
  ...LOG_OPTIONS,
]

export const PROPOSE_OPTIONS: readonly OptionSpec[] = [
  KEY,
  {
    flag: 'lookahead-key-file',
    argument: '<file>',
    description:
      'private key of another account, which brings proofs of the lookahead to L1 where the schedule wants them',
    schema: z.string().min(1),
  },
  {
    flag: 'transaction',
    argument: '<hex|files>',
    description: 'signed L2 transactions to propose, or files of `plumbline bridge` that hold them',
    schema: textList,
    default: [],
  },
  {
    flag: 'once',
    description:
      'end when a proposal with the transactions given is derived; without any, one of this account',
    schema: flag,
    default: false,
  },
  ...NODE_OPTIONS,
]
