/** What the RPC uses of a node's part in promises. */
import type { Commitments } from '../../preconf/commitments/commitments.ts'
import type { Preconf } from '../../preconf/createPreconf.ts'
import type { SequencerStatus } from '../../propose/sequencer/sequencer.ts'

export type PreconfRpc = Pick<
  Preconf,
  'journal' | 'hub' | 'evidence' | 'book' | 'firstSeen' | 'marks' | 'lists' | 'follower'
> & {
  /** On a node that promises. */
  readonly commitments?: Commitments
  readonly sequencer?: () => SequencerStatus
}
