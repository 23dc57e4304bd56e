/** Options of `plumbline preconf slash` and `plumbline preconf evidence`. */
import { z } from 'zod'
import { BRIDGE_OPTIONS, PROPOSE_OPTIONS } from './bridgeOptions.ts'
import { CHAIN_OPTIONS, ENDPOINT_OPTIONS, LOG_OPTIONS, type OptionSpec } from './options.ts'
import { PRECONF_OPTIONS } from './preconfOptions.ts'

const EVIDENCE_FILE: OptionSpec = {
  flag: 'evidence',
  argument: '<file>',
  description: 'evidence as a follower writes it (JSON)',
  schema: z.string().min(1),
}
const NODE = BRIDGE_OPTIONS.filter(({ flag }) => flag === 'l2.rpc')
const KEY = PROPOSE_OPTIONS.filter(({ flag }) => flag === 'key-file')
const OPERATOR = PRECONF_OPTIONS.filter(({ flag }) => flag === 'operator').slice(0, 1)

export const SLASH_OPTIONS: readonly OptionSpec[] = [
  EVIDENCE_FILE,
  ...KEY,
  ...OPERATOR,
  ...CHAIN_OPTIONS.filter(({ flag }) => flag !== 'genesis'),
  ...ENDPOINT_OPTIONS,
  ...LOG_OPTIONS,
]

export const EVIDENCE_OPTIONS: readonly OptionSpec[] = [...NODE, ...LOG_OPTIONS]
