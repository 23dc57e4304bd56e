/** Options of `plumbline export`. */
import { z } from 'zod'
import { FORMATS } from '../../research/dataset/column.ts'
import {
  CHAIN_OPTIONS,
  DERIVE_OPTIONS,
  L1_OPTIONS,
  LOG_OPTIONS,
  type OptionSpec,
  STORAGE_OPTIONS,
} from './options.ts'
import { count, textList } from './values.ts'

const ENGINE_FLAGS: readonly string[] = ['datadir', 'engine.workers', 'engine.check', 'engine.loop']

export const EXPORT_OPTIONS: readonly OptionSpec[] = [
  ...DERIVE_OPTIONS.filter(({ flag }) => flag === 'from' || flag === 'to'),
  {
    flag: 'blocks',
    argument: '<range>',
    description:
      'L1 blocks as cryo has them, instead of --from and --to: 15M:16M (without 16M), 15M:+1000, 15M:',
    schema: z.string().min(1),
  },
  {
    flag: 'export.dir',
    argument: '<dir>',
    description: 'folder of the dataset; one that a stopped export has left is gone on with',
    schema: z.string().min(1),
    default: 'dataset',
  },
  {
    flag: 'export.format',
    argument: '<formats>',
    description: 'parquet, csv and ndjson, or some of them',
    schema: textList.pipe(z.array(z.enum(FORMATS)).min(1)),
    default: ['parquet'],
  },
  {
    flag: 'export.chunk-size',
    argument: '<blocks>',
    description: 'L1 blocks in a file',
    schema: count(1, 1_000_000),
    default: 1000,
  },
  {
    flag: 'export.forced-inclusion-delay',
    argument: '<seconds>',
    description: 'of the inbox; asked of L1 where there is an endpoint',
    schema: count(0, 0xffff_ffff),
  },
  {
    flag: 'labels',
    argument: '<file>',
    description: 'who is behind which address: CSV or JSON with address, label, source',
    schema: z.string().min(1),
  },
  ...CHAIN_OPTIONS,
  ...L1_OPTIONS,
  ...STORAGE_OPTIONS.filter(({ flag }) => ENGINE_FLAGS.includes(flag)),
  ...LOG_OPTIONS,
]
