/** Options of all commands: a file or an environment may serve several of them. */
import { ARCHIVE_FETCH_OPTIONS } from './archiveOptions.ts'
import { BRIDGE_OPTIONS, PROPOSE_OPTIONS } from './bridgeOptions.ts'
import { EXPORT_OPTIONS } from './exportOptions.ts'
import { KEYS_OPTIONS } from './keysOptions.ts'
import { LIST_OPTIONS } from './listOptions.ts'
import { DERIVE_OPTIONS, DEVNET_OPTIONS, NODE_OPTIONS, type OptionSpec } from './options.ts'
import { OUTAGE_OPTIONS } from './outageOptions.ts'
import { PRECONF_OPTIONS } from './preconfOptions.ts'
import { PROBE_OPTIONS } from './probeOptions.ts'
import { REORDER_OPTIONS } from './reorderOptions.ts'
import { REPLAY_OPTIONS } from './replayOptions.ts'
import { REPORT_OPTIONS } from './reportOptions.ts'
import { RPC_CHAIN_OPTIONS } from './rpcChainOptions.ts'
import { SEQUENCE_OPTIONS } from './sequenceOptions.ts'
import { SLASH_OPTIONS } from './slashOptions.ts'
import { SNAPSHOT_CREATE_OPTIONS } from './snapshotOptions.ts'

export const ALL_OPTIONS: readonly OptionSpec[] = [
  ...NODE_OPTIONS,
  ...DERIVE_OPTIONS,
  ...RPC_CHAIN_OPTIONS,
  ...DEVNET_OPTIONS,
  ...PRECONF_OPTIONS,
  ...BRIDGE_OPTIONS,
  ...PROPOSE_OPTIONS,
  ...SEQUENCE_OPTIONS,
  ...KEYS_OPTIONS,
  ...LIST_OPTIONS,
  ...SLASH_OPTIONS,
  ...REPLAY_OPTIONS,
  ...ARCHIVE_FETCH_OPTIONS,
  ...REPORT_OPTIONS,
  ...EXPORT_OPTIONS,
  ...REORDER_OPTIONS,
  ...PROBE_OPTIONS,
  ...OUTAGE_OPTIONS,
  ...SNAPSHOT_CREATE_OPTIONS,
]
