/**
 * Something read once for each L1 head, whoever asks how often. A failure is remembered for a moment, so that no caller can
 * make the node hammer its L1.
 */
import type { L1Position } from '../l1/l1.ts'
import type { Hash } from '../primitives/hex.ts'

export type PerHead<T> = (signal?: AbortSignal) => Promise<T>

export function createPerHead<T>(deps: {
  /** Throws while there is none. */
  readonly head: () => L1Position
  readonly read: (head: L1Position) => Promise<T>
  /** Milliseconds in which a failed reading is not tried again. */
  readonly failurePauseMs: number
}): PerHead<T> {
  let newest: { readonly hash: Hash; readonly reading: Promise<T> } | undefined
  let failure: { readonly error: unknown; readonly at: number } | undefined

  const begin = async (head: L1Position): Promise<T> => {
    try {
      return await deps.read(head)
    } catch (error) {
      failure = { error, at: performance.now() }
      if (newest?.hash === head.hash) newest = undefined
      throw error
    }
  }

  return async (signal) => {
    const head = deps.head()
    if (newest?.hash !== head.hash) {
      if (failure && performance.now() - failure.at < deps.failurePauseMs) throw failure.error
      // Callers share a reading, so none of their signals may end it.
      newest = { hash: head.hash, reading: begin(head) }
    }
    const answer = await newest.reading
    signal?.throwIfAborted()
    return answer
  }
}
