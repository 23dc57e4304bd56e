/** Where two branches of L1 part: which of the positions we remember is still on the chain of the head. */
import type { Hash } from '../primitives/hex.ts'
import { ANCESTOR_DEPTH_MAX, findAncestor } from './ancestry.ts'
import type { L1Header, L1Position } from './l1.ts'
import type { L1Reader } from './reader.ts'

/**
 * Hash of the block `number` on the chain of `head`. Beyond the longest walk it is the block that providers name for the
 * number; what is built on a wrong answer fails to link later.
 */
export async function hashOnChain(
  reader: L1Reader,
  head: L1Position,
  number: bigint,
  signal?: AbortSignal,
): Promise<Hash | undefined> {
  if (number > head.number) return undefined
  if (head.number - number <= ANCESTOR_DEPTH_MAX)
    return (await findAncestor(reader, head, number, signal)).hash
  return (await reader.headersByNumber(number, number, signal))?.[0]?.hash
}

/** The newest of `positions` (newest first) on the chain of `head`; null if none is. */
export async function newestOnChain(
  reader: L1Reader,
  head: L1Header,
  positions: readonly L1Position[],
  signal?: AbortSignal,
): Promise<L1Position | null> {
  for (const position of positions) {
    if ((await hashOnChain(reader, head, position.number, signal)) === position.hash) return position
  }
  return null
}

/** Headers after `from` up to `head`, oldest first; null if the head does not build on `from`. */
export async function branchBetween(
  reader: L1Reader,
  from: L1Position,
  head: L1Header,
  signal?: AbortSignal,
): Promise<readonly L1Header[] | null> {
  // Reads the whole branch by its links; afterwards every header of it is known.
  const first = await findAncestor(reader, head, from.number + 1n, signal)
  if (first.parentHash !== from.hash) return null
  const branch: L1Header[] = [head]
  for (let at = head; at.number > first.number; ) {
    at = await findAncestor(reader, at, at.number - 1n, signal)
    branch.push(at)
  }
  return branch.reverse()
}
