/** A database file with a chain and its state, written block by block and read by call processes. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoredBlock } from '../../src/chain/chain.ts'
import { genesisHeads } from '../../src/chain/heads.ts'
import { CHAIN_SCHEMAS } from '../../src/chain/schema.ts'
import { createChain } from '../../src/chain/sqliteChain.ts'
import { createFlatState } from '../../src/engine/state/flatStateOnStore.ts'
import { STATE_SCHEMAS } from '../../src/engine/state/schema.ts'
import type { StateChanges } from '../../src/engine/state/source.ts'
import { headerHash } from '../../src/primitives/header.ts'
import { type Address, type Hex, hexToBytes, ZERO_HASH } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256Hex } from '../../src/primitives/keccak.ts'
import { logsBloom } from '../../src/primitives/receipt.ts'
import type { StatePlace } from '../../src/rpc/deps.ts'
import { openStore } from '../../src/store/openStore.ts'
import { emptyBlock } from './rpcFakes.ts'

/** A directory of the test's own. */
export async function temporaryDatabase(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'plumbline-'))
  return {
    path: join(directory, 'chain.db'),
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

/** A contract with this code, and these storage slots (a number for a number). */
export function contractChanges(
  address: Address,
  code: Hex,
  slots: Readonly<Record<number, number>> = {},
): StateChanges {
  const bytes = hexToBytes(code)
  const codeHash = keccak256Hex(bytes)
  const account = { nonce: 1n, balance: 10n ** 18n, storageRoot: EMPTY_TRIE_ROOT, codeHash }
  return {
    accounts: new Map([[address, account]]),
    storage: new Map([[address, slotChanges(slots)]]),
    code: new Map([[codeHash, bytes]]),
  }
}

/** Only storage of an account that is there already. */
export function storageChanges(address: Address, slots: Readonly<Record<number, number>>): StateChanges {
  return { accounts: new Map(), storage: new Map([[address, slotChanges(slots)]]), code: new Map() }
}

function slotChanges(slots: Readonly<Record<number, number>>) {
  const entries = Object.entries(slots).map(
    ([slot, value]) =>
      [
        `0x${Number(slot).toString(16).padStart(64, '0')}`,
        Uint8Array.of(value).filter((byte) => byte > 0),
      ] as [Hex, Uint8Array],
  )
  return { cleared: false, slots: new Map(entries) }
}

export type CallWorld = Awaited<ReturnType<typeof createCallWorld>>

export async function createCallWorld() {
  const database = await temporaryDatabase()
  const store = await openStore({
    path: database.path,
    schemas: { state: STATE_SCHEMAS, chain: CHAIN_SCHEMAS },
  })
  const chain = await createChain(store)
  const state = await createFlatState({ store })
  const places: StatePlace[] = []

  /** One commit: a block with these changes and transactions. `extra` makes one of the same height another. */
  async function addBlock(
    changes: StateChanges,
    extra = 0,
    transactions: StoredBlock['transactions'] = [],
  ): Promise<StatePlace> {
    const number = BigInt(places.length)
    const empty = emptyBlock(number, places.at(-1)?.hash ?? ZERO_HASH)
    const place = await store.transaction(async (transaction) => {
      const isGenesis = number === 0n
      const stateRoot = isGenesis
        ? await state.writeGenesis(transaction, changes)
        : await state.stage(number, changes)
      if (!isGenesis) await state.write(transaction)
      const header = {
        ...{ ...empty.header, stateRoot, extraData: Uint8Array.of(extra) },
        logsBloom: logsBloom(transactions.flatMap(({ receipt }) => receipt.logs)),
      }
      const block: StoredBlock = { ...empty, header, transactions, hash: headerHash(header) }
      await chain.append(transaction, [{ block, origin: undefined }])
      await chain.setHeads(transaction, genesisHeads({ number, hash: block.hash }))
      return { number, hash: block.hash }
    })
    state.settle()
    chain.settle()
    places.push(place)
    return place
  }

  /** One commit: the blocks after `number` are gone. */
  async function rewind(number: bigint): Promise<void> {
    places.length = Number(number) + 1
    await store.transaction(async (transaction) => {
      await chain.truncate(transaction, number)
      await state.rewind(transaction, number)
      await chain.setHeads(transaction, genesisHeads(places.at(-1)!))
    })
    state.settle()
    chain.settle()
  }

  return {
    ...{ path: database.path, store, chain, state, addBlock, rewind },
    async close() {
      await store.close()
      await database.remove()
    },
  }
}
