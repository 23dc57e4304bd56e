/** A node's databases, read while it may be running: each question is answered from one moment of them. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChainReader, StoredProposal } from '../../chain/chain.ts'
import { createChain } from '../../chain/sqliteChain.ts'
import { checkIdentity, isInitialised } from '../../derive/genesis.ts'
import { readCursor } from '../../derive/steps.ts'
import { LISTS_SCHEMA } from '../../preconf/lists/lists.ts'
import { PROMISES_SCHEMA } from '../../preconf/promises/book.ts'
import { STREAM_SCHEMA } from '../../preconf/stream/journal.ts'
import { toSafeNumber } from '../../primitives/bigint.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import { fromJson } from '../../primitives/json.ts'
import { createResources } from '../../primitives/resources.ts'
import { CHAIN_STORE_SCHEMAS } from '../../snapshot/chainStore.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { openStore } from '../../store/openStore.ts'
import { openSnapshots } from '../../store/snapshots.ts'
import type { StoreReader } from '../../store/store.ts'
import { firstSeen } from './promiseRows.ts'

const PRECONF_STORE_SCHEMAS = { stream: STREAM_SCHEMA, promises: PROMISES_SCHEMA, lists: LISTS_SCHEMA }

export type NodeView = {
  readonly chain: ChainReader
  /** As it was derived; undefined for one that was not. */
  proposal(id: bigint, hash: Hash): Promise<StoredProposal | undefined>
  /** Promise book and stream journal; absent where the node takes no part in promises. */
  readonly promises?: StoreReader
}

export type NodeData = {
  /** Last L1 block that is derived. */
  readonly derivedTo: number
  readonly hasPromises: boolean
  read<T>(work: (view: NodeView) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Each database has so much page cache, in KiB. */
const CACHE_KIB = 16 * 1024

/** Throws CriticalError where the folder has no chain, or another one than the spec's; the store's errors for another schema. */
export async function openNodeData(dataDir: string, spec: RollupSpec): Promise<NodeData> {
  const path = join(dataDir, 'chain.db')
  if (!(await exists(path)))
    throw new CriticalError(`${dataDir} holds no chain; give the --datadir of a node, or none to derive anew`)
  const derivedTo = await checkChain(path, spec, dataDir)
  const preconfPath = preconfPathOf(dataDir)
  const hasPromises = await exists(preconfPath)
  const { keep, close } = createResources()
  const chain = keep(await openSnapshots({ path, cacheKiB: CACHE_KIB }))
  if (hasPromises) await checkSchema(preconfPath)
  const preconf = hasPromises
    ? keep(await openSnapshots({ path: preconfPath, cacheKiB: CACHE_KIB }))
    : undefined
  return {
    derivedTo,
    hasPromises,
    read: (work) =>
      chain.read(async (store) => {
        const view = { chain: await createChain(store, { cachedBlocks: 1 }), proposal: readProposalOf(store) }
        return preconf === undefined ? work(view) : preconf.read((promises) => work({ ...view, promises }))
      }),
    close,
  }
}

/** When the node's pool first had them, or they were asked about, in milliseconds; empty where it takes no part in promises. */
export async function readFirstSeen(
  dataDir: string,
  hashes: readonly Hash[],
): Promise<ReadonlyMap<Hash, number>> {
  const path = preconfPathOf(dataDir)
  if (!(await exists(path))) return new Map()
  const store = await openStore({ path, schemas: PRECONF_STORE_SCHEMAS, readOnly: true, cacheKiB: CACHE_KIB })
  try {
    return await firstSeen(store, hashes)
  } finally {
    await store.close()
  }
}

const preconfPathOf = (dataDir: string): string => join(dataDir, 'preconf', 'preconf.db')

async function checkChain(path: string, spec: RollupSpec, dataDir: string): Promise<number> {
  const store = await openStore({ path, schemas: CHAIN_STORE_SCHEMAS, readOnly: true, cacheKiB: 1024 })
  try {
    if (!(await isInitialised(store)))
      throw new CriticalError(`${dataDir} holds no chain yet; start its node once`)
    await checkIdentity(store, spec)
    return Number((await readCursor(store)).number)
  } finally {
    await store.close()
  }
}

async function checkSchema(path: string): Promise<void> {
  const store = await openStore({ path, schemas: PRECONF_STORE_SCHEMAS, readOnly: true, cacheKiB: 1024 })
  await store.close()
}

/** Ids restart with the fork family: the hash tells which it is. */
function readProposalOf(store: StoreReader): NodeView['proposal'] {
  return async (id, hash) => {
    const rows = await store.all('SELECT data FROM proposals WHERE id = ? ORDER BY first_block', [
      toSafeNumber(id),
    ])
    return rows
      .map((row) => fromJson<StoredProposal>(row.data as string))
      .find((proposal) => proposal.hash === hash)
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
