/** Tables of the chain room. Numbers are INTEGER columns, hashes 20- or 32-byte BLOBs. */
const FIRST = `
CREATE TABLE blocks (
  number INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  header BLOB NOT NULL,
  bloom BLOB NOT NULL,
  body BLOB NOT NULL,
  size INTEGER NOT NULL
);
-- Packed: transaction hash to its block number (8 bytes) and position (4 bytes).
CREATE TABLE transactions (
  k BLOB PRIMARY KEY,
  v BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE origins (
  block_number INTEGER PRIMARY KEY,
  data TEXT NOT NULL
);
-- Ids restart with the fork family, first blocks never do.
CREATE TABLE proposals (
  first_block INTEGER PRIMARY KEY,
  id INTEGER NOT NULL,
  last_block INTEGER NOT NULL,
  data TEXT NOT NULL
);
CREATE INDEX proposals_by_id ON proposals (id);
CREATE TABLE heads (
  name TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  hash BLOB NOT NULL
);
`

/** What is said of blocks after `safe`. */
const UNSAFE_ORIGINS = `
CREATE TABLE unsafe_origins (
  block_number INTEGER PRIMARY KEY,
  data TEXT NOT NULL
);
`

/** Headers before the first block, of a chain that begins with a snapshot. */
const ANCESTORS = `
CREATE TABLE ancestors (
  number INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  header BLOB NOT NULL
);
`

export const CHAIN_SCHEMAS = [FIRST, UNSAFE_ORIGINS, ANCESTORS]

/** Tables whose content two nodes that derived the same L1 must share. */
export const CHAIN_LOGICAL_TABLES = ['blocks', 'transactions', 'origins', 'proposals', 'heads'] as const
