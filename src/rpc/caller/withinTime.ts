/** Jobs under one clock, and what stops them as answers to a client. */
import type { Caller } from '../deps.ts'
import { limitExceeded, RpcError } from '../errors.ts'
import { CallerBusyError, CallStoppedError } from './errors.ts'
import type { JobKind, Jobs } from './jobs.ts'

/** All jobs run with what it returns have `timeoutMs` milliseconds together, and wait in the line of `client`, an address. */
export function withinTime(caller: Caller, timeoutMs: number, client?: string) {
  const deadline = performance.now() + timeoutMs
  return async <K extends JobKind>(
    kind: K,
    params: Jobs[K]['params'],
    place: Parameters<Caller['run']>[2],
  ): Promise<Jobs[K]['result']> => {
    try {
      return await caller.run(kind, params, place, Math.max(0, deadline - performance.now()), client)
    } catch (error) {
      if (error instanceof CallStoppedError)
        throw new RpcError({ code: 'resourceUnavailable', message: error.message })
      if (error instanceof CallerBusyError) throw limitExceeded(error.message)
      throw error
    }
  }
}
