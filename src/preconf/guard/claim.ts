/** Whether a position may be taken: asked in the turn that records it, against what stands on the disk then and what is recalled. */
import { maxBigint } from '../../primitives/bigint.ts'
import type { Hash, Hex } from '../../primitives/hex.ts'
import type { Claim, ClaimRequest, L1View, Refusal } from './position.ts'
import { isBlockKind } from './position.ts'
import type { State } from './quiet.ts'
import { otherParents, type Recall, watermarkOf } from './recall.ts'

/** What is recorded at a position. */
export type Taken = {
  readonly hash: Hash
  readonly signedHash?: Hash
  readonly signature?: Hex
}

export type Decision = {
  readonly claim: Claim
  /** It is to be recorded, and what is final from now on. */
  readonly isNew: boolean
  readonly final: bigint
}

export async function decideClaim(
  request: ClaimRequest,
  context: {
    readonly view: L1View
    readonly state: State
    readonly windowSeconds: bigint
    readonly recall: Recall
    readonly taken: Taken | undefined
  },
): Promise<Decision> {
  const { view, state, windowSeconds, recall, taken } = context
  const { position, windowEnd, hash, signedHash = hash } = request
  const isBlock = isBlockKind(position.kind)
  const final = isBlock ? view.finalizedNumber : view.finalizedTimestamp
  const decide = (claim: Claim, isNew = false): Decision => ({ claim, isNew, final })
  const refuse = (refusal: Refusal) => decide({ type: 'refused', refusal })
  const waiting = { reason: 'waiting', until: state.quietUntil } as const
  if (view.timestamp <= state.quietUntil) return refuse(waiting)

  if (taken?.hash === hash) {
    // Of the same content another request's answer is another signature, and says the same.
    const signature = taken.signedHash === signedHash ? taken.signature : undefined
    return decide({ type: 'recorded', ...(signature && { signature }) })
  }
  if (taken !== undefined) return refuse({ reason: 'otherContent', earlier: { position, hash: taken.hash } })

  const latest = view.timestamp + windowSeconds
  if (windowEnd > latest) return refuse({ reason: 'windowTooFar', latest })
  if (windowEnd <= state.quietUntil) return refuse(waiting)
  if (isBlock && view.landed.timestamp <= state.quietUntil) return refuse(waiting)

  const settled = maxBigint(watermarkOf(recall, request), final)
  const watermark = maxBigint(settled, isBlock ? view.landed.number : 0n)
  if (position.number <= watermark) return refuse({ reason: 'settled', watermark })
  for (const earlier of otherParents(recall, request))
    if (!(await view.isRemoved(earlier.position.parent, position.number - 1n)))
      return refuse({ reason: 'parentNotRemoved', earlier })
  return decide({ type: 'recorded' }, true)
}
