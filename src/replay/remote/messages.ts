/** Between a replay and its threads. All of it survives a structured clone. */
import type { L1BlockRef, Proposal } from '../../protocol/protocol.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { ProposalJob, ReplayedProposal, StateWay } from './replayProposal.ts'

export type WorkerSetup = {
  readonly spec: RollupSpec
  /** At least one; the first is asked for state. */
  readonly nodes: readonly {
    readonly name: string
    readonly url: string
    readonly limits?: { readonly requestsPerSecond: number }
  }[]
  readonly way: StateWay
}

export type ToWorker =
  | { readonly type: 'job'; readonly id: number; readonly job: ProposalJob }
  | { readonly type: 'anchor'; readonly question: number; readonly block: L1BlockRef }
  | { readonly type: 'anchorFailed'; readonly question: number; readonly message: string }

export type FromWorker =
  | { readonly type: 'done'; readonly id: number; readonly replayed: ReplayedProposal }
  | { readonly type: 'failed'; readonly id: number; readonly message: string }
  /** L1 is read by the one who started the thread. */
  | {
      readonly type: 'anchor'
      readonly question: number
      readonly proposal: Proposal
      readonly number: bigint
    }
