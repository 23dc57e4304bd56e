/** Options of a node that follows sequencers, and of `plumbline sequence`. */
import { z } from 'zod'
import { PROPOSE_OPTIONS } from './bridgeOptions.ts'
import { PRECONF_KEY_OPTIONS } from './keysOptions.ts'
import { NODE_OPTIONS, type OptionSpec } from './options.ts'
import { CHECKPOINT_OPTIONS } from './snapshotOptions.ts'
import { count, flag } from './values.ts'

const ADDRESS = /^0x[0-9a-fA-F]{40}$/
const address = z
  .string()
  .regex(ADDRESS, 'must be an address: 20 bytes in hex')
  .transform((text) => text.toLowerCase())
const list = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((each) => each.trim()) : value),
    z.array(item),
  )

export const FOLLOW_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'preconf.follow',
    argument: '<urls>',
    description: 'nodes whose stream of preconfirmed blocks is followed: http, https, ws or wss',
    schema: list(z.url({ protocol: /^(https?|wss?)$/ })),
    default: [],
    isSecret: true,
  },
  {
    flag: 'preconf.committers',
    argument: '<addresses>',
    description: 'whose promises count where anyone may propose',
    schema: list(address),
    default: [],
  },
  {
    flag: 'preconf.retention-days',
    argument: '<days>',
    description: 'for how long promises and what came of them are kept; the latest 100,000 always are',
    schema: count(1, 36_500),
    default: 30,
  },
]

const DAY_MS = 86_400_000

const SEQUENCER_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'sequencer.block-ms',
    argument: '<ms>',
    description: 'from one L2 block to the next',
    schema: count(1_000, 60_000),
    default: 2_000,
  },
  {
    flag: 'sequencer.frag-ms',
    argument: '<ms>',
    description: 'from one part of a block to the next, as they are streamed',
    schema: count(50, 60_000),
    default: 200,
  },
  {
    flag: 'sequencer.stop-before-ms',
    argument: '<ms>',
    description: "before the window's end, to post what is left; two L1 slots by default",
    schema: count(0, DAY_MS),
  },
  {
    flag: 'sequencer.batch-ms',
    argument: '<ms>',
    description: 'age at which a batch is posted; two L1 slots by default',
    schema: count(1_000, DAY_MS),
  },
  {
    flag: 'sequencer.blobs',
    argument: '<count>',
    description: 'blobs that a batch may fill',
    schema: count(1, 6),
    default: 6,
  },
  {
    flag: 'sequencer.anchor-lag',
    argument: '<blocks>',
    description: 'L1 blocks that anchors stay behind: an L1 reorg of this depth leaves promises as they are',
    schema: count(0, 64),
    default: 2,
  },
  {
    flag: 'sequencer.gas-limit',
    argument: '<gas>',
    description: "L2 gas limit to move towards, without the anchor transaction's",
    schema: count(10_000_000, 45_000_000),
    default: 30_000_000,
  },
  {
    flag: 'sequencer.coinbase',
    argument: '<address>',
    description: "receives tips and its share of base fees; the poster's account by default",
    schema: address,
  },
  {
    flag: 'sequencer.takes-open-windows',
    description: 'sequence where anyone may propose; only where nobody else does',
    schema: flag,
    default: false,
  },
  {
    flag: 'preconf.window-slots',
    argument: '<slots>',
    description: 'longest window, in L1 slots, that is promised for: what the guard waits after a loss',
    schema: count(1, 8_192),
    default: 64,
  },
  {
    flag: 'preconf.l1-builder',
    argument: '<url>',
    description: 'RPC of your own L1 block builder: only then are inclusions on L1 promised',
    schema: z.url({ protocol: /^https?$/ }),
    isSecret: true,
  },
]

const AUTHRPC_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'authrpc.addr',
    argument: '<host>',
    description: 'address of the authenticated port',
    schema: z.string().min(1),
    default: '127.0.0.1',
  },
  {
    flag: 'authrpc.port',
    argument: '<port>',
    description: 'authenticated port: inclusion lists for your L1 software, and signed by this node',
    schema: count(0, 65_535),
    default: 8551,
  },
  {
    flag: 'authrpc.jwt-secret',
    argument: '<file>',
    description: 'its secret, 32 bytes in hex; made when it is not there. Without it there is no such port',
    schema: z.string().min(1),
  },
]

const POSTING_FLAGS = ['key-file', 'lookahead-key-file']

export const FOLLOWING_NODE_OPTIONS: readonly OptionSpec[] = [
  ...FOLLOW_OPTIONS,
  ...CHECKPOINT_OPTIONS,
  ...NODE_OPTIONS,
]

export const SEQUENCE_OPTIONS: readonly OptionSpec[] = [
  ...PROPOSE_OPTIONS.filter((option) => POSTING_FLAGS.includes(option.flag)),
  ...PRECONF_KEY_OPTIONS,
  ...SEQUENCER_OPTIONS,
  ...AUTHRPC_OPTIONS,
  ...FOLLOWING_NODE_OPTIONS,
]
