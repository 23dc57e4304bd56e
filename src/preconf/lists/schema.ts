/** Tables of inclusion lists. A list is never changed; a verdict is replaced when L1 says something else. */
export const LISTS_SCHEMA = [
  `
CREATE TABLE lists (
  window_end INTEGER NOT NULL,
  committer TEXT NOT NULL,
  -- 0, and 1 for a second list that differs.
  position INTEGER NOT NULL,
  first_slot INTEGER NOT NULL,
  last_slot INTEGER NOT NULL,
  is_named INTEGER NOT NULL,
  -- SignedListJson.
  data TEXT NOT NULL,
  -- Milliseconds since the Unix epoch.
  received_at INTEGER NOT NULL,
  PRIMARY KEY (window_end, committer, position)
) WITHOUT ROWID;
CREATE TABLE list_verdicts (
  window_end INTEGER NOT NULL,
  committer TEXT NOT NULL,
  is_final INTEGER NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (window_end, committer)
) WITHOUT ROWID;
`,
  // Of the operator whose bond answers, where the schedule names one.
  'ALTER TABLE lists ADD COLUMN registration_root TEXT',
] as const
