/** Snapshots of simulated chains: grown, proven on L1, written to a directory and loaded from it. */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hash } from '../../src/primitives/hex.ts'
import { beginWithSnapshot } from '../../src/snapshot/begin.ts'
import { CHAIN_STORE_SCHEMAS } from '../../src/snapshot/chainStore.ts'
import { type CreateOptions, createSnapshot } from '../../src/snapshot/create.ts'
import type { LoadOptions, Trust } from '../../src/snapshot/load.ts'
import { SNAPSHOT_SCHEMA } from '../../src/snapshot/schema.ts'
import { openSnapshot, type SnapshotSource } from '../../src/snapshot/source.ts'
import type { RollupSpec } from '../../src/spec/rollupSpec.ts'
import { openStore } from '../../src/store/openStore.ts'
import { openSnapshots } from '../../src/store/snapshots.ts'
import type { Store } from '../../src/store/store.ts'
import type { connectL1 } from './derive/harness.ts'
import { type Harness, specOf } from './derive/harness.ts'
import type { SimulatedL1 } from './l1/simulatedL1.ts'

type ConnectedL1 = Awaited<ReturnType<typeof connectL1>>

export function temporaryDirectory(): { readonly path: string; remove(): Promise<void> } {
  const path = mkdtempSync(join(tmpdir(), 'plumbline-snapshot-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** The spec of a simulated chain, whose checkpoints lie in the simulated signal service. */
export function provenSpecOf(sim: SimulatedL1): RollupSpec {
  const spec = specOf(sim)
  return { ...spec, l1: { ...spec.l1, checkpoints: { store: sim.config.signalService, slot: 1n } } }
}

/** L1 takes the node's safe head for proven; it must end a proposal. */
export async function proveHead(
  sim: SimulatedL1,
  node: Harness,
): Promise<{ readonly number: bigint; readonly hash: Hash }> {
  const { safe } = node.chain.heads()
  const lastProposalId = (await node.chain.origin(safe.number))!.proposalId
  const { header, hash } = (await node.chain.headerByNumber(safe.number))!
  sim.prove({
    lastProposalId,
    checkpoint: { blockNumber: header.number, blockHash: hash, stateRoot: header.stateRoot },
  })
  return safe
}

export async function openScratch(): Promise<Store> {
  return openStore({ path: ':memory:', schemas: { snapshot: [SNAPSHOT_SCHEMA] } })
}

/** From the database at `path`, which its node may have open. */
export async function createFrom(
  path: string,
  directory: string,
  spec: RollupSpec,
  options: CreateOptions = {},
) {
  const snapshots = await openSnapshots({ path, cacheKiB: 1024 })
  const scratch = await openScratch()
  try {
    return await createSnapshot({ spec, snapshots, scratch, directory }, options)
  } finally {
    await scratch.close()
    await snapshots.close()
  }
}

/** Into the database at `path`, which is closed then. */
export async function loadInto(
  path: string,
  input: {
    readonly l1: ConnectedL1
    readonly spec: RollupSpec
    readonly source: SnapshotSource | string
    readonly trust?: Trust
    readonly wrapStore?: (store: Store) => Store
  },
  options: LoadOptions = {},
) {
  const { l1, spec, trust = { type: 'proven' } } = input
  const source = typeof input.source === 'string' ? openSnapshot(input.source) : input.source
  const store = await openStore({ path, schemas: CHAIN_STORE_SCHEMAS })
  try {
    return await beginWithSnapshot(
      { store: input.wrapStore?.(store) ?? store, spec, l1, source, trust },
      options,
    )
  } finally {
    await store.close()
  }
}

/** Rows of blocks above `number`, the heads, and the state as it is; what is kept of the time before is another matter. */
export async function contentAbove(node: Harness, number: bigint): Promise<string[]> {
  const dump = (await node.dump()).split('\n')
  const rows: string[] = []
  for (const line of dump) {
    const match = /^(\w+) (\[.*)$/.exec(line)
    const table = match?.[1]
    if (table === undefined || table === 'transactions') continue
    if (['state_flat', 'state_nodes', 'state_code', 'heads'].includes(table)) rows.push(line)
  }
  for (const [table, column] of Object.entries({
    blocks: 'number',
    origins: 'block_number',
    proposals: 'first_block',
    state_blocks: 'number',
  }))
    for (const row of await node.store.all(`SELECT * FROM ${table} WHERE ${column} > ? ORDER BY ${column}`, [
      number,
    ]))
      rows.push(
        `${table} ${JSON.stringify(row, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value))}`,
      )
  for (const row of await node.store.all('SELECT hex(k) AS k, hex(v) AS v FROM state_history ORDER BY k')) {
    const block = BigInt(`0x${String(row.k).slice(72)}`)
    if (block > number) rows.push(`state_history ${row.k} ${row.v}`)
  }
  return rows
}
