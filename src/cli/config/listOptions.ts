/** Options of `plumbline preconf list`. */
import { z } from 'zod'
import type { OptionSpec } from './options.ts'
import { count } from './values.ts'

export const LIST_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'node',
    argument: '<url>',
    description: "the authenticated port of the node that holds the committer's key",
    schema: z.url({ protocol: /^https?$/ }),
    default: 'http://127.0.0.1:8551',
    isSecret: true,
  },
  {
    flag: 'jwt-secret',
    argument: '<file>',
    description: "file with that port's secret, 32 bytes in hex",
    schema: z.string().min(1),
  },
  {
    flag: 'slot',
    argument: '<slot>',
    description: 'an L1 slot of the window that the list is for',
    schema: count(0, 2 ** 48 - 1),
  },
  {
    flag: 'transactions',
    argument: '<raw>',
    description: 'signed L2 transactions in hex, with commas between; what the pool has by default',
    schema: z.preprocess(
      (value) => (typeof value === 'string' ? value.split(',').map((raw) => raw.trim()) : value),
      z.array(z.string().regex(/^0x(?:[0-9a-fA-F]{2})+$/, 'must be transactions in hex')),
    ),
  },
]
