/** A dataset from its folder: every file held against its hash first, then rows as metrics and reports take them. */
import { join, sep } from 'node:path'
import { defined } from '../../primitives/assert.ts'
import { CriticalError } from '../../primitives/errors.ts'
import { describeFile } from './chunk.ts'
import { type Row, TABLE_NAMES, type TableName } from './column.ts'
import { openDuckDb } from './duckdb.ts'
import { bestFormat, readRows, relationOf } from './files.ts'
import { type DatasetManifest, readManifest } from './manifest.ts'
import { TABLES } from './tables.ts'

export type Dataset = {
  readonly manifest: DatasetManifest
  /** In the table's order. Throws CriticalError for a table that was not asked for. */
  readonly rows: (table: TableName) => readonly Row[]
}

/** Throws CriticalError where there is no dataset, one that is not complete, or a file that is not the one that was written. */
export async function readDataset(dir: string, tables: readonly TableName[] = TABLE_NAMES): Promise<Dataset> {
  const manifest = await readManifest(dir)
  if (manifest === undefined) throw new CriticalError(`${dir} holds no dataset; plumbline export makes one`)
  if (!manifest.isComplete)
    throw new CriticalError(`the dataset in ${dir} is not complete: run the same plumbline export again`)
  await checkFiles(dir, manifest)
  const { connection, close } = await openDuckDb()
  const rows = new Map<TableName, readonly Row[]>()
  try {
    const format = bestFormat(manifest.formats)
    for (const table of TABLES) {
      if (!tables.includes(table.name)) continue
      const relation = relationOf(table, manifest.files, format, `${dir}${sep}`)
      rows.set(table.name, await readRows(connection, table, relation))
    }
  } finally {
    close()
  }
  return { manifest, rows: (table) => defined(rows.get(table), `table ${table} of what was read`) }
}

async function checkFiles(dir: string, { files }: DatasetManifest): Promise<void> {
  for (const { file, sha256 } of files) {
    const found = await describeFile(join(dir, file)).catch((cause: unknown) => {
      throw new CriticalError(`${join(dir, file)} cannot be read; run the same plumbline export again`, {
        cause,
      })
    })
    if (found.sha256 !== sha256)
      throw new CriticalError(
        `${join(dir, file)} is not the file that dataset.json names; run the same plumbline export again`,
      )
  }
}
