/**
 * A snapshot of 1,000,000 accounts and 1,000,000 slots in 200 contracts: created, verified, loaded. CPU of all threads, and the most memory the
 * process holds meanwhile.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHAIN_SCHEMAS } from '../src/chain/schema.ts'
import { createChain } from '../src/chain/sqliteChain.ts'
import { DERIVE_SCHEMA } from '../src/derive/schema.ts'
import { createFlatState } from '../src/engine/state/flatStateOnStore.ts'
import { STATE_SCHEMAS } from '../src/engine/state/schema.ts'
import type { AccountState, StorageChanges } from '../src/engine/state/source.ts'
import { bigintToBytes } from '../src/primitives/bytes.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH, headerHash } from '../src/primitives/header.ts'
import {
  type Address,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256Hex } from '../src/primitives/keccak.ts'
import { orderedTrieRoot } from '../src/primitives/orderedTrie.ts'
import { BLOOM_BYTES, encodeReceipt, type Receipt } from '../src/primitives/receipt.ts'
import { buildAnchorTransaction } from '../src/protocol/anchorTransaction.ts'
import { GOLDEN_TOUCH_ADDRESS } from '../src/protocol/goldenTouch.ts'
import { encodeAnchorV4 } from '../src/protocol/shasta/anchor.ts'
import { shastaExtraData } from '../src/protocol/shasta/attributes.ts'
import { createSnapshot } from '../src/snapshot/create.ts'
import { loadSnapshot, readSnapshot, verifyLeaves } from '../src/snapshot/load.ts'
import { SNAPSHOT_SCHEMA } from '../src/snapshot/schema.ts'
import { openSnapshot } from '../src/snapshot/source.ts'
import { createDevnetSpec } from '../src/spec/devnet.ts'
import { openStore } from '../src/store/openStore.ts'
import { openSnapshots } from '../src/store/snapshots.ts'
import type { Store } from '../src/store/store.ts'
import type { BenchRow } from './row.ts'

const CONTRACTS = 200
const BUILD_BATCH = 25_000
const CACHE_KIB = 64 * 1024
const SAMPLE_MS = 50
const L2_CHAIN_ID = 167_001n
const SCHEMAS = {
  ...{ state: STATE_SCHEMAS, chain: CHAIN_SCHEMAS, derive: [DERIVE_SCHEMA] },
  snapshot: [SNAPSHOT_SCHEMA],
}
const SPEC = createDevnetSpec({
  ...{
    l1ChainId: 1n,
    l2ChainId: L2_CHAIN_ID,
    inbox: ZERO_ADDRESS,
    startBlock: 1n,
    genesisTime: 0n,
    secondsPerSlot: 12n,
  },
  genesis: { hash: ZERO_HASH, stateRoot: ZERO_HASH },
})

export async function run({ leaves = 1_000_000 }: { readonly leaves?: number } = {}): Promise<BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-bench-'))
  const at = (name: string) => join(directory, name)
  const scratch = () =>
    openStore({ path: at('scratch.db'), schemas: { snapshot: [SNAPSHOT_SCHEMA] }, cacheKiB: 16 * 1024 })
  const rows: BenchRow[] = []
  const size = `${leaves.toLocaleString('en')} accounts and as many slots`
  const measure = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const memory = process.memoryUsage().rss
    let peak = memory
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss)
    }, SAMPLE_MS)
    const cpu = process.cpuUsage()
    const start = performance.now()
    const result = await work().finally(() => clearInterval(timer))
    const { user, system } = process.cpuUsage(cpu)
    const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
    rows.push({
      name: `snapshot, ${size}: ${name}`,
      value: (performance.now() - start) / 1_000,
      unit: 's',
      note: `${((user + system) / 1e6).toFixed(1)} s of CPU in all threads; memory ${megabytes(memory)}, at most ${megabytes(peak)}`,
    })
    return result
  }
  try {
    const block = await build(at('node.db'), leaves)
    const snapshots = await openSnapshots({ path: at('node.db'), cacheKiB: CACHE_KIB })
    const first = await scratch()
    const created = await measure('create', () =>
      createSnapshot({ spec: SPEC, snapshots, scratch: first, directory: at('snapshot') }, { block }),
    )
    await first.close()
    await snapshots.close()
    rows.push({
      name: `snapshot, ${size}: size`,
      value: created.bytes / 1e6,
      unit: 'MB',
      note: `${(created.bytes / (2 * leaves)).toFixed(1)} bytes a leaf, ${created.manifest.chunks.length} chunks`,
    })
    rmSync(at('scratch.db'))
    const snapshot = await readSnapshot(openSnapshot(at('snapshot')), SPEC)
    const second = await scratch()
    await measure('verify', () => verifyLeaves(second, snapshot))
    await second.close()
    const store = await openStore({ path: at('loaded.db'), schemas: SCHEMAS, cacheKiB: CACHE_KIB })
    await measure('load', () =>
      loadSnapshot(store, SPEC, snapshot, { type: 'hash', hash: snapshot.block.hash }),
    )
    await store.close()
    return rows
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A database with the state, grown block by block; the last block is one that a proposal brought. Answers its number. */
async function build(path: string, leaves: number): Promise<bigint> {
  const store = await openStore({ path, schemas: SCHEMAS, cacheKiB: CACHE_KIB })
  const state = await createFlatState({ store, options: { nodeWindowBlocks: 0 } })
  const nothing = { accounts: new Map(), storage: new Map(), code: new Map() }
  await store.transaction((transaction) => state.writeGenesis(transaction, nothing))
  state.settle()
  const blocks = Math.ceil(leaves / BUILD_BATCH)
  for (let block = 0; block < blocks; block++) {
    const accounts = new Map<Address, AccountState>()
    for (let i = block * BUILD_BATCH; i < Math.min(leaves, (block + 1) * BUILD_BATCH); i++)
      accounts.set(addressOf(i), account(BigInt(i)))
    const owners = [...accounts.keys()].slice(0, Math.ceil(CONTRACTS / blocks))
    const storage = storageOf(owners, Math.floor(accounts.size / owners.length), block)
    await state.stage(state.head.blockNumber + 1n, { accounts, storage, code: new Map() })
    await store.transaction((transaction) => state.write(transaction))
    state.settle()
  }
  const { blockNumber, stateRoot } = state.head
  await writeChain(store, blockNumber, stateRoot)
  await store.close()
  return blockNumber
}

async function writeChain(store: Store, number: bigint, stateRoot: Hash): Promise<void> {
  const anchorBlock = {
    number: 1n,
    hash: ZERO_HASH,
    parentHash: ZERO_HASH,
    timestamp: 1n,
    stateRoot: ZERO_HASH,
  }
  const raw = buildAnchorTransaction({
    ...{ chainId: L2_CHAIN_ID, nonce: 0n, gasLimit: 1_000_000n, baseFeePerGas: 1n, to: SPEC.l2.anchor },
    data: encodeAnchorV4(anchorBlock),
  })
  const receipt: Receipt = { type: 2, succeeded: true, cumulativeGasUsed: 21_000n, logs: [] }
  const before = [headerOf({ number: 0n })]
  for (let at = 1n; at < number; at++)
    before.push(headerOf({ number: at, parentHash: headerHash(before.at(-1) as BlockHeader) }))
  const header = headerOf({
    ...{
      number,
      parentHash: headerHash(before.at(-1) as BlockHeader),
      stateRoot,
      gasUsed: 21_000n,
      timestamp: 1n,
    },
    extraData: shastaExtraData(0, 1n),
    transactionsRoot: orderedTrieRoot([raw]),
    receiptsRoot: orderedTrieRoot([encodeReceipt(receipt)]),
  })
  const hash = headerHash(header)
  const l1 = { blockNumber: 2n, blockHash: ZERO_HASH, transactionHash: ZERO_HASH, logIndex: 0 }
  const chain = await createChain(store)
  const ends = { to: SPEC.l2.anchor, gasUsed: 21_000n, effectiveGasPrice: 1n, createdContract: null, receipt }
  await store.transaction(async (transaction) => {
    await chain.append(transaction, [
      ...before.map((earlier) => ({
        block: { hash: headerHash(earlier), header: earlier, transactions: [], size: 600 },
        origin: undefined,
      })),
      {
        block: {
          hash,
          header,
          size: 900,
          transactions: [{ raw, hash: keccak256Hex(raw), sender: GOLDEN_TOUCH_ADDRESS, ...ends }],
        },
        origin: {
          ...{
            fork: 'unzen',
            proposalId: 1n,
            sourceIndex: 0,
            isForcedInclusion: false,
            indexInSource: 0,
            anchorBlock,
          },
          ...{ listed: [], dropped: [] },
        },
      },
    ])
    await chain.writeProposal(transaction, {
      ...{ id: 1n, fork: 'unzen', hash: ZERO_HASH, proposer: ZERO_ADDRESS, timestamp: 1n, l1 },
      ...{ firstBlock: number, lastBlock: number, sources: [] },
    })
    const at = { number, hash }
    await chain.setHeads(transaction, { latest: at, safe: at, finalized: at, executable: at })
  })
}

function headerOf(fields: Partial<BlockHeader> & Pick<BlockHeader, 'number'>): BlockHeader {
  return {
    ...{
      parentHash: ZERO_HASH,
      ommersHash: EMPTY_OMMERS_HASH,
      coinbase: ZERO_ADDRESS,
      stateRoot: EMPTY_TRIE_ROOT,
    },
    ...{
      transactionsRoot: EMPTY_TRIE_ROOT,
      receiptsRoot: EMPTY_TRIE_ROOT,
      logsBloom: new Uint8Array(BLOOM_BYTES),
    },
    ...{ difficulty: 0n, gasLimit: 30_000_000n, gasUsed: 0n, timestamp: 0n, extraData: new Uint8Array(0) },
    ...{ mixHash: ZERO_HASH, nonce: new Uint8Array(8), baseFeePerGas: 1n },
    ...fields,
  }
}

function storageOf(
  contracts: readonly Address[],
  slotsEach: number,
  block: number,
): Map<Address, StorageChanges> {
  const slots = (owner: number): Map<Hex, Uint8Array> =>
    new Map(
      Array.from({ length: slotsEach }, (_, n) => [
        keccak256Hex(
          hexToBytes(`0x${((block * CONTRACTS + owner) * slotsEach + n).toString(16).padStart(64, '0')}`),
        ),
        bigintToBytes(BigInt(1 + n) * 10n ** 15n),
      ]),
    )
  return new Map(contracts.map((address, owner) => [address, { cleared: false, slots: slots(owner) }]))
}

function account(seed: bigint): AccountState {
  return {
    nonce: seed % 100n,
    balance: 10n ** 15n + seed,
    storageRoot: EMPTY_TRIE_ROOT,
    codeHash: EMPTY_CODE_HASH,
  }
}

function addressOf(index: number): Address {
  return `0x${keccak256Hex(hexToBytes(`0x${index.toString(16).padStart(16, '0')}`)).slice(2, 42)}`
}
