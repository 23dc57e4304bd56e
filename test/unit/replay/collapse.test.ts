/** Deletions on a state of which proofs are all that is had: every shape that a branch can collapse into, against the whole trie. */
import { describe, expect, test } from 'vitest'
import { EMPTY_ACCOUNT, encodeAccount } from '../../../src/engine/state/account.ts'
import {
  deleteValue,
  encodeNode,
  rootHash,
  type Trie,
  toNibbles,
  writeValue,
} from '../../../src/engine/state/partialTrie.ts'
import type { StateChanges } from '../../../src/engine/state/source.ts'
import { trimLeadingZeros } from '../../../src/primitives/bytes.ts'
import { type Address, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import type { L2Node } from '../../../src/replay/remote/l2Node.ts'
import { createRemoteState } from '../../../src/replay/remote/remoteState.ts'
import { createRandom } from '../../support/l1/random.ts'

const OWNER: Address = `0x${'0a'.repeat(20)}`
const keyOf = (key: Hex) => toNibbles(keccak256(hexToBytes(key)))
const word = (n: number): Hash => `0x${n.toString(16).padStart(64, '0')}`
/** Every slot holds its own number. */
const wordOf = (slot: Hash) => trimLeadingZeros(hexToBytes(slot))
const addressOf = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`

type World = { readonly accounts: Trie; readonly storage: Trie }

function worldOf(addresses: readonly Address[], slots: readonly Hash[]): World {
  let storage: Trie = null
  for (const slot of slots) storage = writeValue(storage, keyOf(slot), encodeRlp(wordOf(slot)), 'test')
  const owner = { ...EMPTY_ACCOUNT, nonce: 1n, storageRoot: rootHash(storage) }
  let accounts: Trie = writeValue(null, keyOf(OWNER), encodeAccount(owner), 'test')
  for (const address of addresses)
    accounts = writeValue(accounts, keyOf(address), encodeAccount({ ...EMPTY_ACCOUNT, balance: 1n }), 'test')
  return { accounts, storage }
}

/** The nodes on the way to a key, root first. */
function pathTo(trie: Trie, key: Uint8Array): Uint8Array[] {
  const nodes: Uint8Array[] = []
  let node = trie
  let depth = 0
  while (node !== null && node.type !== 'hash') {
    const encoded = encodeNode(node)
    if (depth === 0 || encoded.length >= 32) nodes.push(encoded)
    if (node.type === 'leaf') break
    if (node.type === 'branch') {
      node = node.children[key[depth]!] ?? null
      depth += 1
    } else {
      if (!node.path.every((nibble, i) => nibble === key[depth + i])) break
      depth += node.path.length
      node = node.child
    }
  }
  return nodes
}

function nodeOf(before: World, after: World): L2Node {
  return {
    name: 'test',
    proofs: async (questions: Parameters<L2Node['proofs']>[0]) =>
      questions.map(({ address, slots, block }) => {
        const { accounts, storage } = block === 1n ? before : after
        return {
          account: pathTo(accounts, keyOf(address)),
          storage: slots.map((slot) => (address === OWNER ? pathTo(storage, keyOf(slot)) : [])),
        }
      }),
  } as Partial<L2Node> as L2Node
}

const stateOf = (before: World, after: World) =>
  createRemoteState({
    node: nodeOf(before, after),
    block: { number: 1n, stateRoot: rootHash(before.accounts) },
    next: { number: 2n, stateRoot: rootHash(after.accounts) },
  })

/** Whether what is deleted leaves a branch whose other child is of each kind. */
function shapesOf(trie: Trie, key: Uint8Array, depth = 0): string | undefined {
  if (trie === null || trie.type === 'hash' || trie.type === 'leaf') return undefined
  if (trie.type === 'extension') return shapesOf(trie.child, key, depth + trie.path.length)
  const others = trie.children.filter((child, nibble) => child !== null && nibble !== key[depth])
  const next = trie.children[key[depth]!]
  if (next?.type === 'leaf') return others.length === 1 ? others[0]!.type : undefined
  return shapesOf(next ?? null, key, depth + 1)
}

describe('the root after deletions, from proofs alone', () => {
  test('is that of the whole trie, whatever moves up', async () => {
    const random = createRandom('collapse')
    const seen = new Map<string, number>()
    for (let round = 0; round < 1_000; round++) {
      const slots = Array.from({ length: 3 + random.below(6) }, () => word(1 + random.below(1e9)))
      const kept = slots.filter((_, index) => index > 0 && random.below(4) > 0)
      const gone = slots.filter((slot) => !kept.includes(slot))
      const [before, after] = [worldOf([], slots), worldOf([], kept)]
      if (gone.length === 1) {
        const shape = shapesOf(before.storage, keyOf(gone[0]!)) ?? 'none'
        seen.set(shape, (seen.get(shape) ?? 0) + 1)
      }
      const state = stateOf(before, after)
      const changed = new Map<Hex, Uint8Array>()
      for (const slot of gone) {
        expect(await state.storage(OWNER, slot)).toEqual(wordOf(slot))
        changed.set(slot, new Uint8Array(0))
      }
      const changes: StateChanges = {
        accounts: new Map(),
        storage: new Map([[OWNER, { cleared: false, slots: changed }]]),
        code: new Map(),
      }
      expect(await state.rootAfter(changes)).toBe(rootHash(after.accounts))
    }
    // Small tries make every kind: a leaf, an extension and a branch.
    for (const shape of ['leaf', 'extension', 'branch']) expect(seen.get(shape)).toBeGreaterThan(0)
  })

  test('also of accounts', async () => {
    const random = createRandom('accounts')
    for (let round = 0; round < 100; round++) {
      const addresses = Array.from({ length: 2 + random.below(10) }, () => addressOf(1 + random.below(1e9)))
      const kept = addresses.filter((_, index) => index > 0 && random.below(4) > 0)
      const gone = addresses.filter((address) => !kept.includes(address))
      const [before, after] = [worldOf(addresses, []), worldOf(kept, [])]
      const state = stateOf(before, after)
      for (const address of gone) expect((await state.account(address))?.balance).toBe(1n)
      const changes: StateChanges = {
        accounts: new Map(gone.map((address) => [address, null])),
        storage: new Map(),
        code: new Map(),
      }
      expect(await state.rootAfter(changes)).toBe(rootHash(after.accounts))
    }
  })

  test('is an error where the next state is not proven, and not another root', async () => {
    const slots = [1, 2, 3, 4, 5, 6].map(word)
    const before = worldOf([], slots)
    let storage = before.storage
    for (const slot of slots.slice(1)) storage = deleteValue(storage, keyOf(slot), 'test')
    const state = createRemoteState({
      node: nodeOf(before, before),
      block: { number: 1n, stateRoot: rootHash(before.accounts) },
    })
    for (const slot of slots.slice(1)) await state.storage(OWNER, slot)
    const changes: StateChanges = {
      accounts: new Map(),
      storage: new Map([
        [OWNER, { cleared: false, slots: new Map(slots.slice(1).map((slot) => [slot, new Uint8Array(0)])) }],
      ]),
      code: new Map(),
    }
    await expect(state.rootAfter(changes)).rejects.toMatchObject({ name: 'MissingStateError' })
    expect(rootHash(storage)).not.toBe(rootHash(before.storage))
  })
})
