/** Options of `plumbline replay`. */
import { z } from 'zod'
import { STATE_WAYS } from '../../replay/remote/replayProposal.ts'
import { CHAIN_OPTIONS, DERIVE_OPTIONS, L1_OPTIONS, LOG_OPTIONS, type OptionSpec } from './options.ts'
import { count, textList } from './values.ts'

const number = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  z
    .string()
    .regex(/^[0-9]{1,18}$/, 'must be a number')
    .transform((text) => BigInt(text)),
)

export const REPLAY_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'proposal',
    argument: '<id>',
    description: 'a proposal of L1, replayed on the state of an L2 node',
    schema: number,
  },
  ...DERIVE_OPTIONS.filter(({ flag }) => flag === 'to').map((option) => ({
    ...option,
    argument: '<id>',
    description: 'last proposal of a range; --proposal alone by default',
  })),
  {
    flag: 'l1-block',
    argument: '<block>',
    description: 'L1 block of the first proposal, searched for by default; needed before Shasta',
    schema: number,
  },
  {
    flag: 'l2.rpc',
    argument: '<urls>',
    description: 'L2 nodes: state from the first, the canonical hash from all where L1 proves none',
    schema: textList.pipe(z.array(z.url({ protocol: /^https?$/ })).min(1)),
    isSecret: true,
  },
  {
    flag: 'l2.state',
    argument: '<way>',
    description: 'auto: debug_executionWitness where there is one, and eth_getProof; proof: that alone',
    schema: z.enum(STATE_WAYS),
    default: 'auto',
  },
  {
    flag: 'l2.rate-limit',
    argument: '<n>',
    description: 'requests per second to one L2 node; 0 is no limit',
    schema: count(0, 100_000),
    default: 0,
  },
  {
    flag: 'replay.workers',
    argument: '<n>',
    description: 'threads that replay; 0 does it on the main one',
    schema: count(0, 64),
    default: 1,
  },
  {
    flag: 'replay.proof-blocks',
    argument: '<n>',
    description: 'L1 blocks after the last proposal that are read for its proof; 0 reads none',
    schema: count(0, 1_000_000),
    default: 1_800,
  },
  {
    flag: 'out',
    argument: '<file>',
    description: 'NDJSON of the proposals; those in it are not replayed again',
    schema: z.string().min(1),
  },
  ...CHAIN_OPTIONS.filter(({ flag }) => flag !== 'genesis'),
  ...L1_OPTIONS,
  ...LOG_OPTIONS,
]
