/** Where on L1 a proposal is, as an L2 node says it: it saves a search, and is not believed. */
import { CriticalError } from '../../primitives/errors.ts'
import { findRange } from './canonical.ts'
import { createL2Node } from './l2Node.ts'
import type { WorkerSetup } from './messages.ts'

/** Undefined where the node does not tell. Of proposals of Shasta and later. */
export async function hintBlock(
  [node]: WorkerSetup['nodes'],
  proposalId: bigint,
  signal: AbortSignal,
): Promise<bigint | undefined> {
  if (node === undefined) return undefined
  const asked = createL2Node(node, signal)
  try {
    const { first } = await findRange(asked, { id: proposalId, fork: 'shasta', details: undefined })
    return await asked.l1Height(first)
  } catch (error) {
    // What it lacks or contradicts itself in is told where it matters.
    if (error instanceof CriticalError) return undefined
    throw error
  }
}
