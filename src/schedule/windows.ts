/**
 * Ownership of slots by the lookahead, as LookaheadSchedule.ownerAt decides it: the first slot from a slot on whose proposer
 * has opted in owns it. A pure function of the vector and of who has opted in.
 */

export type LookaheadWindow<O> = {
  readonly firstSlot: bigint
  /** The owner's own slot, if there is one. */
  readonly lastSlot: bigint
} & (
  | { readonly type: 'owned'; readonly owner: O; readonly validatorIndex: bigint }
  /** Nobody who opted in proposes up to the end of the next epoch. */
  | { readonly type: 'fallback' }
  /** The end of the second epoch, after its last owner: the next lookahead decides. */
  | { readonly type: 'unsettled' }
)

export type Lookahead = {
  /** The first of the two epochs. */
  readonly epoch: bigint
  readonly slotsPerEpoch: bigint
  /** Validator index of each slot of both epochs. */
  readonly proposers: readonly bigint[]
}

/** Windows in order, together every slot of both epochs. `ownerOf` is asked for the epoch in which the validator proposes. */
export function windowsOf<O>(
  { epoch, slotsPerEpoch, proposers }: Lookahead,
  ownerOf: (validatorIndex: bigint, epoch: bigint) => O | undefined,
): readonly LookaheadWindow<O>[] {
  const start = epoch * slotsPerEpoch
  const secondStart = start + slotsPerEpoch
  const end = start + BigInt(proposers.length)
  const windows: LookaheadWindow<O>[] = []
  let firstSlot = start
  for (const [i, validatorIndex] of proposers.entries()) {
    const slot = start + BigInt(i)
    const owner = ownerOf(validatorIndex, slot / slotsPerEpoch)
    if (owner === undefined) continue
    windows.push({ type: 'owned', firstSlot, lastSlot: slot, owner, validatorIndex })
    firstSlot = slot + 1n
  }
  if (firstSlot < secondStart) {
    windows.push({ type: 'fallback', firstSlot, lastSlot: secondStart - 1n })
    firstSlot = secondStart
  }
  if (firstSlot < end) windows.push({ type: 'unsettled', firstSlot, lastSlot: end - 1n })
  return windows
}
