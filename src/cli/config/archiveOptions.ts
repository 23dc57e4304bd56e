/** Options of `plumbline archive`. */
import { z } from 'zod'
import { DERIVE_OPTIONS, type OptionSpec } from './options.ts'
import { flag } from './values.ts'

const DIR: OptionSpec = {
  flag: 'archive.dir',
  argument: '<dir>',
  description: 'folder of the archive',
  schema: z.string().min(1),
  default: 'archive',
}

/** What `derive` reads, kept. */
export const ARCHIVE_FETCH_OPTIONS: readonly OptionSpec[] = [
  DIR,
  ...DERIVE_OPTIONS.filter(({ flag }) => flag !== 'l1.archive'),
]
export const ARCHIVE_CHECK_OPTIONS: readonly OptionSpec[] = [
  DIR,
  {
    flag: 'archive.blobs',
    description: 'name every blob, and where it was had',
    schema: flag,
    default: false,
  },
]
