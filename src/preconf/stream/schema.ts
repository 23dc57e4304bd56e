/** Tables of the stream: blocks with their promises, ours and others', and the block of ours that is under way. */
export const STREAM_SCHEMA: readonly string[] = [
  `
CREATE TABLE stream_blocks (
  block_hash TEXT NOT NULL,
  commitment_hash TEXT NOT NULL,
  number INTEGER NOT NULL,
  parent_hash TEXT NOT NULL,
  window_end INTEGER NOT NULL,
  is_own INTEGER NOT NULL,
  header BLOB NOT NULL,
  commitment BLOB NOT NULL,
  is_forced INTEGER NOT NULL,
  -- RLP list of byte strings.
  transactions BLOB NOT NULL,
  total_frags INTEGER NOT NULL,
  -- Absent in a draft of ours.
  signature TEXT,
  -- Absent until it was published.
  env_signature TEXT,
  seal_signature TEXT,
  PRIMARY KEY (block_hash, commitment_hash)
);
CREATE INDEX stream_blocks_by_number ON stream_blocks (number);
CREATE TABLE stream_open (
  number INTEGER NOT NULL,
  parent_hash TEXT NOT NULL,
  -- UnsafeMetadata.
  metadata TEXT NOT NULL,
  window_end INTEGER NOT NULL,
  is_end_of_window INTEGER NOT NULL,
  PRIMARY KEY (number, parent_hash)
) WITHOUT ROWID;
CREATE TABLE stream_open_transactions (
  number INTEGER NOT NULL,
  parent_hash TEXT NOT NULL,
  listed_index INTEGER NOT NULL,
  raw BLOB NOT NULL,
  PRIMARY KEY (number, parent_hash, listed_index)
);
CREATE TABLE stream_open_frags (
  number INTEGER NOT NULL,
  parent_hash TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  transactions INTEGER NOT NULL,
  PRIMARY KEY (number, parent_hash, sequence)
) WITHOUT ROWID;
CREATE TABLE stream_evidence (
  id TEXT PRIMARY KEY,
  -- EvidenceRecord.
  data TEXT NOT NULL,
  number INTEGER NOT NULL,
  -- Milliseconds since the Unix epoch.
  found_at INTEGER NOT NULL
) WITHOUT ROWID;
`,
  // Nothing more was to be added to it.
  'ALTER TABLE stream_open ADD COLUMN is_closed INTEGER NOT NULL DEFAULT 0',
  // One row once a key has signed with this journal.
  `CREATE TABLE stream_noted (id INTEGER PRIMARY KEY CHECK (id = 1));
   INSERT INTO stream_noted SELECT 1 WHERE EXISTS (SELECT 1 FROM stream_open)
     OR EXISTS (SELECT 1 FROM stream_blocks WHERE is_own = 1)`,
]
