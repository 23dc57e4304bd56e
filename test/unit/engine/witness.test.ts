import { expect, test } from 'vitest'
import type { Trie, TrieNode } from '../../../src/engine/state/partialTrie.ts'
import { rootHash } from '../../../src/engine/state/partialTrie.ts'
import { MissingStateError } from '../../../src/engine/state/source.ts'
import { createEmptyState, createWitnessState, type Witness } from '../../../src/engine/state/witness.ts'
import { WitnessError } from '../../../src/engine/state/witnessShape.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import { type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256Hex } from '../../../src/primitives/keccak.ts'
import { allocation, stateWith } from '../../support/engineChain.ts'
import { type EngineCase, hasGuestInputs, loadGuestInput } from '../../support/engineFixtures.ts'

const ALICE = `0x${'a1'.repeat(20)}` as const
const CONTRACT = `0x${'cc'.repeat(20)}` as const
const SLOT = `0x${'00'.repeat(31)}05` as const

test('serves what was put in, and absence as a value', async () => {
  const state = stateWith({
    [ALICE]: { balance: 5n, nonce: 2n },
    [CONTRACT]: { code: '0x6001', storage: { [SLOT]: '0x0000002a' } },
  })
  expect(await state.account(ALICE)).toMatchObject({ balance: 5n, nonce: 2n, storageRoot: EMPTY_TRIE_ROOT })
  expect(await state.account(`0x${'99'.repeat(20)}`)).toBeNull()
  expect(await state.storage(CONTRACT, SLOT)).toEqual(Uint8Array.of(42))
  expect(await state.storage(CONTRACT, `0x${'00'.repeat(32)}`)).toEqual(new Uint8Array(0))
  expect(await state.storage(ALICE, SLOT)).toEqual(new Uint8Array(0))
  expect(await state.code(keccak256Hex(hexToBytes('0x6001')))).toEqual(hexToBytes('0x6001'))
  expect(() => state.code(`0x${'12'.repeat(32)}`)).toThrow(MissingStateError)
})

test('the state after changes is another; the one before stays, and taking everything away gives the empty root', async () => {
  const changes = allocation({
    [ALICE]: { balance: 5n },
    [CONTRACT]: { code: '0x00', storage: { [SLOT]: '0x01' } },
  })
  const full = createEmptyState().after(changes)
  const removed = new Map([...changes.accounts.keys()].map((address) => [address, null]))
  const empty = full.after({ accounts: removed, storage: new Map(), code: new Map() })
  expect(empty.stateRoot).toBe(EMPTY_TRIE_ROOT)
  expect(await full.storage(CONTRACT, SLOT)).toEqual(Uint8Array.of(1))
  expect(await full.rootAfter({ accounts: removed, storage: new Map(), code: new Map() })).toBe(
    EMPTY_TRIE_ROOT,
  )
})

test('cleared storage starts anew, even where slots are written in the same block', async () => {
  const other = `0x${'00'.repeat(31)}06` as const
  const before = stateWith({ [CONTRACT]: { code: '0x00', storage: { [SLOT]: '0x01', [other]: '0x02' } } })
  const account = (await before.account(CONTRACT))!
  const after = before.after({
    accounts: new Map([[CONTRACT, account]]),
    storage: new Map([[CONTRACT, { cleared: true, slots: new Map([[other, Uint8Array.of(9)]]) }]]),
    code: new Map(),
  })
  expect(after.stateRoot).toBe(
    stateWith({ [CONTRACT]: { code: '0x00', storage: { [other]: '0x09' } } }).stateRoot,
  )
  expect(await after.storage(CONTRACT, SLOT)).toEqual(new Uint8Array(0))
})

const hekla = (): EngineCase => loadGuestInput('hekla')[0]!

function mapNodes(trie: Trie, change: (node: TrieNode) => TrieNode): Trie {
  if (trie === null) return null
  const changed = change(trie)
  if (changed !== trie) return changed
  if (trie.type === 'branch')
    return { type: 'branch', children: trie.children.map((each) => mapNodes(each, change)) }
  if (trie.type === 'extension')
    return { type: 'extension', path: trie.path, child: mapNodes(trie.child, change)! }
  return trie
}

/** Flips one bit of the nth leaf. */
function flipLeaf(trie: Trie, index: number): Trie {
  let seen = 0
  return mapNodes(trie, (node) => {
    if (node.type !== 'leaf' || seen++ !== index) return node
    const value = node.value.slice()
    value[value.length - 1]! ^= 1
    return { type: 'leaf', path: node.path, value }
  })
}

test.skipIf(!hasGuestInputs)('a flipped leaf of the state trie is refused', () => {
  const { witness } = hekla()
  const flipped = { ...witness, stateTrie: flipLeaf(witness.stateTrie, 0) }
  expect(() => createWitnessState(flipped)).toThrow(WitnessError)
  expect(() => createWitnessState(flipped)).toThrow(/state trie's root is 0x.*parent's state root is 0x/)
})

test.skipIf(!hasGuestInputs)('a flipped leaf of any storage trie is refused, with the account named', () => {
  const { witness } = hekla()
  let flips = 0
  for (const [address, trie] of witness.storageTries) {
    const flippedTrie = flipLeaf(trie, 0)
    if (rootHash(flippedTrie) === rootHash(trie)) continue
    flips++
    const storageTries = new Map([...witness.storageTries, [address, flippedTrie]])
    expect(() => createWitnessState({ ...witness, storageTries })).toThrow(
      `storage trie of ${address} has root`,
    )
  }
  expect(flips).toBeGreaterThan(3)
})

test.skipIf(!hasGuestInputs)(
  'tries known by their root alone serve as well, and must have that root',
  async () => {
    const captured = hekla()
    const { spec, witness, attributes, ancestorHash } = captured
    const byRoot = new Map([...witness.storageTries.values()].map((trie) => [rootHash(trie), trie]))
    const neutral: Witness = { ...witness, storageTries: new Map(), storageTriesByRoot: byRoot }
    const state = createWitnessState(neutral)
    const block = await createEngine({ spec }).execute({ attributes, state, ancestorHash })
    expect(block.header).toEqual(captured.expected)
    const [[root, trie]] = [...byRoot].filter(([, each]) => each?.type === 'branch') as [[Hash, Trie]]
    const flipped = new Map([...byRoot, [root, flipLeaf(trie, 0)]])
    expect(() => createWitnessState({ ...neutral, storageTriesByRoot: flipped })).toThrow(
      `given as ${root} has root`,
    )
  },
)

test.skipIf(!hasGuestInputs)('storage given for an account that does not exist is refused', () => {
  const { witness } = hekla()
  const [, trie] = [...witness.storageTries].find(([, each]) => each?.type === 'branch')!
  const leafless = stateWith({ [ALICE]: { balance: 1n } })
  expect(leafless.stateRoot).not.toBe(EMPTY_TRIE_ROOT)
  const empty: Witness = {
    stateRoot: EMPTY_TRIE_ROOT,
    stateTrie: null,
    storageTries: new Map([[ALICE, trie]]),
    codes: [],
  }
  expect(() => createWitnessState(empty)).toThrow('its account says')
})

test.skipIf(!hasGuestInputs)(
  'a changed byte of code is a missing code, and the block fails on it',
  async () => {
    const { spec, witness, attributes, ancestorHash } = hekla()
    const codes = [...witness.codes].map((code) => {
      const changed = code.slice()
      changed[changed.length - 1]! ^= 1
      return changed
    })
    const state = createWitnessState({ ...witness, codes })
    await expect(createEngine({ spec }).execute({ attributes, state, ancestorHash })).rejects.toThrow(
      MissingStateError,
    )
  },
)

test('tries that no 32-byte key can make are refused before they are walked', () => {
  let deep: TrieNode = { type: 'leaf', path: new Uint8Array(0), value: Uint8Array.of(1) }
  for (let i = 0; i < 100_000; i++) deep = { type: 'extension', path: Uint8Array.of(1), child: deep }
  const refuse = (stateTrie: Trie, reason: string) =>
    expect(() =>
      createWitnessState({ stateRoot: EMPTY_TRIE_ROOT, stateTrie, storageTries: new Map(), codes: [] }),
    ).toThrow(reason)
  refuse(deep, 'not at the end of a 32-byte key')
  refuse(
    { type: 'leaf', path: new Uint8Array(63), value: Uint8Array.of(1) },
    'not at the end of a 32-byte key',
  )
  refuse({ type: 'branch', children: [] }, 'malformed')
  refuse({ type: 'extension', path: new Uint8Array(0), child: deep }, 'has no path')
  refuse({ type: 'hash', hash: new Uint8Array(31) }, 'not 32 bytes')
})

/** Every known node of a trie in turn, replaced by its hash. */
function* digestVariants(trie: Trie): Generator<TrieNode> {
  let more = true
  for (let index = 0; more; index++) {
    let known = 0
    const variant = mapNodes(trie, (node) =>
      node.type === 'hash' || known++ !== index ? node : { type: 'hash', hash: hexToBytes(rootHash(node)) },
    )
    more = known > index
    if (more && variant !== null) yield variant
  }
}

test.skipIf(!hasGuestInputs)(
  'each node replaced by its digest either raises MissingStateError or was never needed; the hash is never another',
  { timeout: 300_000 },
  async () => {
    const captured = hekla()
    const { spec, witness, attributes, ancestorHash } = captured
    const engine = createEngine({ spec })
    const outcomes = { missing: 0, unneeded: 0 }
    const tryWith = async (variant: Witness) => {
      try {
        const state = createWitnessState(variant)
        const block = await engine.execute({ attributes, state, ancestorHash })
        expect(block.header).toEqual(captured.expected)
        outcomes.unneeded++
      } catch (error) {
        expect(error).toBeInstanceOf(MissingStateError)
        outcomes.missing++
      }
    }
    for (const stateTrie of digestVariants(witness.stateTrie)) await tryWith({ ...witness, stateTrie })
    for (const [address, trie] of witness.storageTries)
      for (const variant of digestVariants(trie))
        await tryWith({ ...witness, storageTries: new Map([...witness.storageTries, [address, variant]]) })
    expect(outcomes.missing).toBeGreaterThan(150)
    expect(outcomes).toMatchInlineSnapshot(`
      {
        "missing": 180,
        "unneeded": 0,
      }
    `)
  },
)
