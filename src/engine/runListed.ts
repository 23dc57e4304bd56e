/** A list run in order, as derivation does: what is refused is left out, and what exceeds the block's zk gas ends it. D-72, D-92. */
import { ZK_GAS_RULE } from './blockRun.ts'
import type { AddResult, DroppedTransaction } from './engine.ts'

/** Adds what is listed, in order, up to a transaction that ends the block; answers what is not in it. */
export async function runListed(
  listed: readonly { readonly raw: Uint8Array }[],
  add: (raw: Uint8Array, listedIndex: number) => Promise<AddResult>,
): Promise<DroppedTransaction[]> {
  const dropped: DroppedTransaction[] = []
  let ended: Omit<DroppedTransaction, 'listedIndex'> | undefined
  for (const [listedIndex, { raw }] of listed.entries()) {
    const result = ended === undefined ? await add(raw, listedIndex) : undefined
    if (result?.type === 'refused') {
      const { reason, rule } = result
      dropped.push({ listedIndex, reason, rule })
      if (rule === ZK_GAS_RULE) ended = { reason: 'the block ended before it', rule }
    } else if (ended !== undefined) dropped.push({ listedIndex, ...ended })
  }
  return dropped
}
