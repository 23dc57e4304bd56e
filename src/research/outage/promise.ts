/** What the protocol promises, as something that a run can show to be held or broken. One small record each. */
import type { Run } from './run.ts'

export type Verdict = 'held' | 'broken' | 'not applicable'

export type Judgement = {
  readonly verdict: Verdict
  /** What was seen, as a sentence with its figures. */
  readonly because: string
}

export type ProtocolPromise = {
  readonly id: string
  /** As one sentence. */
  readonly text: string
  /** Rule or invariant, section of docs/, or the contract that holds it. */
  readonly source: string
  readonly judge: (run: Run) => Judgement
}

export const held = (because: string): Judgement => ({ verdict: 'held', because })
export const broken = (because: string): Judgement => ({ verdict: 'broken', because })
export const notApplicable = (because: string): Judgement => ({ verdict: 'not applicable', because })
/** Held if it is so. */
export const judge = (isSo: boolean, because: string): Judgement => (isSo ? held(because) : broken(because))
