/** Tables of the guard's own database. Rows are never changed but for the signature that is added. */
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
  ],
} as const
