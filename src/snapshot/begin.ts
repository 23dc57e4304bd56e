/** How a node without a chain begins with a snapshot: read, held against L1, loaded; or gone on with where it was stopped. */
import { isInitialised } from '../derive/genesis.ts'
import { CriticalError } from '../primitives/errors.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { Store, StoreReader } from '../store/store.ts'
import type { ConfirmingL1 } from './confirm.ts'
import {
  checkTrusted,
  confirmSnapshot,
  isLoading,
  type LoadOptions,
  loadSnapshot,
  readSnapshot,
  type Trust,
} from './load.ts'
import type { SnapshotSource } from './source.ts'

/** A snapshot was begun and not finished, and nobody says what to do about it. */
export class UnfinishedLoadError extends CriticalError {
  override readonly name = 'UnfinishedLoadError'
}

/** Throws UnfinishedLoadError for a database that is neither empty nor a chain. */
export async function assertNotLoading(store: StoreReader): Promise<void> {
  if ((await isInitialised(store)) || !(await isLoading(store))) return
  throw new UnfinishedLoadError(
    'this data directory holds a snapshot that was not loaded to its end; give the same --sync.checkpoint to go on, or delete the directory',
  )
}

export type Beginning = { readonly blockNumber: bigint; readonly hash: string; readonly sum: string }

/** Throws a SnapshotError, and the database then holds no chain. */
export async function beginWithSnapshot(
  deps: {
    readonly store: Store
    readonly spec: RollupSpec
    readonly l1: ConfirmingL1
    readonly source: SnapshotSource
    readonly trust: Trust
  },
  options: LoadOptions & { readonly onConfirmed?: (beginning: Beginning) => void } = {},
): Promise<Beginning> {
  const { store, spec, l1, source, trust } = deps
  const { signal } = options
  const snapshot = await readSnapshot(source, spec, signal)
  if (trust.type === 'hash') checkTrusted(snapshot.manifest, trust.hash)
  await confirmSnapshot({ l1, spec, ...(signal && { signal }) }, snapshot, trust)
  const { header, hash } = snapshot.block
  const beginning = { blockNumber: header.number, hash, sum: snapshot.sum }
  options.onConfirmed?.(beginning)
  await loadSnapshot(store, spec, snapshot, trust, options)
  return beginning
}
