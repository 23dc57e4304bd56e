/**
 * What a block costs the state, and how that grows with the number of accounts.
 *
 * A block touches 1,180 accounts (5 % new, 5 % deleted) and 500 slots of 200 contracts (10 % new, 5 % zeroed), all chosen evenly:
 * no locality helps the caches. Read, root and write are awaited one after the other, each block in a transaction of its own.
 */
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FlatState } from '../src/engine/state/flatState.ts'
import { createFlatState } from '../src/engine/state/flatStateOnStore.ts'
import { STATE_SCHEMAS } from '../src/engine/state/schema.ts'
import type { AccountState, StateChanges, StorageChanges } from '../src/engine/state/source.ts'
import { bigintToBytes } from '../src/primitives/bytes.ts'
import type { Address, Hex } from '../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../src/primitives/keccak.ts'
import { openStore } from '../src/store/openStore.ts'
import type { Store } from '../src/store/store.ts'
import type { BenchRow } from './row.ts'

const CONTRACTS = 200
const ACCOUNTS_TOUCHED = 1_180
const SLOTS_TOUCHED = 500
const BUILD_BATCH = 50_000
const WARM_UP_BLOCKS = 40
const MEASURED_BLOCKS = 20
/** Part of the cached file's name: raise it when the schema or the content changes. */
const BUILD_VERSION = 1

export type StateBenchOptions = { readonly sizes?: readonly number[] }

const STEPS = ['read', 'root', 'write'] as const
type Cost = { readonly wallMs: number; readonly cpuMs: number }

export async function run({ sizes = [10_000, 1_000_000] }: StateBenchOptions = {}): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  const totals: Cost[] = []
  for (const size of sizes) {
    const costs = await measure(size)
    const total = {
      wallMs: costs.reduce((sum, { wallMs }) => sum + wallMs, 0),
      cpuMs: costs.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    }
    totals.push(total)
    for (const [step, { wallMs, cpuMs }] of [
      ...STEPS.map((name, i) => [name, costs[i] ?? total] as const),
      ['total', total] as const,
    ])
      rows.push({
        name: `state, ${size.toLocaleString('en')} accounts: ${step}`,
        value: wallMs,
        unit: 'ms/block',
        note: `${cpuMs.toFixed(1)} ms of CPU in all threads`,
      })
  }
  const [small, large] = [totals[0], totals.at(-1)]
  if (small && large)
    rows.push({
      name: 'state: growth from the smallest to the largest',
      value: large.wallMs / small.wallMs - 1,
      unit: 'ratio',
      note: `${(large.cpuMs / small.cpuMs - 1).toFixed(2)} in CPU; aim: at most 0.33`,
    })
  return rows
}

/** Mean cost of a block's three steps. */
async function measure(accounts: number): Promise<readonly Cost[]> {
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-bench-'))
  const path = join(directory, 'state.sqlite')
  copyFileSync(await build(accounts), path)
  const { store, state } = await open(path)
  try {
    const random = createRandom(7)
    const samples: Cost[][] = []
    for (let i = 0; i < WARM_UP_BLOCKS + MEASURED_BLOCKS; i++) {
      const changes = block(random, accounts, BigInt(i))
      samples.push([
        await costOf(() => readAll(state, changes)),
        await costOf(() => state.stage(state.head.blockNumber + 1n, changes)),
        await costOf(() => commit(store, state)),
      ])
    }
    const measured = samples.slice(WARM_UP_BLOCKS)
    return STEPS.map((_, step) => ({
      wallMs: mean(measured.map((sample) => sample[step]?.wallMs ?? 0)),
      cpuMs: mean(measured.map((sample) => sample[step]?.cpuMs ?? 0)),
    }))
  } finally {
    await store.close()
    rmSync(directory, { recursive: true })
  }
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { wallMs: performance.now() - start, cpuMs: (user + system) / 1_000 }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

async function open(path: string): Promise<{ store: Store; state: FlatState }> {
  const store = await openStore({ path, schemas: { state: STATE_SCHEMAS } })
  return { store, state: await createFlatState({ store }) }
}

async function commit(store: Store, state: FlatState): Promise<void> {
  await store.transaction((transaction) => state.write(transaction))
  state.settle()
}

/** As execution would: every account and slot the block changes is read first, many at a time. */
async function readAll(state: FlatState, changes: StateChanges): Promise<void> {
  const source = state.source()
  await Promise.all([...changes.accounts.keys()].map((address) => source.account(address)))
  const slots = [...changes.storage].flatMap(([address, { slots }]) =>
    [...slots.keys()].map((slot) => ({ address, slot })),
  )
  await Promise.all(slots.map(({ address, slot }) => source.storage(address, slot)))
}

/** Path of a database with that many accounts, a fifth as many slots; built once and kept in the temporary directory. */
async function build(accounts: number): Promise<string> {
  const path = join(tmpdir(), `plumbline-bench-state-${BUILD_VERSION}-${accounts}.sqlite`)
  if (existsSync(path)) return path
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-bench-'))
  const partial = join(directory, 'state.sqlite')
  const store = await openStore({ path: partial, schemas: { state: STATE_SCHEMAS }, cacheKiB: 512 * 1024 })
  const state = await createFlatState({ store, options: { nodeWindowBlocks: 0 } })
  await store.transaction((transaction) => state.writeGenesis(transaction, contracts(accounts)))
  state.settle()
  for (let from = CONTRACTS; from < accounts; from += BUILD_BATCH) {
    const batch = new Map<Address, AccountState>()
    for (let i = from; i < Math.min(from + BUILD_BATCH, accounts); i++)
      batch.set(addressOf(i), account(BigInt(i)))
    await state.stage(state.head.blockNumber + 1n, { accounts: batch, storage: new Map(), code: new Map() })
    await commit(store, state)
  }
  await store.close()
  renameSync(partial, path)
  rmSync(directory, { recursive: true })
  return path
}

function contracts(accounts: number): StateChanges {
  const perContract = slotsPerContract(accounts)
  const storage = new Map<Address, StorageChanges>()
  const states = new Map<Address, AccountState>()
  for (let i = 0; i < CONTRACTS; i++) {
    states.set(addressOf(i), account(1n))
    const slots = new Map<Hex, Uint8Array>()
    for (let n = 0; n < perContract; n++) slots.set(slotOf(n), bigintToBytes(BigInt(1 + n * 7919)))
    storage.set(addressOf(i), { cleared: false, slots })
  }
  return { accounts: states, storage, code: new Map() }
}

function block(random: Random, accounts: number, number: bigint): StateChanges {
  const changed = new Map<Address, AccountState | null>()
  const storage = new Map<Address, { cleared: boolean; slots: Map<Hex, Uint8Array> }>()
  for (let i = 0; i < SLOTS_TOUCHED; i++) {
    const address = addressOf(random(CONTRACTS))
    const target = storage.get(address) ?? { cleared: false, slots: new Map() }
    storage.set(address, target)
    changed.set(address, account(number + 2n))
    const isNew = random(100) < 10
    const slot = slotOf(isNew ? 1_000_000 + random(1_000_000) : random(slotsPerContract(accounts)))
    target.slots.set(slot, random(100) < 5 ? new Uint8Array(0) : bigintToBytes(BigInt(1 + random(2 ** 31))))
  }
  while (changed.size < ACCOUNTS_TOUCHED) {
    const isNew = random(100) < 5
    const address = addressOf(isNew ? 2 ** 31 + random(2 ** 31) : CONTRACTS + random(accounts - CONTRACTS))
    changed.set(address, random(100) < 5 ? null : account(BigInt(random(2 ** 31))))
  }
  return { accounts: changed, storage, code: new Map() }
}

const slotsPerContract = (accounts: number) => Math.ceil(accounts / 5 / CONTRACTS)

function account(seed: bigint): AccountState {
  return {
    nonce: seed % 100n,
    balance: 10n ** 15n + seed,
    storageRoot: EMPTY_TRIE_ROOT,
    codeHash: EMPTY_CODE_HASH,
  }
}

const addressOf = (index: number): Address => `0x${(index * 2_654_435_761).toString(16).padStart(40, '0')}`
const slotOf = (index: number): Hex => `0x${index.toString(16).padStart(64, '0')}`

type Random = (below: number) => number

/** A linear congruential generator: the same blocks in every run. */
function createRandom(seed: number): Random {
  let state = BigInt(seed)
  return (below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn
    return Number((state >> 33n) % BigInt(below))
  }
}
