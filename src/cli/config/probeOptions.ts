/** Options of `plumbline probe`. */
import { z } from 'zod'
import { ENTRIES, TARGET_CLASSES } from '../../research/probe/classes.ts'
import { CLOCKS } from '../../research/probe/plan.ts'
import { BRIDGE_OPTIONS } from './bridgeOptions.ts'
import { CHAIN_OPTIONS, L1_OPTIONS, LOG_OPTIONS, type OptionSpec } from './options.ts'
import { addressList, count, flag, textList } from './values.ts'

const url = z.url({ protocol: /^https?$/ })
const listOf = <T extends string>(names: readonly T[]) =>
  textList
    .pipe(z.array(z.enum(names as readonly [T, ...T[]])).min(1))
    .refine((list) => new Set(list).size === list.length, 'must name each once')
const OF_L1 = ['l1.rpc', 'l1.timeout']

export const PROBE_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'rpc',
    argument: '<url>',
    description: 'JSON-RPC of the L2 node that is probed',
    schema: url,
    isSecret: true,
  },
  {
    flag: 'preconf',
    argument: '<url>',
    description: 'node with the commitments API that is asked for promises',
    schema: url,
    isSecret: true,
  },
  {
    flag: 'observer',
    argument: '<url>',
    description: 'JSON-RPC of the L2 node whose word is taken for what landed; --rpc by default',
    schema: url,
    isSecret: true,
  },
  ...L1_OPTIONS.filter((option) => OF_L1.includes(option.flag)),
  ...CHAIN_OPTIONS.filter((option) => option.flag !== 'genesis'),
  ...BRIDGE_OPTIONS.filter((option) => option.flag === 'key-file'),
  {
    flag: 'entry',
    argument: '<names>',
    description: `entry points, with commas between; the first is what others are compared with: ${ENTRIES.join(', ')}`,
    schema: listOf(ENTRIES),
    default: ['rpc'],
  },
  {
    flag: 'classes',
    argument: '<names>',
    description: `classes of targets, with commas between; the first is what others are compared with: ${TARGET_CLASSES.join(', ')}`,
    schema: listOf(TARGET_CLASSES),
    default: ['transfer', 'call', 'create'],
  },
  {
    flag: 'groups',
    argument: '<n>',
    description: 'groups of probes, each with one of every entry point and class',
    schema: count(1, 1_000),
    default: 30,
  },
  {
    flag: 'seed',
    argument: '<n>',
    description: 'of moments, orders, and what the analysis draws',
    schema: count(0, Number.MAX_SAFE_INTEGER),
    default: 1,
  },
  {
    flag: 'probe.sensitive',
    argument: '<addresses>',
    description: 'addresses of the class sensitive, of which each group draws one',
    schema: addressList,
    default: [],
  },
  {
    flag: 'probe.contract',
    argument: '<address>',
    description: 'contract of the class call, such as a token; by default one is created',
    schema: addressList.pipe(z.array(z.string()).length(1)).transform(([only]) => only),
  },
  {
    flag: 'probe.interval',
    argument: '<seconds>',
    description: 'mean wait before a group; waits are drawn',
    schema: count(0, 86_400),
    default: 60,
  },
  {
    flag: 'probe.cutoff',
    argument: '<seconds>',
    description: 'a probe that is not there so long after it was sent is missing',
    schema: count(1, 604_800),
    default: 900,
  },
  {
    flag: 'probe.until',
    argument: '<clock>',
    description: `last clock that is waited for: ${CLOCKS.join(', ')}`,
    schema: z.enum(CLOCKS),
    default: 'safe',
  },
  {
    flag: 'probe.budget',
    argument: '<ether>',
    description: 'the most that probing may cost on each layer',
    schema: z.preprocess(
      (value) => (typeof value === 'number' ? String(value) : value),
      z.string().regex(/^[0-9]{1,9}(\.[0-9]{1,18})?$/, 'must be an amount of ether'),
    ),
    default: '1',
  },
  {
    flag: 'probe.dir',
    argument: '<dir>',
    description: 'folder of the experiment: its plan, its log, its report',
    schema: z.string().min(1),
  },
  { flag: 'json', description: 'print the report as JSON', schema: flag, default: false },
  ...LOG_OPTIONS,
]
