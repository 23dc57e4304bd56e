/** Options of all commands: a file or an environment may serve several of them. */
import { BRIDGE_OPTIONS, PROPOSE_OPTIONS } from './bridgeOptions.ts'
import { DERIVE_OPTIONS, DEVNET_OPTIONS, NODE_OPTIONS, type OptionSpec } from './options.ts'
import { PRECONF_OPTIONS } from './preconfOptions.ts'

export const ALL_OPTIONS: readonly OptionSpec[] = [
  ...NODE_OPTIONS,
  ...DERIVE_OPTIONS,
  ...DEVNET_OPTIONS,
  ...PRECONF_OPTIONS,
  ...BRIDGE_OPTIONS,
  ...PROPOSE_OPTIONS,
]
