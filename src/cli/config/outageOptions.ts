/** Options of `plumbline outage`. */
import { z } from 'zod'
import { SCENARIOS } from '../outage/scenarios/index.ts'
import type { OptionSpec } from './options.ts'
import { count, flag } from './values.ts'

const share = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^[0-9]+(\.[0-9]+)?$/)
        .transform(Number),
    ],
    {
      error: 'must be a share from 0 to 1',
    },
  )
  .pipe(z.number().min(0).max(1))

export const OUTAGE_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'scenario',
    argument: '<name>',
    description: `what goes wrong: ${SCENARIOS.map(({ id }) => id).join(', ')} (docs/outage.md)`,
    schema: z.enum(SCENARIOS.map(({ id }) => id)),
  },
  {
    flag: 'share',
    argument: '<q>',
    description: 'operators-colluding: the share of the operators that collude, 0 to 1',
    schema: share,
    default: 0.5,
  },
  {
    flag: 'successors',
    argument: '<n>',
    description: 'sequencer-offline: operators that go on; with 0 somebody on no list has to',
    schema: count(0, 2),
    default: 1,
  },
  {
    flag: 'seed',
    argument: '<n>',
    description: 'whatever is drawn is drawn from it: who colludes, whose turn it is',
    schema: count(0, Number.MAX_SAFE_INTEGER),
    default: 1,
  },
  {
    flag: 'records',
    argument: '<dir>',
    description: 'folder for the report and what was seen, slot by slot; made where it is missing',
    schema: z.string().min(1),
  },
  { flag: 'json', description: 'print the report as JSON', schema: flag, default: false },
]
