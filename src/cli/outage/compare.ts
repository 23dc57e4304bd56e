/** Whether two nodes have the same chain, as far as both have derived it. */
import type { Node } from '../../node.ts'
import { minBigint } from '../../primitives/bigint.ts'

export async function compareSafe(
  a: Node,
  b: Node,
): Promise<{ readonly same: boolean; readonly blocks: number }> {
  const to = minBigint(a.chain.heads().safe.number, b.chain.heads().safe.number)
  const [ours, theirs] = await Promise.all([a, b].map(({ chain }) => chain.hashes(0n, to)))
  const hashes = (blocks: typeof ours) => blocks?.map(({ hash }) => hash).join()
  return { same: ours !== undefined && hashes(ours) === hashes(theirs), blocks: Number(to) + 1 }
}
