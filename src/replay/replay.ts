/**
 * Replays a captured proposal: from the blob bytes, through our own derivation, executed on the witness, block by block.
 * Every input is hashed against what commits to it first; the expected headers are only compared at the end.
 */
import {
  type DerivationContext,
  type DerivedBlock,
  deriveBlocks,
  type ParentBlock,
} from '../derive/blocks.ts'
import type { Engine } from '../engine/engine.ts'
import type { StateSource } from '../engine/state/source.ts'
import { createWitnessState } from '../engine/state/witness.ts'
import { loadKzg } from '../l1/kzg.ts'
import { versionedHashOf } from '../l1/versionedHash.ts'
import { defined } from '../primitives/assert.ts'
import type { Hash } from '../primitives/hex.ts'
import type { DecodedSource } from '../protocol/protocol.ts'
import { protocolOf } from '../protocol/protocols.ts'
import { type ReplayInput, requireInput } from './input.ts'

export type ReplayedBlock = DerivedBlock & {
  /** Hash of the block the file says came out. */
  readonly expected: Hash
}

/**
 * Yields each block as it is executed. Throws InputRefusedError, WitnessError or MissingStateError when the file is not
 * enough or not consistent: a node missing from the witness is never a reason to drop a transaction.
 */
export async function* replay(input: ReplayInput, engine: Engine): AsyncGenerator<ReplayedBlock> {
  await verifyBlobs(input)
  const { proposal, spec } = input
  const sources: DecodedSource[] = proposal.sources.map((_source, sourceIndex) =>
    protocolOf(proposal.fork).decodeSource({
      spec,
      proposal,
      sourceIndex,
      blobs: input.blobs[sourceIndex] ?? [],
    }),
  )
  const computed: { hash: Hash; number: bigint }[] = []
  const context: DerivationContext = {
    spec,
    engine,
    stateAfter: createWitnessStates(input),
    anchorBlock: async (_proposal, number) => {
      const block = input.l1Blocks.get(number)
      requireInput(block !== undefined, `the file lacks L1 block ${number}, which a block anchors to`)
      return block
    },
    ancestorHash: (number) => {
      const hash = computed.find((block) => block.number === number)?.hash ?? input.ancestorHashes.get(number)
      requireInput(hash !== undefined, `the file lacks the hash of L2 block ${number}`)
      return hash
    },
  }
  for await (const step of deriveBlocks(context, { proposal, sources, parent: input.parent })) {
    if (step.type === 'source') continue
    const { block } = step
    const expected = input.blocks[computed.length]?.expected
    requireInput(
      expected !== undefined,
      `the proposal makes more blocks than the file has (${input.blocks.length})`,
    )
    computed.push({ hash: block.executed.hash, number: block.executed.header.number })
    yield { ...block, expected: expected.hash }
  }
  requireInput(
    computed.length === input.blocks.length,
    `the proposal makes ${computed.length} blocks, the file has ${input.blocks.length}`,
  )
}

/** The witness of each block, checked against the state root of the parent we computed ourselves. */
function createWitnessStates(input: ReplayInput): (parent: ParentBlock) => StateSource {
  const opened = new Map<bigint, StateSource>()
  return ({ header }) => {
    const known = opened.get(header.number)
    if (known) return known
    const index = Number(header.number - input.parent.header.number)
    const { witness } = input.blocks[index] ?? {}
    requireInput(witness !== undefined, `the file has no witness for L2 block ${header.number + 1n}`)
    const state = createWitnessState({ ...witness, stateRoot: header.stateRoot })
    opened.set(header.number, state)
    return state
  }
}

async function verifyBlobs({ proposal, blobs }: ReplayInput): Promise<void> {
  const kzg = await loadKzg()
  for (const [sourceIndex, { blobSlice }] of proposal.sources.entries()) {
    const given = defined(blobs[sourceIndex], 'the blobs of a source')
    requireInput(
      given.length === blobSlice.blobHashes.length,
      `source ${sourceIndex} names ${blobSlice.blobHashes.length} blobs, the file has ${given.length}`,
    )
    for (const [index, expected] of blobSlice.blobHashes.entries()) {
      const actual = versionedHashOf(kzg.blobToCommitment(defined(given[index], 'a blob')))
      requireInput(
        actual === expected,
        `blob ${index} of source ${sourceIndex} hashes to ${actual}, not ${expected}`,
      )
    }
  }
}
