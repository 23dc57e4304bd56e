/**
 * State after an L2 block, from a node that is not trusted: an execution witness if there is one, and a Merkle proof for everything that
 * is not in it, when it is asked for. Nothing is read that does not hang on the state root; what cannot be had is an error, never zero.
 */
import { decodeAccount } from '../../engine/state/account.ts'
import {
  encodeNode,
  MissingNodeError,
  readValue,
  type Trie,
  type TrieNode,
  toNibbles,
} from '../../engine/state/partialTrie.ts'
import type { AccountState, StateChanges, StateSource } from '../../engine/state/source.ts'
import { decodeStorageValue } from '../../engine/state/storageValue.ts'
import { createWitnessState } from '../../engine/state/witness.ts'
import { type Address, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256, keccak256Hex } from '../../primitives/keccak.ts'
import { buildTrie } from '../file/nodes.ts'
import { type L2Node, LyingNodeError, type NodeWitness } from './l2Node.ts'

export type RemoteState = StateSource & {
  /** Asks for these accounts at once, where they are not known. */
  prefetch(addresses: readonly Address[]): Promise<void>
}

type StateBlock = { readonly number: bigint; readonly stateRoot: Hash }

/** Slots of one proof request; geth takes 1,024. */
const SLOTS_MAX = 256

export function createRemoteState(input: {
  readonly node: L2Node
  /** The block that the state is after, and the one on top of it: both are in the canonical chain. */
  readonly block: StateBlock
  readonly next?: StateBlock
  readonly witness?: NodeWitness
}): RemoteState {
  const { node, block, next, witness } = input
  /** Of this state, and of what the next block makes of it: found by content, so neither can stand for the other. */
  const nodes = new Map<Hash, Uint8Array>((witness?.nodes ?? []).map((each) => [keccak256Hex(each), each]))
  const branches = new Set<Hash>()
  const codes = new Map<Hash, Uint8Array>([[EMPTY_CODE_HASH, new Uint8Array(0)]])
  for (const code of witness?.codes ?? []) codes.set(keccak256Hex(code), code)
  const accounts = new Map<Address, AccountState | null>()
  const slotsOf = new Map<Address, Map<Hex, Uint8Array>>()
  const holders = new Map<Hash, Address>()
  const given = buildTrie(block.stateRoot, nodes)
  const givenStorage = new Map<Hash, Trie>()

  const knownSlots = (address: Address) => {
    const known = slotsOf.get(address) ?? new Map<Hex, Uint8Array>()
    slotsOf.set(address, known)
    return known
  }
  const keep = (address: Address, account: AccountState | null): AccountState | null => {
    accounts.set(address, account)
    if (account !== null) holders.set(account.codeHash, address)
    return account
  }

  /** Proves accounts and slots as they are after `at`, and keeps the nodes. */
  async function prove(
    at: StateBlock,
    questions: readonly { readonly address: Address; readonly slots: readonly Hex[] }[],
  ): Promise<readonly Proven[]> {
    const proofs = await node.proofs(questions.map((each) => ({ ...each, block: at.number })))
    return questions.map(({ address, slots }, index) => {
      const { account = [], storage = [] } = proofs[index] ?? {}
      const mine = new Map([account, ...storage].flat().map((each) => [keccak256Hex(each), each]))
      const where = `the proof of ${address} after L2 block ${at.number}`
      const trie = buildTrie(at.stateRoot, mine)
      const state = accountProven(() => readValue(trie, keyOf(address), where))
      const storageTrie = buildTrie(state?.storageRoot ?? EMPTY_TRIE_ROOT, mine)
      const values = slots.map((slot) => {
        const leaf = readProven(() =>
          readValue(storageTrie, keyOf(slot), `storage of ${address}, slot ${slot}`),
        )
        return leaf === null ? new Uint8Array(0) : decodeStorageValue(leaf)
      })
      for (const [hash, bytes] of mine) nodes.set(hash, bytes)
      return { account: state, values, trie, storageTrie }
    })
  }

  function readProven(read: () => Uint8Array | null): Uint8Array | null {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof MissingNodeError)) throw error
      throw new LyingNodeError(
        node.name,
        `its proof does not lead to where it should: ${error.message}`,
        error,
      )
    }
  }

  function accountProven(read: () => Uint8Array | null): AccountState | null {
    const leaf = readProven(read)
    return leaf === null ? null : decodeAccount(leaf)
  }

  /** What `given` says; undefined where it does not reach. */
  function tryGiven(trie: Trie, key: Hex): Uint8Array | null | undefined {
    try {
      return readValue(trie, keyOf(key), 'witness')
    } catch (error) {
      if (error instanceof MissingNodeError) return undefined
      throw error
    }
  }

  async function fetchSlot(address: Address, slot: Hex): Promise<Uint8Array> {
    const [found] = await prove(block, [{ address, slots: [slot] }])
    const value = found?.values[0] ?? new Uint8Array(0)
    keep(address, found?.account ?? null)
    knownSlots(address).set(slot, value)
    return value
  }

  /** What changes and was never proven here, as a witness leaves it out and an execution that only writes. */
  async function proveChanged(changes: StateChanges): Promise<void> {
    const questions = touched(changes).map(({ address, slots }) => ({ address, slots }))
    for (const part of splitQuestions(questions)) await prove(block, part)
  }

  /**
   * A deletion that leaves a branch with one child makes the two one node, for which the child's content is needed. The next state shows
   * it: the node on the way to where the deleted key was is that child, with a longer path.
   */
  async function proveDeleted(changes: StateChanges): Promise<void> {
    if (next === undefined) return
    for (const part of splitQuestions(deleted(changes)))
      for (const { trie, storageTrie } of await prove(next, part))
        for (const each of [trie, storageTrie]) keepShortened(each)
  }

  function keepShortened(trie: Trie): void {
    if (trie === null || trie.type === 'hash') return
    if (trie.type === 'branch') {
      for (const child of trie.children) keepShortened(child)
      return
    }
    const { path } = trie
    const least = trie.type === 'leaf' ? 0 : 1
    for (let from = 1; path.length - from >= least; from++) {
      const rest = path.subarray(from)
      const encoded = encodeNode(shortened(trie, rest))
      if (encoded.length >= 32) nodes.set(keccak256Hex(encoded), encoded)
    }
    if (trie.type !== 'extension') return
    if (trie.child.type === 'hash') branches.add(`0x${Buffer.from(trie.child.hash).toString('hex')}`)
    keepShortened(trie.child)
  }

  async function rootBy(changes: StateChanges): Promise<Hash> {
    const stateTrie = buildTrie(block.stateRoot, nodes, branches)
    const storageTries = new Map<Address, Trie>()
    for (const address of changes.storage.keys()) {
      const account = accounts.get(address)
      if (account) storageTries.set(address, buildTrie(account.storageRoot, nodes, branches))
    }
    return createWitnessState({ stateRoot: block.stateRoot, stateTrie, storageTries, codes: [] }).rootAfter(
      changes,
    )
  }

  const state: RemoteState = {
    stateRoot: block.stateRoot,
    account(address) {
      const known = accounts.get(address)
      if (known !== undefined) return known
      const leaf = tryGiven(given, address)
      if (leaf !== undefined) return keep(address, leaf === null ? null : decodeAccount(leaf))
      return prove(block, [{ address, slots: [] }]).then(([found]) => keep(address, found?.account ?? null))
    },
    storage(address, slot) {
      const known = slotsOf.get(address)?.get(slot)
      if (known !== undefined) return known
      const account = state.account(address)
      if (account instanceof Promise) return account.then(() => state.storage(address, slot))
      const root = account?.storageRoot ?? EMPTY_TRIE_ROOT
      if (root === EMPTY_TRIE_ROOT) return new Uint8Array(0)
      const trie = givenStorage.get(root) ?? buildTrie(root, nodes)
      givenStorage.set(root, trie)
      const leaf = tryGiven(trie, slot)
      if (leaf === undefined) return fetchSlot(address, slot)
      const value = leaf === null ? new Uint8Array(0) : decodeStorageValue(leaf)
      knownSlots(address).set(slot, value)
      return value
    },
    async code(codeHash) {
      const known = codes.get(codeHash)
      if (known !== undefined) return known
      const holder = holders.get(codeHash)
      if (holder === undefined)
        throw new LyingNodeError(node.name, `no account that it proved has the code ${codeHash}`)
      const code = await node.code(holder, block.number)
      if (keccak256Hex(code) !== codeHash)
        throw new LyingNodeError(
          node.name,
          `the code it gives for ${holder} hashes to ${keccak256Hex(code)}, and the account has ${codeHash}`,
        )
      codes.set(codeHash, code)
      return code
    },
    async rootAfter(changes) {
      const ways = [() => proveDeleted(changes), () => proveChanged(changes)]
      for (;;) {
        try {
          return await rootBy(changes)
        } catch (error) {
          const complete = ways.shift()
          if (!(error instanceof MissingNodeError) || complete === undefined) throw error
          await complete()
        }
      }
    },
    async prefetch(addresses) {
      const unknown = [...new Set(addresses)].filter(
        (address) => !accounts.has(address) && tryGiven(given, address) === undefined,
      )
      const found = await prove(
        block,
        unknown.map((address) => ({ address, slots: [] })),
      )
      for (const [index, address] of unknown.entries()) keep(address, found[index]?.account ?? null)
    },
  }
  return state
}

type Question = { readonly address: Address; readonly slots: readonly Hex[] }

type Proven = {
  readonly account: AccountState | null
  readonly values: readonly Uint8Array[]
  readonly trie: Trie
  readonly storageTrie: Trie
}

function touched({ accounts, storage }: StateChanges): readonly Question[] {
  const addresses = new Set([...accounts.keys(), ...storage.keys()])
  return [...addresses].map((address) => ({
    address,
    slots: [...(storage.get(address)?.slots.keys() ?? [])],
  }))
}

/** Keys that are gone after the block; an account that is stands for itself. */
function deleted({ accounts, storage }: StateChanges): readonly Question[] {
  const gone = [...accounts].flatMap(([address, account]) => (account === null ? [address] : []))
  const emptied = [...storage].map(([address, { slots }]) => ({
    address,
    slots: [...slots].flatMap(([slot, value]) => (value.length === 0 ? [slot] : [])),
  }))
  return [
    ...gone.map((address) => ({ address, slots: [] })),
    ...emptied.filter(({ address, slots }) => slots.length > 0 && !gone.includes(address)),
  ]
}

/** No request asks for more slots than servers take, and no batch for more than one request's worth. */
function* splitQuestions(questions: readonly Question[]): Generator<readonly Question[]> {
  let part: Question[] = []
  let size = 0
  for (const { address, slots } of questions)
    for (let at = 0; at === 0 || at < slots.length; at += SLOTS_MAX) {
      const some = slots.slice(at, at + SLOTS_MAX)
      if (size + some.length + 1 > SLOTS_MAX && part.length > 0) {
        yield part
        part = []
        size = 0
      }
      part.push({ address, slots: some })
      size += some.length + 1
    }
  if (part.length > 0) yield part
}

function shortened(node: TrieNode & { readonly type: 'leaf' | 'extension' }, path: Uint8Array) {
  return node.type === 'leaf'
    ? { type: 'leaf' as const, path, value: node.value }
    : { type: 'extension' as const, path, child: node.child }
}

function keyOf(key: Hex): Uint8Array {
  return toNibbles(keccak256(hexToBytes(key)))
}
