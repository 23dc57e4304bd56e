/** The promise book's migrations. A promise is written once; only its signature and what came of it are added. */
export const PROMISES_SCHEMA = [
  `CREATE TABLE promises (
     id INTEGER PRIMARY KEY,
     hash TEXT NOT NULL UNIQUE,
     type INTEGER NOT NULL,
     payload BLOB NOT NULL,
     request_hash TEXT NOT NULL,
     slasher TEXT NOT NULL,
     signer TEXT NOT NULL,
     is_ours INTEGER NOT NULL,
     requested_at INTEGER NOT NULL,
     answered_at INTEGER,
     signature TEXT,
     slot INTEGER NOT NULL,
     deadline INTEGER NOT NULL,
     window_end INTEGER NOT NULL,
     transaction_hash TEXT,
     sender TEXT,
     block_number INTEGER,
     parent_hash TEXT,
     receipt TEXT,
     outcome TEXT NOT NULL DEFAULT 'pending',
     is_final INTEGER NOT NULL DEFAULT 0,
     had_landed INTEGER NOT NULL DEFAULT 0,
     reason TEXT,
     broken_by TEXT,
     landed_number INTEGER,
     landed_hash TEXT,
     l1_number INTEGER,
     l1_hash TEXT
   );
   CREATE INDEX promises_by_request ON promises (request_hash) WHERE type <> 2;
   CREATE INDEX promises_by_transaction ON promises (transaction_hash) WHERE transaction_hash IS NOT NULL;
   CREATE INDEX promises_by_block ON promises (block_number) WHERE block_number IS NOT NULL;
   CREATE INDEX promises_unsettled ON promises (type, window_end) WHERE is_final = 0;
   CREATE TABLE promise_cursor (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     safe_number INTEGER NOT NULL,
     safe_hash TEXT NOT NULL
   );
   CREATE TABLE head_marks (
     head TEXT NOT NULL,
     number INTEGER NOT NULL,
     at INTEGER NOT NULL,
     PRIMARY KEY (head, number)
   ) WITHOUT ROWID;
   CREATE TABLE tip_prices (
     since INTEGER PRIMARY KEY,
     tip BLOB NOT NULL
   )`,
  // When the pool first had a transaction, in milliseconds since 1970.
  `CREATE TABLE first_seen (
     id INTEGER PRIMARY KEY,
     hash BLOB NOT NULL UNIQUE,
     at INTEGER NOT NULL
   )`,
  // What is judged at every block, however long promises are kept.
  `CREATE INDEX promises_pending ON promises (block_number, window_end) WHERE is_final = 0 AND outcome = 'pending';
   CREATE INDEX promises_landed ON promises (landed_number) WHERE is_final = 0`,
  // L1's price is told as well, from here on.
  `CREATE TABLE prices (
     layer TEXT NOT NULL,
     since INTEGER NOT NULL,
     tip BLOB NOT NULL,
     PRIMARY KEY (layer, since)
   ) WITHOUT ROWID;
   INSERT INTO prices SELECT 'l2', since, tip FROM tip_prices;
   DROP TABLE tip_prices;
   ALTER TABLE prices RENAME TO tip_prices`,
] as const
