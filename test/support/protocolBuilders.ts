/** Small proposals, parents and manifests for tests of the rules. */
import { deflateSync } from 'node:zlib'
import { concatBytes, toWord } from '../../src/primitives/bytes.ts'
import { type Hash, ZERO_HASH } from '../../src/primitives/hex.ts'
import { encodeRlp, type RlpItem } from '../../src/primitives/rlp.ts'
import type { ParentContext, Proposal } from '../../src/protocol/protocol.ts'
import { encodeManifest, type ManifestBlockInput } from '../../src/protocol/shasta/encodeManifest.ts'
import { UNKNOWN_L1 } from './protocolFixtures.ts'

/** After Shasta on Hoodi, before Unzen. */
export const PROPOSED_AT = 1_775_000_000n
export const PROPOSER = '0x1111111111111111111111111111111111111111'
export const COINBASE = '0x2222222222222222222222222222222222222222'
const BLOB_HASH: Hash = `0x01${'33'.repeat(31)}`

/** One source for each member of `forced`, in order; by default the proposer's own alone. */
export function createProposal(
  change: Partial<Proposal> & { readonly forced?: readonly boolean[]; readonly offset?: number } = {},
): Proposal {
  const { forced = [false], offset = 0, ...fields } = change
  return {
    fork: 'shasta',
    id: 10n,
    proposer: PROPOSER,
    timestamp: PROPOSED_AT,
    originBlockNumber: 1000n,
    originBlockHash: ZERO_HASH,
    basefeeSharingPctg: 75,
    sources: forced.map((isForcedInclusion) => ({
      isForcedInclusion,
      blobSlice: { blobHashes: [BLOB_HASH], offset, timestamp: PROPOSED_AT },
    })),
    hash: ZERO_HASH,
    l1: UNKNOWN_L1,
    details: { type: 'shasta', endOfSubmissionWindowTimestamp: 0n },
    ...fields,
  }
}

export function createParent(change: Partial<ParentContext> = {}): ParentContext {
  return {
    number: 500n,
    hash: ZERO_HASH,
    timestamp: PROPOSED_AT - 100n,
    gasLimit: 31_000_000n,
    gasUsed: 15_500_000n,
    baseFeePerGas: 25_000_000n,
    difficulty: 0n,
    grandparentTimestamp: PROPOSED_AT - 102n,
    anchorBlockNumber: 990n,
    anchorNonce: 500n,
    ...change,
  }
}

/** Valid after `createParent` for `createProposal`. */
export function createBlock(change: Partial<ManifestBlockInput> = {}): ManifestBlockInput {
  return {
    timestamp: PROPOSED_AT - 50n,
    coinbase: COINBASE,
    anchorBlockNumber: 995n,
    gasLimit: 30_000_000n,
    transactions: [],
    ...change,
  }
}

/** Header and compressed manifest of `count` blocks a second apart. */
export function createManifest(count: number): Uint8Array {
  const blocks = Array.from({ length: count }, (_, i) =>
    createBlock({ timestamp: PROPOSED_AT - BigInt(count) + BigInt(i) }),
  )
  return encodeManifest(blocks)
}

/** A payload whose compressed part is any RLP at all. */
export function wrapManifest(item: RlpItem | Uint8Array, raw = false): Uint8Array {
  const compressed = deflateSync(raw ? (item as Uint8Array) : encodeRlp(item))
  return concatBytes(toWord(1n), toWord(BigInt(compressed.length)), compressed)
}
