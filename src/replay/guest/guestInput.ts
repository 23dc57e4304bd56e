/**
 * Guest inputs of the Taiko provers (raiko, gaiko): everything a prover needs to re-execute a proposal. Two layouts: one block
 * at the top level (Ontake), or a batch of `inputs` beside the batch's own data (Pacaya, Shasta). Fields: docs/replay.md.
 */
import { z } from 'zod'
import type { Trie } from '../../engine/state/partialTrie.ts'
import { headerHash } from '../../primitives/header.ts'
import type { Proposal } from '../../protocol/protocol.ts'
import { type ReplayBlock, type ReplayInput, requireInput } from '../input.ts'
import { linkAncestors, linkL1Headers } from '../links.ts'
import { chainSpec } from './chainSpec.ts'
import { address, blob, byteArray, bytes } from './fields.ts'
import { header } from './header.ts'
import { parseProposal } from './proposal.ts'
import { parseTrie } from './trie.ts'

const block = z.object({
  block: z.object({ header }),
  chain_spec: chainSpec,
  parent_header: header,
  parent_state_trie: z.unknown(),
  /** Address to its trie and the slots it was made for; the slots add nothing. */
  parent_storage: z.record(z.string(), z.tuple([z.unknown(), z.unknown()])),
  contracts: z.array(bytes),
  ancestor_headers: z.array(header),
})

const blobs = z.object({
  tx_data_from_calldata: byteArray.nullish(),
  tx_data_from_blob: z.array(blob),
})

const batchLayout = z.object({
  inputs: z.array(block).min(1),
  taiko: z.object({
    l1_header: header,
    l1_ancestor_headers: z.array(header).nullish(),
    l2_grandparent_header: header.nullish(),
    batch_proposed: z.unknown(),
    tx_data_from_blob: z.array(blob).nullish(),
    data_sources: z.array(blobs).nullish(),
  }),
})

const singleLayout = block.extend({
  taiko: z.object({
    l1_header: header,
    tx_data: byteArray,
    block_proposed: z.unknown(),
  }),
})

type Block = z.output<typeof block>

export function isGuestInput(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'taiko' in json
}

export function parseGuestInput(json: unknown): ReplayInput {
  return json !== null && typeof json === 'object' && 'inputs' in json ? parseBatch(json) : parseSingle(json)
}

function parseBatch(json: unknown): ReplayInput {
  const { inputs, taiko } = batchLayout.parse(json)
  const [first] = inputs
  requireInput(first !== undefined, 'the input has no block')
  const proposal = parseProposal(first.chain_spec, taiko.batch_proposed)
  const ofSources = taiko.data_sources?.map((source) => source.tx_data_from_blob)
  return assemble({
    blocks: inputs,
    proposal,
    proposalJson: taiko.batch_proposed,
    blobs: ofSources ?? [taiko.tx_data_from_blob ?? []],
    l1Headers: [...(taiko.l1_ancestor_headers ?? []), taiko.l1_header],
    grandparents: taiko.l2_grandparent_header ? [taiko.l2_grandparent_header] : [],
  })
}

function parseSingle(json: unknown): ReplayInput {
  const { taiko, ...input } = singleLayout.parse(json)
  const proposal = parseProposal(input.chain_spec, taiko.block_proposed, taiko.tx_data)
  const usesBlob = (proposal.sources[0]?.blobSlice.blobHashes.length ?? 0) > 0
  return assemble({
    blocks: [input],
    proposal,
    proposalJson: taiko.block_proposed,
    blobs: [usesBlob ? [taiko.tx_data] : []],
    l1Headers: [taiko.l1_header],
    grandparents: [],
  })
}

function assemble(parts: {
  readonly blocks: readonly Block[]
  readonly proposal: Proposal
  readonly proposalJson: unknown
  readonly blobs: ReplayInput['blobs']
  readonly l1Headers: ReplayInput['l1Headers']
  /** The block before the parent, where the ancestors lack it. */
  readonly grandparents: readonly Block['parent_header'][]
}): ReplayInput {
  const { blocks, proposal, proposalJson, blobs, l1Headers } = parts
  const [first] = blocks
  requireInput(first !== undefined, 'the input has no block')
  const parent = first.parent_header
  const ancestors = first.ancestor_headers.length > 0 ? first.ancestor_headers : parts.grandparents
  const [grandparent] = ancestors
  requireInput(
    grandparent !== undefined || parent.number === 0n,
    'the input lacks the block before the parent',
  )
  const hash = headerHash(parent)
  const claimed = first.block.header.parentHash
  requireInput(hash === claimed, `the parent header hashes to ${hash}, the expected block names ${claimed}`)
  return {
    spec: first.chain_spec,
    proposal,
    proposalJson,
    blobs,
    l1Headers,
    l1Blocks: linkL1Headers(
      { number: proposal.originBlockNumber, hash: proposal.originBlockHash },
      l1Headers,
    ),
    l2Headers: [parent, ...ancestors],
    ancestorHashes: linkAncestors(parent, ancestors),
    parent: { header: parent, hash, grandparentTimestamp: grandparent?.timestamp ?? 0n },
    blocks: blocks.map(toReplayBlock),
  }
}

function toReplayBlock(input: Block): ReplayBlock {
  const storageTries = new Map<`0x${string}`, Trie>()
  for (const [account, [trie]] of Object.entries(input.parent_storage)) {
    storageTries.set(address.parse(account), parseTrie(trie))
  }
  const expected = input.block.header
  return {
    witness: { stateTrie: parseTrie(input.parent_state_trie), storageTries, codes: input.contracts },
    expected: { header: expected, hash: headerHash(expected) },
  }
}
