/**
 * Brings what `updateTrie` will need into memory: one round of reads per level for all tries at once, so a block waits some
 * seven times for the database and not once per branch.
 *
 * A collapse needs the branch's last child, known for sure only once computed. Here it is foreseen from the counts: a child
 * with a leaf written below it stays, an untouched child stays; if that makes at most one, the untouched one may be needed.
 */
import { equalBytes } from '../../primitives/bytes.ts'
import { branchReference, extensionReference, leafReference } from './pathTrieHash.ts'
import { missing, type TrieEntry, type TrieLeaf, type TrieMemory, type TrieView } from './pathTrieMemory.ts'
import { positionBeside, positionOnPath, type TriePosition } from './pathTriePath.ts'
import { checkedRoot, rootPosition } from './pathTrieRoot.ts'
import { BRANCH, decodeRow, EMPTY, LEAF, type TrieSlot } from './pathTrieRow.ts'

/** The database, asked in batches. Absent rows are left out. */
export type TrieLoader = {
  rows(positions: readonly TriePosition[]): Promise<ReadonlyMap<TriePosition, Uint8Array>>
  /** The one leaf below each position. */
  leaves(positions: readonly TriePosition[]): Promise<ReadonlyMap<TriePosition, TrieLeaf>>
}

/** Changes of one trie that is not empty. */
export type TrieJob = {
  readonly id: string
  readonly root: Uint8Array
  /** Sorted by key. Of `after` only whether it is null is looked at. */
  readonly entries: readonly TrieEntry[]
}

export async function prefetchTries(
  memory: TrieMemory,
  view: TrieView,
  loader: TrieLoader,
  jobs: readonly TrieJob[],
): Promise<void> {
  const round: Round = { memory, view, rows: [], leaves: [] }
  for (const job of jobs) visitRoot(round, job)
  while (round.rows.length > 0 || round.leaves.length > 0) {
    const { rows, leaves } = round
    round.rows = []
    round.leaves = []
    const [foundRows, foundLeaves] = await Promise.all([
      rows.length > 0 ? loader.rows(rows.map((request) => request.position)) : undefined,
      leaves.length > 0 ? loader.leaves(leaves.map((request) => request.position)) : undefined,
    ])
    for (const { position, slot, depth } of leaves) {
      const leaf = foundLeaves?.get(position)
      if (!leaf || !isLeafOf(leaf, slot, depth)) throw missing('leaf', position)
      memory.loadedLeaves.set(position, leaf)
    }
    for (const { position, slot, goOn } of rows) {
      const row = foundRows?.get(position)
      const children = row && decodeRow(row)
      if (!row || !children || (slot && !isBranchOf(children, slot))) throw missing('branch', position)
      memory.loadedBranches.set(position, { row, children })
      goOn(children)
    }
  }
}

type Round = {
  readonly memory: TrieMemory
  readonly view: TrieView
  rows: {
    readonly position: TriePosition
    /** What the row must hash to; the root is checked against its hash instead. */
    readonly slot?: TrieSlot
    readonly goOn: (children: readonly TrieSlot[]) => void
  }[]
  leaves: { readonly position: TriePosition; readonly slot: TrieSlot; readonly depth: number }[]
}

/** Rows from the database are checked against their parent's reference: a damaged one stops here. */
function isBranchOf(children: readonly TrieSlot[], slot: TrieSlot): boolean {
  const branch = branchReference(children)
  const reference = slot.extension.length > 0 ? extensionReference(slot.extension, branch) : branch
  return equalBytes(reference, slot.reference)
}

function isLeafOf(leaf: TrieLeaf, slot: TrieSlot, depth: number): boolean {
  return equalBytes(leafReference(leaf.nibbles, depth, leaf.value), slot.reference)
}

function visitRoot(round: Round, job: TrieJob): void {
  const position = rootPosition(job.id)
  const visit = (slots: readonly TrieSlot[]) =>
    visitSlot(round, job.entries, checkedRoot(slots, job.root, position), 0, 0, job.entries.length)
  withBranch(round, position, undefined, visit)
}

/** Runs `use` now if the branch is in memory, otherwise after the next round. */
function withBranch(
  round: Round,
  position: TriePosition,
  slot: TrieSlot | undefined,
  use: (children: readonly TrieSlot[]) => void,
): void {
  const { memory, view } = round
  const loaded = memory.loadedBranches.get(position)
  const row = loaded === undefined ? view.row(position) : loaded.row
  if (row === null) throw missing('branch', position)
  if (row === undefined) {
    round.rows.push({ position, goOn: use, ...(slot ? { slot } : {}) })
  } else {
    const children = loaded?.children ?? decodeRow(row)
    memory.loadedBranches.set(position, { row, children })
    use(children)
  }
}

function wantLeaf(round: Round, position: TriePosition, slot: TrieSlot, depth: number): void {
  const known = round.view.leaf(position)
  if (known !== undefined && isLeafOf(known, slot, depth)) round.memory.loadedLeaves.set(position, known)
  else round.leaves.push({ position, slot, depth })
}

function visitSlot(
  round: Round,
  entries: readonly TrieEntry[],
  slot: TrieSlot,
  depth: number,
  from: number,
  to: number,
): void {
  const first = entries[from]
  if (from === to || first === undefined) return
  if (slot.kind === LEAF) {
    if (!hasBefore(entries, from, to)) wantLeaf(round, positionOnPath(first.key, depth), slot, depth)
  } else if (slot.kind === BRANCH) {
    const { extension } = slot
    const [start, end] = followers(entries, extension, depth, from, to)
    const fork = depth + extension.length
    const position =
      extension.length === 0 ? positionOnPath(first.key, depth) : positionBeside(first.key, depth, extension)
    withBranch(round, position, slot, (children) => visitChildren(round, entries, children, fork, start, end))
  }
}

function visitChildren(
  round: Round,
  entries: readonly TrieEntry[],
  children: readonly TrieSlot[],
  fork: number,
  from: number,
  to: number,
): void {
  const first = entries[from]
  if (from === to || first === undefined) return
  let staying = 0
  let untouched = 0
  let nibbleUntouched = -1
  let at = from
  for (const [nibble, child] of children.entries()) {
    const start = at
    while (at < to && entries[at]?.nibbles[fork] === nibble) at++
    if (at > start) {
      if (hasAfter(entries, start, at)) staying++
      visitSlot(round, entries, child, fork + 1, start, at)
    } else if (child.kind !== EMPTY) {
      untouched++
      nibbleUntouched = nibble
    }
  }
  const candidate = children[nibbleUntouched]
  if (untouched !== 1 || staying > 0 || candidate === undefined) return
  const path = Uint8Array.of(nibbleUntouched, ...candidate.extension)
  const position = positionBeside(first.key, fork, path)
  if (candidate.kind === LEAF) wantLeaf(round, position, candidate, fork + 1)
  else if (candidate.extension.length > 0) withBranch(round, position, candidate, () => {})
}

/** The entries, sorted and so together, that follow the extension. */
function followers(
  entries: readonly TrieEntry[],
  extension: Uint8Array,
  depth: number,
  from: number,
  to: number,
): readonly [start: number, end: number] {
  let start = from
  let end = to
  while (start < end && !follows(entries[start], extension, depth)) start++
  while (end > start && !follows(entries[end - 1], extension, depth)) end--
  return [start, end]
}

function follows(entry: TrieEntry | undefined, extension: Uint8Array, depth: number): boolean {
  return extension.every((nibble, i) => entry?.nibbles[depth + i] === nibble)
}

function hasBefore(entries: readonly TrieEntry[], from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (entries[i]?.before !== null) return true
  return false
}

function hasAfter(entries: readonly TrieEntry[], from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (entries[i]?.after !== null) return true
  return false
}
