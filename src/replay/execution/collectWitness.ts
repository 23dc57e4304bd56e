/**
 * Everything that the execution of one block needs of the state before it: what was read, proven, and what computing the next root meets on
 * top of that. Where a deletion leaves a branch with one child, that child moves up, and its content is needed though nobody read it.
 */
import type { AncestorHashes } from '../../engine/engine.ts'
import type { AccountProof } from '../../engine/state/flatState.ts'
import {
  loneNeighbour,
  MissingNodeError,
  pathToHash,
  type Trie,
  toNibbles,
} from '../../engine/state/partialTrie.ts'
import type { StateChanges, StateSource } from '../../engine/state/source.ts'
import { createWitnessState, type Witness } from '../../engine/state/witness.ts'
import { BlockDiffersError, type BlockToRun, openStoredBlock } from '../../engine/storedBlock.ts'
import { CriticalError } from '../../primitives/errors.ts'
import { type Address, type Hash, type Hex, hexToBytes, ZERO_HASH } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256, keccak256Hex } from '../../primitives/keccak.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import { buildTrie } from '../file/nodes.ts'

/** Of the state before the block. */
export type StateProofs = {
  proof(address: Address, slots: readonly Hex[]): Promise<AccountProof>
  /** Nodes on the way to a hashed key of the accounts or, with `owner`, of an account's storage. */
  pathTo(owner: Address | null, hash: Hash): Promise<readonly Uint8Array[]>
}

export type ExecutionWitness = {
  /** RLP of trie nodes. */
  readonly nodes: readonly Uint8Array[]
  readonly codes: readonly Uint8Array[]
  /** Addresses, and after each the slots of it: what the hashed keys of the tries stand for. */
  readonly keys: readonly Uint8Array[]
  /** Oldest block whose hash was asked for; the parent is always needed. */
  readonly firstAncestor: bigint
}

export async function collectWitness(input: {
  readonly execution: ExecutionSpec
  readonly block: BlockToRun
  readonly state: StateSource
  readonly ancestorHash: AncestorHashes
  readonly proofs: StateProofs
}): Promise<ExecutionWitness> {
  const { block, state, proofs } = input
  const reads = recordReads(input)
  const run = await openStoredBlock({ ...input, state: reads.state, ancestorHash: reads.ancestorHash })
  while (run.transactions.length < block.transactions.length) await run.runNext()
  const changes = await run.finish()
  for (const address of changes.accounts.keys()) reads.touch(address)
  for (const [address, { slots }] of changes.storage)
    for (const slot of slots.keys()) reads.touch(address, slot)

  const tries = createNodeSet(state.stateRoot)
  for (const [address, slots] of reads.slots) tries.addProof(address, await proofs.proof(address, [...slots]))
  await addNeighbours(tries, changes, proofs)
  const root = await computeRoot(tries, changes, proofs)
  const { number, stateRoot } = block.header
  if (root !== stateRoot)
    throw new BlockDiffersError({ block: number, what: `its state root is ${root}, not ${stateRoot}` })

  const keys = [...reads.slots].flatMap(([address, slots]) => [address, ...slots])
  return {
    nodes: tries.nodes(),
    codes: reads.codes(),
    keys: keys.map(hexToBytes),
    firstAncestor: reads.firstAncestor(),
  }
}

/** The state and the ancestors, with a list of what was asked of them. */
function recordReads({
  state,
  block,
  ancestorHash,
}: Pick<Parameters<typeof collectWitness>[0], 'state' | 'block' | 'ancestorHash'>) {
  const slots = new Map<Address, Set<Hex>>()
  const codes = new Map<Hash, Uint8Array>()
  let first = block.header.number - 1n
  const touch = (address: Address, slot?: Hex): void => {
    const known = slots.get(address) ?? new Set()
    slots.set(address, known)
    if (slot !== undefined) known.add(slot)
  }
  const source: StateSource = {
    stateRoot: state.stateRoot,
    account(address) {
      touch(address)
      return state.account(address)
    },
    storage(address, slot) {
      touch(address, slot)
      return state.storage(address, slot)
    },
    async code(codeHash) {
      const code = await state.code(codeHash)
      codes.set(codeHash, code)
      return code
    },
    // The root is computed from the witness, at the end.
    rootAfter: async () => ZERO_HASH,
  }
  return {
    ...{ state: source, slots, touch },
    codes: () => [...codes.values()],
    firstAncestor: () => first,
    ancestorHash: (number: bigint) => {
      if (number < first) first = number
      return ancestorHash(number)
    },
  }
}

type NodeSet = ReturnType<typeof createNodeSet>

function createNodeSet(stateRoot: Hash) {
  const known = new Map<Hash, Uint8Array>()
  const storageRoots = new Map<Address, Hash>()

  /** How many were new. */
  function add(nodes: readonly Uint8Array[]): number {
    const before = known.size
    for (const node of nodes) known.set(keccak256Hex(node), node)
    return known.size - before
  }

  return {
    add,
    nodes: () => [...known.values()],
    addProof(address: Address, { account, accountProof, storageProofs }: AccountProof): void {
      add(accountProof)
      for (const { proof } of storageProofs) add(proof)
      if (account !== null) storageRoots.set(address, account.storageRoot)
    },
    stateTrie: () => buildTrie(stateRoot, known),
    storageTrie: (address: Address) => buildTrie(storageRoots.get(address) ?? EMPTY_TRIE_ROOT, known),
    witness(): Witness {
      const storageTries = new Map<Address, Trie>()
      for (const [address, root] of storageRoots)
        if (known.has(root)) storageTries.set(address, buildTrie(root, known))
      return { stateRoot, stateTrie: buildTrie(stateRoot, known), storageTries, codes: [] }
    },
  }
}

/** Nearly all that deletions need, found without computing a root for each of them. */
async function addNeighbours(tries: NodeSet, changes: StateChanges, proofs: StateProofs): Promise<void> {
  const wanted: { owner: Address | null; path: Uint8Array }[] = []
  const look = (owner: Address | null, trie: Trie, key: Hex) => {
    const path = loneNeighbour(trie, toNibbles(keccak256(hexToBytes(key))))
    if (path !== null) wanted.push({ owner, path })
  }
  const accounts = tries.stateTrie()
  for (const [address, account] of changes.accounts) if (account === null) look(null, accounts, address)
  for (const [address, { cleared, slots }] of changes.storage) {
    const storage = cleared ? null : tries.storageTrie(address)
    for (const [slot, value] of slots) if (value.length === 0) look(address, storage, slot)
  }
  for (const { owner, path } of wanted) tries.add(await proofs.pathTo(owner, hashBelow(path)))
}

/** The root after the changes, by the witness alone; what is missing for it is added. */
async function computeRoot(tries: NodeSet, changes: StateChanges, proofs: StateProofs): Promise<Hash> {
  for (;;) {
    const witness = tries.witness()
    try {
      return await createWitnessState(witness).rootAfter(changes)
    } catch (error) {
      if (!(error instanceof MissingNodeError)) throw error
      const found = findPart(witness, error.hash)
      // Each turn adds a node of the path, and paths end.
      if (found === null || tries.add(await proofs.pathTo(found.owner, hashBelow(found.path))) === 0)
        throw new CriticalError(`a witness cannot be completed: ${error.message}`, { cause: error })
    }
  }
}

function findPart(witness: Witness, hash: Hash): { owner: Address | null; path: Uint8Array } | null {
  const path = pathToHash(witness.stateTrie, hash)
  if (path !== null) return { owner: null, path }
  for (const [owner, trie] of witness.storageTries) {
    const inStorage = pathToHash(trie, hash)
    if (inStorage !== null) return { owner, path: inStorage }
  }
  return null
}

/** A hashed key, anybody's or nobody's, on whose way the node at `path` is. */
function hashBelow(path: Uint8Array): Hash {
  const nibbles = [...path].map((nibble) => nibble.toString(16)).join('')
  return `0x${nibbles.padEnd(64, '0')}`
}
