/** Why a snapshot is not taken. Each name is one way in which it can be wrong; the sentence says what, and what to do. */
import { CriticalError } from '../primitives/errors.ts'

export type SnapshotFault =
  | 'manifestUnreadable'
  | 'manifestTooLarge'
  | 'unknownVersion'
  | 'otherChain'
  | 'otherFileName'
  | 'chunkOutOfBounds'
  | 'chunksOutOfOrder'
  | 'chunkMissing'
  | 'chunkWrongSize'
  | 'chunkWrongHash'
  | 'chunkNotInflatable'
  | 'chunkWrongCount'
  | 'chunkWrongRange'
  | 'recordMalformed'
  | 'leavesOutOfOrder'
  | 'storageIdTaken'
  | 'storageIdOutOfRange'
  | 'storageMissing'
  | 'storageExtra'
  | 'storageRootDiffers'
  | 'codeMissing'
  | 'codeExtra'
  | 'stateRootDiffers'
  | 'countsDiffer'
  | 'headersUnlinked'
  | 'blockBodyDiffers'
  | 'blockNotSupported'
  | 'proposalDiffers'
  | 'notProven'
  | 'otherThanTrusted'

/** The snapshot is refused, and nothing of it is used. */
export class SnapshotError extends CriticalError {
  override readonly name = 'SnapshotError'
  readonly fault: SnapshotFault

  constructor(fault: SnapshotFault, sentence: string, options: { readonly cause?: unknown } = {}) {
    super(`the snapshot is refused (${fault}): ${sentence}`, options)
    this.fault = fault
  }
}
