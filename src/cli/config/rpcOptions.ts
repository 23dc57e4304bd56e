/** Options of the JSON-RPC server: where it listens, who may ask what, and how much (docs/rpc.md). Defaults of limits: src/rpc/limits.ts. */
import { z } from 'zod'
import { DEFAULT_LIMITS, type RpcLimits } from '../../rpc/limits.ts'
import { NAMESPACES } from '../../rpc/methods.ts'
import type { OptionSpec } from './options.ts'
import { count, port, textList } from './values.ts'

const SERVER_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'http.addr',
    argument: '<host>',
    description: 'address JSON-RPC over HTTP and WebSocket listens on',
    schema: z.string().min(1),
    default: '127.0.0.1',
  },
  {
    flag: 'http.port',
    argument: '<port>',
    description: 'its port; 0: any free one',
    schema: port,
    default: 8545,
  },
  {
    flag: 'http.api',
    argument: '<namespaces>',
    description: `namespaces that everybody may use (${NAMESPACES.join(', ')}); by default all, debug only from this machine`,
    schema: textList.pipe(z.array(z.enum(NAMESPACES))),
  },
  {
    flag: 'http.corsdomain',
    argument: '<origins>',
    description: 'web origins that may call; none by default',
    schema: textList,
    default: [],
  },
  {
    flag: 'http.vhosts',
    argument: '<hosts>',
    description: 'Host headers that are answered',
    schema: textList,
    default: ['localhost', '127.0.0.1', '[::1]'],
  },
  {
    flag: 'ws.origins',
    argument: '<origins>',
    description: 'web origins that may open a WebSocket; none by default',
    schema: textList,
    default: [],
  },
  {
    flag: 'rpc.processes',
    argument: '<n>',
    description:
      'calls executed at once, each in its process; by default one less than there are cores, but 2 to 4',
    schema: count(1, 64),
  },
]

/** One option for each limit that an operator may move; the unit is the limit's own. */
const LIMITS: readonly (readonly [
  limit: keyof RpcLimits,
  flag: string,
  argument: string,
  description: string,
  min: number,
  max: number,
])[] = [
  ['bodyBytesMax', 'max-request-bytes', '<bytes>', 'longest body or WebSocket message', 1_024, 2 ** 30],
  ['responseBytesMax', 'max-response-bytes', '<bytes>', 'longest answer', 1_024, 2 ** 29],
  ['batchItemsMax', 'batch-request-limit', '<n>', 'requests in a batch', 1, 1_000_000],
  ['batchCostMax', 'max-batch-cost', '<n>', 'work of a batch; a constant is 1, a call 20', 1, 10 ** 9],
  ['callGasMax', 'gascap', '<gas>', 'gas of a call or estimate', 21_000, 10 ** 12],
  ['callTimeoutMs', 'evmtimeout', '<ms>', 'time of a call or estimate, its waiting included', 10, 600_000],
  [
    'traceTimeoutMs',
    'max-trace-timeout',
    '<ms>',
    'most time a trace may ask for; a block has it',
    10,
    600_000,
  ],
  ['callQueueMax', 'max-queue', '<n>', 'calls that wait for a process', 1, 100_000],
  ['costPerSecond', 'rate', '<n>', 'work an address may ask for in a second; 0 is no limit', 0, 10 ** 9],
  ['logBlocksMax', 'max-blocks-per-filter', '<n>', 'blocks in the range of a log query', 1, 10 ** 9],
  ['logsMax', 'max-logs-per-response', '<n>', 'logs in an answer, or kept for a filter', 1, 10 ** 7],
  ['filtersMax', 'max-filters', '<n>', 'filters of everybody together', 4, 1_000_000],
  ['connectionsMax', 'max-connections', '<n>', 'connections', 1, 100_000],
  ['connectionsPerAddressMax', 'max-connections-per-address', '<n>', 'connections of an address', 1, 100_000],
  ['socketsPerAddressMax', 'max-ws-per-address', '<n>', 'WebSockets of an address', 1, 100_000],
  ['subscriptionsMax', 'max-subscriptions-per-connection', '<n>', 'subscriptions of a WebSocket', 1, 100_000],
  ['subscribersMax', 'max-subscriptions', '<n>', 'subscriptions of everybody together', 1, 1_000_000],
]

export const RPC_OPTIONS: readonly OptionSpec[] = [
  ...SERVER_OPTIONS,
  ...LIMITS.map(([limit, name, argument, description, min, max]) => ({
    flag: `rpc.${name}`,
    argument,
    description,
    schema: count(min, max),
    default: Number(DEFAULT_LIMITS[limit]),
  })),
]

/** `read` gives an option's value by its flag. */
export function limitsOf(read: (flag: string) => number): Partial<RpcLimits> {
  return Object.fromEntries(
    LIMITS.map(([limit, name]) => {
      const value = read(`rpc.${name}`)
      return [limit, typeof DEFAULT_LIMITS[limit] === 'bigint' ? BigInt(value) : value]
    }),
  )
}
