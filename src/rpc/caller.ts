/** Running calls beside the node's own work. */

export class CallTimeoutError extends Error {
  override readonly name = 'CallTimeoutError'
}

export class CallerBusyError extends Error {
  override readonly name = 'CallerBusyError'
}
