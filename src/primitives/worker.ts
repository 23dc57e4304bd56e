/** Worker threads load compiled files: Node 20 cannot run TypeScript. */

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
