/** Progress of a command that ends: a bar on a terminal, a line now and then elsewhere. Both go to stderr; stdout is for results. */
import { SingleBar } from 'cli-progress'

export type LineProgress = {
  note(progress: { readonly done: number; readonly of: number; readonly text: string }): void
  end(): void
}

const LINE_INTERVAL_MS = 12_000

export function createLineProgress(stream: NodeJS.WriteStream = process.stderr): LineProgress {
  const bar = stream.isTTY
    ? new SingleBar({ stream, format: '{bar} {percentage}% · {text} · {eta_formatted}', hideCursor: true })
    : undefined
  let saidAt = performance.now()
  let hasBegun = false
  return {
    note({ done, of, text }) {
      if (bar) {
        if (!hasBegun) bar.start(of, done, { text })
        hasBegun = true
        bar.update(done, { text })
      } else if (performance.now() - saidAt >= LINE_INTERVAL_MS) {
        saidAt = performance.now()
        stream.write(`${of > 0 ? Math.floor((100 * done) / of) : 100}% · ${text}\n`)
      }
    },
    end() {
      if (hasBegun) bar?.stop()
      hasBegun = false
    },
  }
}
