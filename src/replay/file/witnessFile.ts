/** Our own witness file (docs/witness-format.md): one JSON document that replays alone. */
import { z } from 'zod'
import { decodeAccount } from '../../engine/state/account.ts'
import type { Trie } from '../../engine/state/partialTrie.ts'
import { type BlockHeader, decodeHeader, encodeHeader, headerHash } from '../../primitives/header.ts'
import { bytesToHex, type Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { parseRollupSpec, serializeRollupSpec } from '../../spec/specFile.ts'
import { bytes } from '../guest/fields.ts'
import { parseProposal } from '../guest/proposal.ts'
import { type ReplayBlock, type ReplayInput, requireInput } from '../input.ts'
import { linkAncestors, linkL1Headers } from '../links.ts'
import { buildTrie, collectNodes, leafValues } from './nodes.ts'

export const WITNESS_FORMAT = 'plumbline-witness-1'

const document = z.strictObject({
  format: z.literal(WITNESS_FORMAT),
  spec: z.unknown(),
  /**
   * As a guest input has it: `{Shasta: {proposal}}`, `{Pacaya: {info, meta, txList}}`, `{Ontake: {blockId, meta}}` or, before Ontake,
   * `{Hekla: {meta, depositsProcessed}}`.
   */
  proposal: z.unknown(),
  blobs: z.array(z.array(bytes)),
  /** The list of a block of Ontake or before that came without a blob. */
  calldata: bytes.exactOptional(),
  /** RLP, any order: the origin (Shasta) or anchor block and those before it that blocks anchor to. */
  l1Headers: z.array(bytes),
  /** RLP, newest first: the parent and its ancestors. */
  l2Headers: z.array(bytes).min(1),
  blocks: z.array(z.strictObject({ header: bytes, nodes: z.array(bytes), codes: z.array(bytes) })).min(1),
})

export function parseWitnessFile(json: unknown): ReplayInput {
  const file = document.parse(json)
  const spec = parseRollupSpec(file.spec)
  const l1Headers = file.l1Headers.map(decodeHeader)
  const proposal = parseProposal(spec, file.proposal, file.calldata)
  const [parent, ...ancestors] = file.l2Headers.map(decodeHeader)
  requireInput(parent !== undefined, 'the file has no parent block')
  const blocks = file.blocks.map(({ header, nodes, codes }): ReplayBlock => {
    const expected = decodeHeader(header)
    return { witness: parseWitness(nodes, codes), expected: { header: expected, hash: headerHash(expected) } }
  })
  const grandparent = ancestors[0]
  requireInput(
    grandparent !== undefined || parent.number === 0n,
    'the file lacks the block before the parent',
  )
  return {
    spec,
    proposal,
    proposalJson: file.proposal,
    blobs: file.blobs,
    l1Blocks: linkL1Headers(
      { number: proposal.originBlockNumber, hash: proposal.originBlockHash },
      l1Headers,
    ),
    l1Headers,
    l2Headers: [parent, ...ancestors],
    ancestorHashes: linkAncestors(parent, ancestors),
    parent: { header: parent, hash: headerHash(parent), grandparentTimestamp: grandparent?.timestamp ?? 0n },
    blocks,
  }
}

export function formatWitnessFile(input: ReplayInput): string {
  const hexOf = (headers: readonly BlockHeader[]) => headers.map((header) => bytesToHex(encodeHeader(header)))
  const [source] = input.proposal.sources
  const calldata = source?.calldataHash === undefined ? undefined : source.calldata
  return JSON.stringify({
    format: WITNESS_FORMAT,
    spec: JSON.parse(serializeRollupSpec(input.spec)),
    proposal: input.proposalJson,
    blobs: input.blobs.map((blobs) => blobs.map(bytesToHex)),
    ...(calldata && { calldata: bytesToHex(calldata) }),
    l1Headers: hexOf(input.l1Headers),
    l2Headers: hexOf(input.l2Headers),
    blocks: input.blocks.map(({ witness, expected }) => {
      const nodes = new Map<Hash, Uint8Array>()
      const tries: Trie[] = [
        witness.stateTrie,
        ...witness.storageTries.values(),
        ...(witness.storageTriesByRoot?.values() ?? []),
      ]
      for (const trie of tries) collectNodes(trie, nodes)
      return {
        header: bytesToHex(encodeHeader(expected.header)),
        nodes: [...nodes.values()].map(bytesToHex),
        codes: [...witness.codes].map(bytesToHex),
      }
    }),
  })
}

/** The first node is the root of the state trie; storage tries are found by the roots its accounts name. */
function parseWitness(nodeList: readonly Uint8Array[], codes: readonly Uint8Array[]): ReplayBlock['witness'] {
  const nodes = new Map(nodeList.map((node) => [keccak256Hex(node), node]))
  const [root] = nodes.keys()
  requireInput(root !== undefined, 'a block of the file has no state')
  const stateTrie = buildTrie(root, nodes)
  const storageTriesByRoot = new Map<Hash, Trie>()
  for (const leaf of leafValues(stateTrie)) {
    const storageRoot = decodeAccount(leaf)?.storageRoot
    if (storageRoot && nodes.has(storageRoot))
      storageTriesByRoot.set(storageRoot, buildTrie(storageRoot, nodes))
  }
  return { stateTrie, storageTries: new Map(), storageTriesByRoot, codes }
}
