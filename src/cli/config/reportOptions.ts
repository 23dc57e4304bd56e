/** Options of `plumbline report`. */
import { z } from 'zod'
import { LOG_OPTIONS, type OptionSpec } from './options.ts'

const path = z.string().min(1)

export const REPORT_OPTIONS: readonly OptionSpec[] = [
  { flag: 'dataset', argument: '<dir>', description: 'folder that plumbline export wrote', schema: path },
  {
    flag: 'report.html',
    argument: '<file>',
    description: 'page to write, whole in itself',
    schema: path,
    default: 'report.html',
  },
  {
    flag: 'report.json',
    argument: '<file>',
    description: 'the same as JSON; not written by default',
    schema: path,
  },
  {
    flag: 'report.stage',
    argument: '<file>',
    description: 'facts for the stage and risk card (docs/report.md); without them there is no card',
    schema: path,
  },
  ...LOG_OPTIONS,
]
