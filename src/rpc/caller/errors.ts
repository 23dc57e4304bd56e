/** Why a call did not come to an end. The messages are for the client. */

/** It ran past its wall clock or its memory. */
export class CallStoppedError extends Error {
  override readonly name = 'CallStoppedError'
}

/** Too many calls wait already, or the node is stopping. */
export class CallerBusyError extends Error {
  override readonly name = 'CallerBusyError'
}
