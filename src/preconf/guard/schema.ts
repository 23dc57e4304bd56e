/** Tables of the guard's own database. Rows are never changed but for the signature that is added, and go once they are final. */
export const GUARD_SCHEMAS = {
  guard: [
    `CREATE TABLE positions (
       key TEXT NOT NULL,
       domain TEXT NOT NULL,
       kind TEXT NOT NULL,
       l2_chain_id TEXT NOT NULL,
       number INTEGER NOT NULL,
       parent TEXT NOT NULL,
       hash TEXT NOT NULL,
       signature TEXT,
       PRIMARY KEY (key, domain, kind, l2_chain_id, number, parent)
     ) WITHOUT ROWID;
     CREATE TABLE watermarks (
       key TEXT NOT NULL,
       domain TEXT NOT NULL,
       kind TEXT NOT NULL,
       l2_chain_id TEXT NOT NULL,
       number INTEGER NOT NULL,
       PRIMARY KEY (key, domain, kind, l2_chain_id)
     ) WITHOUT ROWID;
     CREATE TABLE guard_state (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       generation INTEGER NOT NULL,
       quiet_until INTEGER NOT NULL,
       l1_timestamp INTEGER NOT NULL
     )`,
    `CREATE TABLE indexed_positions (
       key TEXT NOT NULL,
       domain TEXT NOT NULL,
       kind TEXT NOT NULL,
       l2_chain_id TEXT NOT NULL,
       number INTEGER NOT NULL,
       parent TEXT NOT NULL,
       idx INTEGER NOT NULL,
       hash TEXT NOT NULL,
       signed_hash TEXT,
       signature TEXT,
       PRIMARY KEY (key, domain, kind, l2_chain_id, number, parent, idx)
     ) WITHOUT ROWID;
     INSERT INTO indexed_positions
       SELECT key, domain, kind, l2_chain_id, number, parent, 0, hash, iif(signature IS NULL, NULL, hash), signature
       FROM positions;
     DROP TABLE positions;
     ALTER TABLE indexed_positions RENAME TO positions;
     ALTER TABLE guard_state ADD COLUMN quiet_cause TEXT NOT NULL DEFAULT 'new';
     ALTER TABLE guard_state ADD COLUMN life TEXT NOT NULL DEFAULT '0000000000000000'`,
  ],
} as const
