/** Options of `plumbline reorder`. */
import { z } from 'zod'
import { ARRIVAL_MODELS } from '../../research/ordering/arrival.ts'
import {
  CHAIN_OPTIONS,
  DERIVE_OPTIONS,
  L1_OPTIONS,
  LOG_OPTIONS,
  type OptionSpec,
  STORAGE_OPTIONS,
} from './options.ts'
import { count, flag, textList } from './values.ts'

/** Their values are L2 blocks here. */
const RANGE = DERIVE_OPTIONS.filter((option) => ['from', 'to'].includes(option.flag)).map((option) => ({
  ...option,
  description: `${option.flag === 'from' ? 'first' : 'last'} L2 block; by default the ${option.flag === 'from' ? 'first' : 'last'} there is`,
}))

/** Of a chain that is derived first. */
const ENGINE_FLAGS: readonly string[] = ['engine.workers', 'engine.check', 'engine.loop']

export const REORDER_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'rule',
    argument: '<rules>',
    description: 'rules, with commas between: ID[:parameter=number], or all (docs/reordering.md)',
    schema: textList,
  },
  {
    flag: 'op-channel',
    argument: '<file>',
    description: 'a channel of OP Mainnet in hex: ordered, not executed',
    schema: z.string().min(1),
  },
  {
    flag: 'dataset',
    argument: '<dir>',
    description:
      'a dataset (plumbline export): alone it is ordered, not executed; with --datadir it says when transactions were first seen',
    schema: z.string().min(1),
  },
  ...STORAGE_OPTIONS.filter((option) => option.flag === 'datadir'),
  ...RANGE,
  {
    flag: 'seeds',
    argument: '<n>',
    description: 'runs of a rule that draws lots',
    schema: count(1, 10_000),
    default: 30,
  },
  {
    flag: 'arrival',
    argument: '<model>',
    description: `when transactions arrived: ${ARRIVAL_MODELS.join(', ')}`,
    schema: z.enum(ARRIVAL_MODELS),
    default: 'publication',
  },
  {
    flag: 'arrival.jitter',
    argument: '<ms>',
    description: 'mean of the times that the jitter model draws',
    schema: count(1, 3_600_000),
    default: 1_000,
  },
  {
    flag: 'sequencers',
    argument: '<n>',
    description: 'so many equal sequencers, instead of those of the range',
    schema: count(1, 10_000),
  },
  {
    flag: 'sequencers.file',
    argument: '<file>',
    description: 'JSON list of sequencers: address, stake (wei, as text), faultProbability (0 to 1)',
    schema: z.string().min(1),
  },
  { flag: 'json', description: 'print JSON, with every order and delay', schema: flag, default: false },
  ...CHAIN_OPTIONS,
  ...L1_OPTIONS,
  ...STORAGE_OPTIONS.filter((option) => ENGINE_FLAGS.includes(option.flag)),
  ...LOG_OPTIONS,
]
