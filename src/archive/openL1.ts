/** L1 from wherever it is configured: providers, or an archive in their place. */
import { createL1, type L1Options } from '../l1/createL1.ts'
import type { L1 } from '../l1/l1.ts'
import type { L1Reads } from '../l1/reads.ts'
import { openArchiveL1 } from './archiveL1.ts'
import { createBlobArchiverFolder } from './blobArchiverFolder.ts'

export type OpenL1Options = L1Options & {
  /** Folder of an archive; the endpoints are not asked then. */
  readonly archive?: string
  /** Folders of blobs that base-org/blob-archiver wrote, asked last. */
  readonly blobFolders?: readonly string[]
}

/** As createL1, or openArchiveL1. */
export function openL1({
  archive,
  blobFolders = [],
  ...options
}: OpenL1Options): Promise<L1 & { readonly reads: L1Reads }> {
  const blobSources = blobFolders.map(createBlobArchiverFolder)
  if (archive === undefined) return createL1({ ...options, blobSources })
  const { spec, logger, kzgThreads } = options
  return openArchiveL1({
    ...{ dir: archive, spec, blobSources },
    ...(logger && { logger }),
    ...(kzgThreads !== undefined && { kzgThreads }),
  })
}
