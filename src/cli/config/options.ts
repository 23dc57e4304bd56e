/** Every option of the command line, as data: its flag gives the environment name and the key in the TOML file. */
import { z } from 'zod'
import { DEVNET_FORKS } from '../../spec/devnet.ts'
import { RPC_OPTIONS } from './rpcOptions.ts'
import { addressList, count, flag, port, textList } from './values.ts'

export type OptionSpec = {
  /** Dotted kebab, without the leading dashes: `l1.rpc`. */
  readonly flag: string
  readonly description: string
  /** Placeholder in the help; absent for a switch. */
  readonly argument?: string
  /** Parses the text of a flag or variable, and the value of a file. */
  readonly schema: z.ZodType
  readonly default?: unknown
  /** A URL in it is printed without what may be a key. */
  readonly isSecret?: true
}

const urlList = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').map((url) => url.trim()) : value),
  z.array(z.url({ protocol: /^(https?|wss?)$/ })).min(1),
)
const position = z
  .string()
  .regex(/^[0-9]+:0x[0-9a-fA-F]{64}$/, 'must be a block number, a colon and 32 bytes in hex')
  .transform((text) => {
    const [number = '', hash = ''] = text.toLowerCase().split(':')
    return { number: BigInt(number), hash }
  })

const blockNumber = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  z
    .string()
    .regex(/^[0-9]+$/, 'must be a block number')
    .transform((text) => BigInt(text)),
)

export const CHAIN_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'network',
    argument: '<name>',
    description: 'chain to follow: taiko-mainnet, taiko-hoodi',
    schema: z.enum(['taiko-mainnet', 'taiko-hoodi']),
  },
  {
    flag: 'rollup.config',
    argument: '<file|url>',
    description: 'spec of a chain of your own, instead of --network',
    schema: z.string().min(1),
    isSecret: true,
  },
  {
    flag: 'genesis',
    argument: '<file|url>',
    description: 'genesis alloc; accepted only if its state root and hash are those of the spec',
    schema: z.string().min(1),
    isSecret: true,
  },
]

export const L1_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'l1.accept-implementation',
    argument: '<addresses>',
    description: 'implementations of the inbox whose rules you know to be as before (docs/networks.md)',
    schema: addressList,
  },
  {
    flag: 'l1.distrust-proofs-from',
    argument: '<block>',
    description: 'L1 block from which proofs are false: not compared, nothing executable by them',
    schema: blockNumber,
  },
  {
    flag: 'l1.archive',
    argument: '<dir>',
    description: 'an archive of L1 in place of endpoints (plumbline archive)',
    schema: z.string().min(1),
  },
  {
    flag: 'blob.folder',
    argument: '<dirs>',
    description: 'folders of base-org/blob-archiver, asked when nothing else has a blob',
    schema: textList,
  },
  {
    flag: 'l1.rpc',
    argument: '<urls>',
    description: 'L1 JSON-RPC endpoints, in order of preference',
    schema: urlList,
    isSecret: true,
  },
  {
    flag: 'l1.beacon',
    argument: '<urls>',
    description: 'L1 beacon endpoints, for blobs and finality',
    schema: urlList,
    isSecret: true,
  },
  {
    flag: 'blob.server',
    argument: '<urls>',
    description: 'blob servers or archives, asked when the beacon has no blob',
    schema: urlList,
    isSecret: true,
  },
  {
    flag: 'l1.trusted-block',
    argument: '<number:hash>',
    description: 'L1 block the canonical chain must contain',
    schema: position,
  },
  {
    flag: 'l1.trust-transaction-hashes',
    description:
      'for anvil, whose transactions root is wrong for blob transactions: take its hashes unproven',
    schema: flag,
    default: false,
  },
  {
    flag: 'l1.poll-interval',
    argument: '<ms>',
    description: 'how often the head is asked for',
    schema: count(10, 600_000),
    default: 4_000,
  },
  {
    flag: 'l1.timeout',
    argument: '<ms>',
    description: 'longest wait for one answer of L1',
    schema: count(100, 600_000),
    default: 12_000,
  },
  {
    flag: 'l1.max-concurrency',
    argument: '<n>',
    description: 'requests under way at once to one endpoint',
    schema: count(1, 256),
    default: 10,
  },
  {
    flag: 'l1.rate-limit',
    argument: '<n>',
    description: 'requests per second to one endpoint; 0 is no limit',
    schema: count(0, 100_000),
    default: 0,
  },
]

export const STORAGE_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'datadir',
    argument: '<dir>',
    description: 'where the database lives',
    schema: z.string().min(1),
  },
  {
    flag: 'db.cache',
    argument: '<MiB>',
    description: 'page cache of the database',
    schema: count(1, 65_536),
    default: 64,
  },
  {
    flag: 'state.proof-window',
    argument: '<blocks>',
    description: 'newest blocks for which eth_getProof answers',
    schema: count(1, 10_000_000),
    default: 4_096,
  },
  {
    flag: 'engine.workers',
    argument: '<n>',
    description: 'threads that recover senders; 0 does it on the main one',
    schema: count(0, 64),
    default: 1,
  },
  {
    flag: 'engine.check',
    description: 'run every block on EthereumJS as well, and stop where the two differ (docs/operating.md)',
    schema: flag,
    default: false,
  },
  {
    flag: 'engine.loop',
    argument: '<name>',
    description: 'interpreter that blocks run on: own or stock, which is EthereumJS',
    schema: z.enum(['own', 'stock']),
    default: 'own',
  },
]

export const LOG_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'log.level',
    argument: '<level>',
    description: 'error, warn, info or debug',
    schema: z.enum(['error', 'warn', 'info', 'debug']),
    default: 'info',
  },
  {
    flag: 'log.format',
    argument: '<format>',
    description: 'text or json; text on a terminal by default',
    schema: z.enum(['text', 'json']),
  },
]

export const NODE_OPTIONS: readonly OptionSpec[] = [
  ...CHAIN_OPTIONS,
  ...L1_OPTIONS,
  ...STORAGE_OPTIONS,
  ...RPC_OPTIONS,
  ...LOG_OPTIONS,
]

/** Of commands that ask contracts what they say now, which files do not. */
export const ENDPOINT_OPTIONS = L1_OPTIONS.filter(({ flag }) => flag !== 'l1.archive')

export const DERIVE_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'from',
    argument: '<block>',
    description: 'first L1 block; the first that can hold an event by default',
    schema: blockNumber,
  },
  { flag: 'to', argument: '<block>', description: 'last L1 block', schema: blockNumber },
  ...CHAIN_OPTIONS.filter(({ flag }) => flag !== 'genesis'),
  ...L1_OPTIONS,
  ...LOG_OPTIONS,
]

export const DEVNET_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'datadir',
    argument: '<dir>',
    description: 'where the devnet keeps its files; made anew at each start',
    schema: z.string().min(1),
    default: 'data/devnet',
  },
  {
    flag: 'devnet.block-time',
    argument: '<seconds>',
    description: 'L1 slot length',
    schema: count(1, 60),
    default: 2,
  },
  {
    flag: 'devnet.fork',
    argument: '<name>',
    description: 'whose rules the L2 runs from its first block: unzen or shasta',
    schema: z.enum(DEVNET_FORKS),
    default: 'unzen',
  },
  {
    flag: 'devnet.l1-port',
    argument: '<port>',
    description: 'port of the L1 JSON-RPC; 0: any free one',
    schema: port,
    default: 9545,
  },
  {
    flag: 'devnet.beacon-port',
    argument: '<port>',
    description: 'port of the beacon API; 0: any free one',
    schema: port,
    default: 9546,
  },
  {
    flag: 'devnet.sequence',
    description: 'promise blocks before they land on L1 (docs/sequencing.md)',
    schema: flag,
    default: false,
  },
  {
    flag: 'devnet.exit-after-demo',
    description: 'stop once the demonstration is over',
    schema: flag,
    default: false,
  },
  ...STORAGE_OPTIONS.filter(({ flag }) => flag === 'engine.check' || flag === 'engine.loop'),
  ...RPC_OPTIONS,
  ...LOG_OPTIONS,
]
