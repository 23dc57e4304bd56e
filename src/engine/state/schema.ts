/** Tables of the flat state (docs/state.md). The packed ones are (k, v) and written many rows at a time. */
const FIRST = `
-- k: storage id (4 bytes, 0 for accounts) and keccak of address or slot. v: account or slot row (flatRows.ts).
CREATE TABLE state_flat (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;
-- k: storage id, path, depth. v: the branch at that path (pathTrieRow.ts).
CREATE TABLE state_nodes (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE state_code (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;
-- k: flat key and number (8 bytes) of a block that changed it. v: the row before that block, empty when there was none.
CREATE TABLE state_history (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;
-- k: number (8 bytes) of a recent block and key of a branch it changed. v: the branch before, empty when there was none.
CREATE TABLE state_node_history (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE state_blocks (
  number INTEGER PRIMARY KEY,
  root BLOB NOT NULL,
  next_storage_id INTEGER NOT NULL,
  -- Flat keys the block changed, and hashes of the code it brought, end to end.
  keys BLOB NOT NULL,
  codes BLOB NOT NULL
);
-- One row: branches before each block above this number are in state_node_history.
CREATE TABLE state_node_window (number INTEGER NOT NULL);
`

/** At most one row: `state_nodes` is that of this block, and branches that later blocks changed are not there yet. */
const UNFLUSHED = 'CREATE TABLE state_unflushed (number INTEGER NOT NULL)'

export const STATE_SCHEMAS = [FIRST, UNFLUSHED]

/**
 * Tables whose content two nodes that derived the same blocks must share, whatever reorgs they saw; `state_nodes` once branches are flushed.
 */
export const STATE_LOGICAL_TABLES = [
  'state_flat',
  'state_nodes',
  'state_code',
  'state_history',
  'state_blocks',
] as const
