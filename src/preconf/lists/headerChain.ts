/** The way from a checkpoint on L1 down to a window's last block, in calls that a slasher takes: contracts/src/l1/preconf/L2Headers.sol. */
import type { ChainReader } from '../../chain/chain.ts'
import { minBigint } from '../../primitives/bigint.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import { type BlockHeader, encodeHeader } from '../../primitives/header.ts'
import { bytesToHex, type Hex } from '../../primitives/hex.ts'

/**
 * Headers in one call. The slasher takes 256 (MAX_HEADERS), but at some 680 bytes each in calldata those are more than the 128 KiB of a
 * transaction that execution clients take in (geth's txMaxSize).
 */
const HEADERS_PER_CALL = 128n
/** Calls of `recordAncestor` before the evidence: 4096 blocks, more than two hours of them. */
export const ANCESTORS_MAX = 32
/** Blocks between a window's last block and a checkpoint that shows it, at most. */
export const REACH = HEADERS_PER_CALL * BigInt(ANCESTORS_MAX)

/** Downwards, both included. As an ancestor's it ends above the block that is recorded. */
export type HeaderRange = { readonly from: bigint; readonly to: bigint }

export type HeaderPlan = {
  /** Recorded first, in this order: the first begins with the checkpoint, each other with the block that the one before records. */
  readonly ancestors: readonly HeaderRange[]
  /** Of the evidence: two headers at least, the last of them the window's last block's. */
  readonly own: HeaderRange
}

/** What one call of `recordAncestor` takes. */
export type Ancestor = {
  /** Of the block that is known by it. */
  readonly blockNumber: bigint
  /** RLP, downwards to the block above it. */
  readonly headers: readonly Hex[]
}

/** @param checkpoint Above `last`, by REACH at most: undefined otherwise. */
export function planHeaders(checkpoint: bigint, last: bigint): HeaderPlan | undefined {
  if (checkpoint <= last || checkpoint - last > REACH) return undefined
  const ancestors: HeaderRange[] = []
  let from = checkpoint
  while (from - last >= HEADERS_PER_CALL) {
    const count = minBigint(HEADERS_PER_CALL, from - last - 1n)
    ancestors.push({ from, to: from - count + 1n })
    from -= count
  }
  return { ancestors, own: { from, to: last } }
}

/** RLP. TemporaryError for a block that a reorg takes away meanwhile. */
export async function readHeaders(
  chain: Pick<ChainReader, 'headerByNumber'>,
  { from, to }: HeaderRange,
): Promise<readonly Hex[]> {
  const headers: Hex[] = []
  for (let number = from; number >= to; number--)
    headers.push(bytesToHex(encodeHeader(await headerAt(chain, number))))
  return headers
}

export async function headerAt(
  chain: Pick<ChainReader, 'headerByNumber'>,
  number: bigint,
): Promise<BlockHeader> {
  const found = await chain.headerByNumber(number)
  if (found === undefined) throw new TemporaryError(`block ${number} was taken away`)
  return found.header
}
