/** The rooms that a node's `chain.db` has: whoever opens one names all of them. */
import { CHAIN_SCHEMAS } from '../chain/schema.ts'
import { DERIVE_SCHEMA } from '../derive/schema.ts'
import { STATE_SCHEMAS } from '../engine/state/schema.ts'
import { SNAPSHOT_SCHEMA } from './schema.ts'

export const CHAIN_STORE_SCHEMAS = {
  state: STATE_SCHEMAS,
  chain: CHAIN_SCHEMAS,
  derive: [DERIVE_SCHEMA],
  snapshot: [SNAPSHOT_SCHEMA],
}
