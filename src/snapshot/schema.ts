/** Tables of a load under way. Empty before and after. */
export const SNAPSHOT_SCHEMA = `
-- k: storage id (4 bytes). v: the storage root that an account has.
CREATE TABLE snapshot_tries (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;
-- k: hash of code that an account has. v: one byte.
CREATE TABLE snapshot_codes (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;
-- One row: which snapshot is being loaded, and how far.
CREATE TABLE snapshot_load (manifest TEXT NOT NULL, chunks INTEGER NOT NULL, walk TEXT NOT NULL);
`
