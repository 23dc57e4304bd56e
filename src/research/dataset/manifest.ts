/** dataset.json: what a dataset is, of what, made by which code, and every file of it with its hash. No time of day is in it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CriticalError } from '../../primitives/errors.ts'
import { writeWhole } from '../../primitives/files.ts'
import { FORMATS, TABLE_NAMES } from './column.ts'
import { labelList } from './labels.ts'
import { TABLES } from './tables.ts'

export const DATASET_FORMAT = 'plumbline-dataset-1'
export const MANIFEST_FILE = 'dataset.json'

const count = z.int().min(0)

const file = z.strictObject({
  table: z.enum(TABLE_NAMES),
  file: z.string().regex(/^[0-9A-Za-z_.-]+$/),
  rows: count,
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

const manifest = z.strictObject({
  format: z.literal(DATASET_FORMAT),
  /** False: the export was stopped; running it again goes on. */
  isComplete: z.boolean(),
  network: z.string(),
  l1ChainId: z.string(),
  l2ChainId: z.string(),
  inbox: z.string(),
  /** First and last L1 block, and the last one's hash. */
  range: z.strictObject({ from: count, to: count, toHash: z.string() }),
  chunkSize: count.min(1),
  formats: z.array(z.enum(FORMATS)).min(1),
  code: z.strictObject({ version: z.string(), commit: z.string() }),
  /** Seconds, or null where the inbox could not be asked. */
  forcedInclusionDelay: count.nullable(),
  labels: labelList,
  tables: z.array(
    z.strictObject({
      name: z.string(),
      definition: z.string(),
      orderBy: z.array(z.string()),
      columns: z.array(
        z.strictObject({
          name: z.string(),
          type: z.string(),
          isNullable: z.boolean(),
          definition: z.string(),
        }),
      ),
    }),
  ),
  files: z.array(file),
  /** What is absent, and why. */
  notes: z.array(z.string()),
})
export type DatasetManifest = z.infer<typeof manifest>

/** What two runs must agree on to be one export. */
export type DatasetIdentity = Omit<DatasetManifest, 'format' | 'tables' | 'files' | 'notes' | 'isComplete'>

export function createManifest(identity: DatasetIdentity): DatasetManifest {
  return {
    format: DATASET_FORMAT,
    isComplete: false,
    ...identity,
    tables: TABLES.map(({ name, definition, orderBy, columns }) => ({
      name,
      definition,
      orderBy: [...orderBy],
      columns: columns.map((column) => ({
        name: column.name,
        type: column.type,
        isNullable: column.isNullable ?? false,
        definition: column.definition,
      })),
    })),
    files: [],
    notes: [],
  }
}

/** Whether what `known` has is what an export as `wanted` would make. */
export function isSameExport(known: DatasetManifest, wanted: DatasetManifest): boolean {
  const identityOf = (each: DatasetManifest) =>
    JSON.stringify({ ...each, isComplete: false, files: [], notes: [] })
  return identityOf(known) === identityOf(wanted)
}

/** Undefined if there is no dataset in the folder. CriticalError for a file that is none of ours. */
export async function readManifest(dir: string): Promise<DatasetManifest | undefined> {
  const path = join(dir, MANIFEST_FILE)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const parsed = manifest.safeParse(parseJson(text, path))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new CriticalError(
    `${path} is not of this version: ${issue?.path.join('.')} ${issue?.message}; export anew`,
  )
}

export async function writeManifest(dir: string, written: DatasetManifest): Promise<void> {
  await writeWhole(join(dir, MANIFEST_FILE), `${JSON.stringify(written, null, 2)}\n`)
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CriticalError(`${path} is not valid JSON; export anew`, { cause })
  }
}
