/** Tables of the derive room: where on L1 we are, and which chain this database holds. */
export const DERIVE_SCHEMA = `
-- One row per committed L1 step: the L1 block, and the heads after it. The newest row is the cursor.
CREATE TABLE l1_steps (
  number INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  safe_number INTEGER NOT NULL,
  safe_hash BLOB NOT NULL,
  executable_number INTEGER NOT NULL,
  executable_hash BLOB NOT NULL
);
CREATE TABLE chain_identity (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
`
