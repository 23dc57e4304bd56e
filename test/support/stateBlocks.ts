/** Seeded blocks of state changes, and the same state in @ethereumjs/mpt as an independent oracle. */
import { createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import type { AccountState, StateChanges, StorageChanges } from '../../src/engine/state/source.ts'
import { bigintToBytes, trimLeadingZeros } from '../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256Hex } from '../../src/primitives/keccak.ts'

export type Random = (below: number) => number

/** mulberry32: small, seeded, good enough to choose test cases. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

export function addressOf(index: number): Address {
  return `0x${index.toString(16).padStart(40, '0')}`
}

export function slotOf(index: number): Hex {
  return `0x${index.toString(16).padStart(64, '0')}`
}

/** A state held plainly, changed as the engine would change it. */
export type ModelState = Map<
  Address,
  { nonce: bigint; balance: bigint; codeHash: Hash; storage: Map<Hex, Uint8Array> }
>

export function cloneModel(model: ModelState): ModelState {
  return new Map(
    [...model].map(([address, account]) => [address, { ...account, storage: new Map(account.storage) }]),
  )
}

export type BlockShape = {
  readonly accounts: number
  readonly slots: number
  readonly touches: number
  /** Of a hundred. */
  readonly deletes: number
}

/** Changes `model` by one random block and answers the changes. */
export function randomBlock(random: Random, model: ModelState, shape: BlockShape): StateChanges {
  const accounts = new Map<Address, AccountState | null>()
  const storage = new Map<Address, StorageChanges>()
  const code = new Map<Hash, Uint8Array>()
  for (let i = 0; i < shape.touches; i++) {
    const address = addressOf(1 + random(shape.accounts))
    if (accounts.has(address)) continue
    const exists = model.has(address)
    let cleared = false
    if (exists && random(100) < shape.deletes) {
      model.delete(address)
      cleared = true
      // Half of the destroyed come back in the same block, with or without new slots.
      if (random(2) === 0) {
        accounts.set(address, null)
        if (random(2) === 0) storage.set(address, { cleared: true, slots: new Map() })
        continue
      }
    }
    const account = model.get(address) ?? {
      nonce: 0n,
      balance: 0n,
      codeHash: EMPTY_CODE_HASH,
      storage: new Map(),
    }
    model.set(address, account)
    account.nonce += BigInt(random(3))
    account.balance = BigInt(random(1_000_000)) ** BigInt(random(4))
    if (account.codeHash === EMPTY_CODE_HASH && random(4) === 0) {
      const bytes = bigintToBytes(BigInt(1 + random(50)))
      account.codeHash = keccak256Hex(bytes)
      code.set(account.codeHash, bytes)
    }
    const slots = new Map<Hex, Uint8Array>()
    if (random(2) === 0) {
      for (let n = random(8); n > 0; n--) {
        const slot = slotOf(random(shape.slots))
        const isDelete = random(100) < shape.deletes
        const value = isDelete
          ? new Uint8Array(0)
          : bigintToBytes(BigInt(1 + random(300)) ** BigInt(1 + random(20)))
        slots.set(slot, trimLeadingZeros(value).slice(0, 32))
        if (isDelete) account.storage.delete(slot)
        else account.storage.set(slot, slots.get(slot)!)
      }
    }
    accounts.set(address, {
      nonce: account.nonce,
      balance: account.balance,
      codeHash: account.codeHash,
      storageRoot: EMPTY_TRIE_ROOT,
    })
    if (cleared || slots.size > 0) storage.set(address, { cleared, slots })
  }
  return { accounts, storage, code }
}

/** The whole state as changes on nothing: a genesis. */
export function modelChanges(model: ModelState): StateChanges {
  const accounts = new Map<Address, AccountState | null>()
  const storage = new Map<Address, StorageChanges>()
  for (const [address, { nonce, balance, codeHash, storage: slots }] of model) {
    accounts.set(address, { nonce, balance, codeHash, storageRoot: EMPTY_TRIE_ROOT })
    if (slots.size > 0) storage.set(address, { cleared: false, slots })
  }
  return { accounts, storage, code: new Map() }
}

export async function modelRoot(model: ModelState): Promise<Hash> {
  return bytesToHex((await modelTrie(model)).root())
}

async function modelTrie(model: ModelState): Promise<MerklePatriciaTrie> {
  const trie = await createMPT({ useKeyHashing: true })
  for (const [address, account] of model) {
    const storage = await storageTrie(account.storage)
    const fields = [
      bigintToBytes(account.nonce),
      bigintToBytes(account.balance),
      storage.root(),
      hexToBytes(account.codeHash),
    ]
    await trie.put(hexToBytes(address), RLP.encode(fields))
  }
  return trie
}

async function storageTrie(slots: ReadonlyMap<Hex, Uint8Array>): Promise<MerklePatriciaTrie> {
  const trie = await createMPT({ useKeyHashing: true })
  for (const [slot, value] of slots) await trie.put(hexToBytes(slot), RLP.encode(value))
  return trie
}
