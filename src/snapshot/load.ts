/**
 * A snapshot into an empty database, or only looked at. What is small and says most comes first: the block, and what L1 says of it; then
 * the leaves, a chunk a transaction, so that a load that was stopped goes on behind the last one; last of all, in one transaction, what
 * makes a chain of it.
 */
import { writeAncestors } from '../chain/ancestors.ts'
import { genesisHeads } from '../chain/heads.ts'
import { createChain } from '../chain/sqliteChain.ts'
import { isInitialised, writeIdentity } from '../derive/genesis.ts'
import { writeStep } from '../derive/steps.ts'
import { clearImported, finishImport, writeImported } from '../engine/state/flatImport.ts'
import { prefetch } from '../primitives/async.ts'
import { CriticalError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { Store, StoreReader, StoreTransaction } from '../store/store.ts'
import { type LinkedHeaders, readBlock, readHeaders, type SnapshotBlock } from './block.ts'
import { unpackChunk } from './chunk.ts'
import { type ConfirmingL1, confirmPlace, confirmProven } from './confirm.ts'
import { SnapshotError } from './errors.ts'
import { type ChunkEntry, checkManifestChain, type Manifest, manifestSum, parseManifest } from './manifest.ts'
import type { SnapshotSource } from './source.ts'
import { createWalk, type Walk } from './walk.ts'

/** Chunks fetched ahead of the one that is worked on. */
const CHUNKS_AHEAD = 2
const TABLES = ['snapshot_tries', 'snapshot_codes', 'snapshot_load']

export type Progress = {
  readonly chunks: number
  readonly chunksTotal: number
  /** Compressed. */
  readonly bytes: number
  readonly bytesTotal: number
}

export type OpenedSnapshot = SnapshotBlock & {
  readonly source: SnapshotSource
  readonly manifest: Manifest
  /** Of the manifest: equal sums, equal snapshots. */
  readonly sum: string
  readonly headers: LinkedHeaders
}

/** Reads what a snapshot says of its block, and holds it against itself. Throws a SnapshotError. */
export async function readSnapshot(
  source: SnapshotSource,
  spec: RollupSpec,
  signal?: AbortSignal,
): Promise<OpenedSnapshot> {
  const bytes = await source.manifest(signal)
  const manifest = parseManifest(bytes)
  checkManifestChain(manifest, spec)
  let headers: LinkedHeaders | undefined
  let block: SnapshotBlock | undefined
  for (const entry of manifest.chunks) {
    if (entry.section !== 'headers' && entry.section !== 'block') continue
    const raw = await unpackChunk(entry, await source.chunk(entry, signal))
    if (entry.section === 'headers') {
      if (headers) throw new SnapshotError('chunksOutOfOrder', 'it lists more than one chunk of headers')
      headers = readHeaders(entry, raw, manifest)
      checkEnds(entry, headers[0]?.hash, headers.at(-1)?.hash)
    } else if (headers) {
      block = readBlock(spec, entry, raw, headers)
      checkEnds(entry, block.block.hash, block.block.hash)
    }
  }
  if (!headers || !block) throw new SnapshotError('chunkMissing', 'it has no block')
  const { proposal } = block
  if (
    proposal.id !== BigInt(manifest.proposal.id) ||
    proposal.hash !== manifest.proposal.hash ||
    proposal.l1.blockHash !== manifest.l1.hash ||
    proposal.l1.blockNumber !== BigInt(manifest.l1.number)
  )
    throw new SnapshotError('proposalDiffers', 'its manifest names another proposal than its block')
  return { source, manifest, sum: manifestSum(bytes), headers, ...block }
}

function checkEnds(entry: ChunkEntry, first: Hash | undefined, last: Hash | undefined): void {
  if (entry.first !== first || entry.last !== last)
    throw new SnapshotError(
      'chunkWrongRange',
      `${entry.file} reaches from ${first} to ${last}, said is ${entry.first} to ${entry.last}`,
    )
}

export type Trust =
  /** L1 must hold the block for proven. */
  | { readonly type: 'proven' }
  /** The operator vouches for the block. */
  | { readonly type: 'hash'; readonly hash: Hash }

/** Throws a SnapshotError unless L1 has the proposal in its place, and the block is proven or the one that the operator vouches for. */
export async function confirmSnapshot(
  deps: { readonly l1: ConfirmingL1; readonly spec: RollupSpec; readonly signal?: AbortSignal },
  snapshot: OpenedSnapshot,
  trust: Trust,
): Promise<void> {
  const { manifest } = snapshot
  if (trust.type === 'proven') await confirmProven(deps, manifest, snapshot.block.header.timestamp)
  else checkTrusted(manifest, trust.hash)
  await confirmPlace(deps, manifest, snapshot)
}

export function checkTrusted({ block }: Pick<Manifest, 'block'>, hash: Hash): void {
  if (block.hash === hash) return
  throw new SnapshotError(
    'otherThanTrusted',
    `its block ${block.number} is ${block.hash}, vouched for is ${hash}`,
  )
}

export type LoadOptions = {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

/**
 * Builds every trie from the leaves and compares the roots; keeps nothing. `store` is a scratch of the snapshot's own tables. Throws a
 * SnapshotError.
 */
export async function verifyLeaves(
  store: Store,
  snapshot: OpenedSnapshot,
  options: LoadOptions = {},
): Promise<void> {
  const walk = createWalk(snapshot.manifest)
  for await (const { entry, raw } of readLeaves(snapshot, 0, options))
    await store.transaction((transaction) => walk.take(transaction, entry, raw))
  await store.transaction((transaction) => walk.finish(transaction))
}

/** Whether a snapshot was begun and not finished: then nothing but the same snapshot, or an empty directory, may go on. */
export async function isLoading(store: StoreReader): Promise<boolean> {
  return (await store.get('SELECT 1 FROM snapshot_load LIMIT 1')) !== undefined
}

/**
 * Loads a confirmed snapshot into a database that holds no chain. What another load left is gone on with if it was of this very snapshot, and
 * thrown away otherwise. Throws a SnapshotError; the database then still holds no chain.
 */
export async function loadSnapshot(
  store: Store,
  spec: RollupSpec,
  snapshot: OpenedSnapshot,
  trust: Trust,
  options: LoadOptions = {},
): Promise<void> {
  const { manifest, sum } = snapshot
  if (await isInitialised(store))
    throw new CriticalError('the data directory holds a chain already; give an empty one')
  const begun = await beginLoad(store, sum)
  const walk = createWalk(manifest, begun.walk)
  for await (const { entry, raw, index } of readLeaves(snapshot, begun.chunks, options)) {
    await store.transaction(async (transaction) => {
      await writeImported(transaction, await walk.take(transaction, entry, raw))
      await transaction.run('UPDATE snapshot_load SET chunks = ?, walk = ?', [index + 1, walk.save()])
    })
  }
  await store.transaction((transaction) => finishLoad(transaction, { spec, snapshot, walk, trust }))
}

async function beginLoad(
  store: Store,
  sum: string,
): Promise<{ readonly chunks: number; readonly walk?: string }> {
  const row = await store.get('SELECT manifest, chunks, walk FROM snapshot_load')
  if (row?.manifest === sum) {
    const walk = row.walk as string
    return { chunks: row.chunks as number, ...(walk !== '' && { walk }) }
  }
  await store.transaction(async (transaction) => {
    await clearImported(transaction)
    await clearTables(transaction)
    await transaction.run(`INSERT INTO snapshot_load (manifest, chunks, walk) VALUES (?, 0, '')`, [sum])
  })
  return { chunks: 0 }
}

async function clearTables(transaction: StoreTransaction): Promise<void> {
  for (const table of TABLES) await transaction.run(`DELETE FROM ${table}`)
}

async function finishLoad(
  transaction: StoreTransaction,
  {
    spec,
    snapshot,
    walk,
    trust,
  }: {
    readonly spec: RollupSpec
    readonly snapshot: OpenedSnapshot
    readonly walk: Walk
    readonly trust: Trust
  },
): Promise<void> {
  const { manifest, headers, block, origin, proposal } = snapshot
  const { number, hash } = { number: block.header.number, hash: block.hash }
  await writeImported(transaction, await walk.finish(transaction))
  await finishImport(transaction, {
    blockNumber: number,
    stateRoot: block.header.stateRoot,
    nextStorageId: manifest.state.nextStorageId,
  })
  await writeAncestors(transaction, headers.slice(0, -1))
  const chain = await createChain(transaction)
  await chain.append(transaction, [{ block, origin }])
  await chain.writeProposal(transaction, proposal)
  // Which L1 blocks are final is for the consensus layer to say, as soon as it is followed; until then only genesis is.
  const genesis = { number: 0n, hash: manifest.chain.genesis }
  const executable = trust.type === 'proven' ? { number, hash } : genesis
  await chain.setHeads(transaction, { ...genesisHeads({ number, hash }), finalized: genesis, executable })
  await writeStep(transaction, {
    number: proposal.l1.blockNumber,
    hash: proposal.l1.blockHash,
    safe: { number, hash },
    executable,
  })
  await clearTables(transaction)
  await writeIdentity(transaction, spec)
}

type Leaves = { readonly entry: ChunkEntry; readonly raw: Uint8Array; readonly index: number }

/** The chunks of leaves from the one with this index among them, each checked and unpacked; a few ahead. */
async function* readLeaves(
  { source, manifest }: OpenedSnapshot,
  from: number,
  { onProgress, signal }: LoadOptions,
): AsyncGenerator<Leaves> {
  const chunks = manifest.chunks.filter(({ section }) => section !== 'headers' && section !== 'block')
  const bytesTotal = chunks.reduce((sum, { bytes }) => sum + bytes, 0)
  let bytes = chunks.slice(0, from).reduce((sum, entry) => sum + entry.bytes, 0)
  async function* unpacked(): AsyncGenerator<Leaves> {
    for (const [index, entry] of chunks.entries()) {
      if (index < from) continue
      signal?.throwIfAborted()
      yield { entry, index, raw: await unpackChunk(entry, await source.chunk(entry, signal)) }
    }
  }
  for await (const leaves of prefetch(unpacked(), CHUNKS_AHEAD)) {
    signal?.throwIfAborted()
    yield leaves
    bytes += leaves.entry.bytes
    onProgress?.({ chunks: leaves.index + 1, chunksTotal: chunks.length, bytes, bytesTotal })
  }
}
