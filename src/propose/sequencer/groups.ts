/**
 * The blocks that L1 does not have yet, by the proposal that is to bring them. A header's extra data names its proposal, so the
 * grouping is in the chain itself: the same for our blocks, inherited ones, and after a restart.
 */
import type { BlockRef, ChainReader, StoredBlock, UnsafeOrigin } from '../../chain/chain.ts'
import { defined } from '../../primitives/assert.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import type { Hash } from '../../primitives/hex.ts'
import { ANCHOR_GAS_LIMIT } from '../../protocol/shasta/anchor.ts'
import type { ManifestBlockInput } from '../../protocol/shasta/encodeManifest.ts'

export type UnlandedBlock = {
  readonly hash: Hash
  readonly header: BlockHeader
  readonly origin: UnsafeOrigin
}

/** The blocks of one proposal to come: forced ones first. */
export type Group = {
  readonly proposalId: bigint
  /** Never empty. */
  readonly blocks: readonly UnlandedBlock[]
}

export function firstOf({ blocks }: Group): UnlandedBlock {
  return defined(blocks[0], 'the first block of a batch')
}

export function refOf({ hash, header }: UnlandedBlock): BlockRef {
  return { number: header.number, hash }
}

export function lastOf({ blocks }: Group): UnlandedBlock {
  return defined(blocks.at(-1), 'the last block of a batch')
}

export function forcedIn({ blocks }: Group): readonly UnlandedBlock[] {
  return blocks.filter(({ origin }) => origin.isForcedInclusion)
}

export function countOwn(group: Group): number {
  return group.blocks.length - forcedIn(group).length
}

/** Remembers headers, which do not change under a hash. */
export function createGroupReader(chain: ChainReader): () => Promise<readonly Group[]> {
  let known = new Map<Hash, UnlandedBlock>()

  const readBlock = async (number: bigint, hash: Hash): Promise<UnlandedBlock | undefined> => {
    const remembered = known.get(hash)
    if (remembered !== undefined) return remembered
    const found = await chain.headerByNumber(number)
    const origin = await chain.unsafeOrigin(number)
    return found?.hash === hash && origin !== undefined ? { hash, header: found.header, origin } : undefined
  }

  return async () => {
    const { safe, latest } = chain.heads()
    const refs = latest.number > safe.number ? await chain.hashes(safe.number + 1n, latest.number) : []
    const blocks: UnlandedBlock[] = []
    for (const { number, hash } of refs) {
      const block = await readBlock(number, hash)
      // The chain moved on while it was read: what there is so far is still true.
      if (block === undefined) break
      blocks.push(block)
    }
    known = new Map(blocks.map((block) => [block.hash, block]))
    return groupBlocks(blocks)
  }
}

export function groupBlocks(blocks: readonly UnlandedBlock[]): readonly Group[] {
  const groups: { proposalId: bigint; blocks: UnlandedBlock[] }[] = []
  for (const block of blocks) {
    const { proposalId } = block.origin
    const last = groups.at(-1)
    if (last?.proposalId === proposalId) last.blocks.push(block)
    else groups.push({ proposalId, blocks: [block] })
  }
  return groups
}

/** A block as its manifest lists it. */
export function toManifestBlock(block: StoredBlock, origin: UnsafeOrigin): ManifestBlockInput {
  const { header, transactions } = block
  return {
    timestamp: header.timestamp,
    coinbase: header.coinbase,
    anchorBlockNumber: origin.anchorBlock.number,
    gasLimit: header.gasLimit - ANCHOR_GAS_LIMIT,
    transactions: transactions.filter(({ listedIndex }) => listedIndex !== undefined).map(({ raw }) => raw),
  }
}
