/** Brings a database to the schema of this version, and refuses what is not ours or newer than us. */
import type { Connection } from './connection.ts'
import { StoreSchemaError } from './errors.ts'
import type { StoreSchemas } from './store.ts'

/** 'Plum' in ASCII, in the header of every database of ours (PRAGMA application_id). */
const APPLICATION_ID = 0x506c756d

/**
 * Each room's migrations run with the note of its new version in one transaction: a crash leaves the old schema or the new.
 * A database that may not be written must have exactly the schema of this version.
 */
export async function migrate(
  connection: Connection,
  schemas: StoreSchemas,
  readOnly: boolean,
): Promise<void> {
  const { path } = connection
  const isNew = await claim(connection, readOnly)
  const versions = isNew ? new Map<string, number>() : await readVersions(connection)
  for (const room of versions.keys()) {
    if (!(room in schemas))
      throw new StoreSchemaError(`${path} has tables of "${room}", unknown here: it needs a newer version`)
  }
  for (const [room, migrations] of Object.entries(schemas)) {
    const version = versions.get(room) ?? 0
    if (version > migrations.length)
      throw new StoreSchemaError(
        `${path} has version ${version} of the "${room}" tables, this program knows up to ${migrations.length}: use the newer program`,
      )
    if (version === migrations.length) continue
    if (readOnly)
      throw new StoreSchemaError(
        `${path} has an older schema ("${room}" ${version} of ${migrations.length}); start the node once to bring it up to date`,
      )
    await connection.script('BEGIN IMMEDIATE')
    try {
      for (const sql of migrations.slice(version)) await connection.script(sql)
      await connection.all('INSERT OR REPLACE INTO schema_versions (room, version) VALUES (?, ?)', [
        room,
        migrations.length,
      ])
      await connection.script('COMMIT')
    } catch (error) {
      // The first failure is the one to tell; SQLite may have rolled back by itself.
      await connection.script('ROLLBACK').catch(() => {})
      throw error
    }
  }
}

/** True when the file was empty and is ours now. */
async function claim(connection: Connection, readOnly: boolean): Promise<boolean> {
  const [header] = await connection.all('PRAGMA application_id')
  if (header?.application_id === APPLICATION_ID) return false
  const [{ count } = { count: 0 }] = await connection.all('SELECT count(*) AS count FROM sqlite_schema')
  if (header?.application_id !== 0 || count !== 0 || readOnly)
    throw new StoreSchemaError(`${connection.path} is not a database of this program; choose another path`)
  await connection.script(
    `BEGIN IMMEDIATE;
     CREATE TABLE schema_versions (room TEXT PRIMARY KEY, version INTEGER NOT NULL);
     PRAGMA application_id = ${APPLICATION_ID};
     COMMIT`,
  )
  return true
}

async function readVersions(connection: Connection): Promise<Map<string, number>> {
  const rows = await connection.all('SELECT room, version FROM schema_versions')
  return new Map(rows.map((row) => [String(row.room), Number(row.version)]))
}
