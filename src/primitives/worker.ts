/** Worker threads: they load compiled files, since Node 20 cannot run TypeScript, and end between jobs, never inside one. */
import { parentPort, type Worker } from 'node:worker_threads'

/** In place of a job: there will be none any more. */
const END = 'end'

/**
 * URL of a worker's compiled file, for `new Worker(url)`.
 * `from` is the caller's `import.meta.url`, `file` its relative path with the `.ts` ending. Under a test runner the caller
 * lives in src/, and its twin in dist/ (made by `npm run build`) is named instead.
 */
export function workerUrl(from: string, file: string): URL {
  const url = new URL(file, from)
  if (from.endsWith('.ts')) url.pathname = url.pathname.replace(/\/src\/(?!.*\/src\/)/, '/dist/')
  url.pathname = url.pathname.replace(/\.ts$/, '.js')
  return url
}

/** In the thread: `handle` runs for each job posted to it, one after the other. */
export function serveJobs<Job>(handle: (job: Job) => void): void {
  parentPort?.on('message', (message: Job | typeof END) => {
    if (message === END) parentPort?.close()
    else handle(message)
  })
}

/**
 * Resolves when the thread has ended, after the jobs posted before. To terminate one inside a native library can bring down the
 * process.
 */
export function endWorker(worker: Worker): Promise<void> {
  // An idle one does not keep the process up, which would end before this does; the last answers make it idle once more.
  worker.ref()
  worker.on('message', () => worker.ref())
  return new Promise((resolve) => {
    worker.once('exit', () => resolve())
    worker.postMessage(END)
  })
}
