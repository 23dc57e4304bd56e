/** Why a wait ended: somebody asked the process to stop. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError'
}

/** The first SIGINT or SIGTERM asks everything to finish its step, the second ends the process at once. */
export function createShutdown(announce: (signal: string) => void): AbortSignal {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals) => {
    // 128 + the signal's number, as shells report it.
    if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143)
    announce(name)
    controller.abort(new StoppedError(`stopped by ${name}`))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return controller.signal
}
