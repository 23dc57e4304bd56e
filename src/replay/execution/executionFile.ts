/** The answer of `debug_executionWitness` beside that of `debug_getRawBlock`: one block, executed alone (docs/replay.md). */
import { z } from 'zod'
import { decodeBlock, type EthereumBlock } from '../../engine/ethereum/block.ts'
import { decodeAccount } from '../../engine/state/account.ts'
import type { Trie } from '../../engine/state/partialTrie.ts'
import type { Witness } from '../../engine/state/witness.ts'
import { decodeHeader, headerHash } from '../../primitives/header.ts'
import type { Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { parseRollupSpec } from '../../spec/specFile.ts'
import { buildTrie, leafValues } from '../file/nodes.ts'
import { bytes } from '../guest/fields.ts'
import { requireInput } from '../input.ts'
import { linkAncestors } from '../links.ts'

/** One block that is executed again, but not derived again. */
export type ExecutionInput = {
  readonly spec: RollupSpec
  readonly block: EthereumBlock
  readonly witness: Witness
  /** The parent and its ancestors. */
  readonly ancestorHashes: ReadonlyMap<bigint, Hash>
}

const document = z.object({
  block: bytes,
  witness: z.object({ state: z.array(bytes), codes: z.array(bytes), headers: z.array(bytes).min(1) }),
  /** As `based_rollupConfig` answers it. */
  spec: z.unknown().optional(),
})

export function isExecutionFile(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'block' in json && 'witness' in json
}

/** `spec`: of a file that does not say its chain. */
export function parseExecutionFile(json: unknown, spec?: RollupSpec): ExecutionInput {
  const file = document.parse(json)
  const own = file.spec === undefined ? spec : parseRollupSpec(file.spec)
  requireInput(own !== undefined, 'the file has no spec; name its chain with --rollup.config or --network')
  const block = decodeBlock(file.block)
  const headers = file.witness.headers.map(decodeHeader).sort((a, b) => (a.number < b.number ? 1 : -1))
  const [parent, ...ancestors] = headers
  requireInput(
    parent !== undefined && headerHash(parent) === block.header.parentHash,
    `the headers of the witness have no parent of block ${block.header.number}`,
  )
  const nodes = new Map(file.witness.state.map((node) => [keccak256Hex(node), node]))
  const stateTrie = buildTrie(parent.stateRoot, nodes)
  const storageTriesByRoot = new Map<Hash, Trie>()
  for (const leaf of leafValues(stateTrie)) {
    const storageRoot = decodeAccount(leaf)?.storageRoot
    if (storageRoot && nodes.has(storageRoot))
      storageTriesByRoot.set(storageRoot, buildTrie(storageRoot, nodes))
  }
  const { stateRoot } = parent
  return {
    spec: own,
    block,
    witness: { stateRoot, stateTrie, storageTries: new Map(), storageTriesByRoot, codes: file.witness.codes },
    ancestorHashes: linkAncestors(parent, ancestors),
  }
}
