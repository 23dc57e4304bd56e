/** A snapshot on a server: each file bounded by what the manifest says, gone on with where it broke off, and fetched again when it is wrong. */
import { retryTemporary } from '../primitives/async.ts'
import { TemporaryError } from '../primitives/errors.ts'
import { checkChunkFile } from './chunk.ts'
import { SnapshotError } from './errors.ts'
import { type ChunkEntry, MANIFEST_BYTES_MAX, MANIFEST_FILE } from './manifest.ts'
import type { SnapshotSource } from './source.ts'

export type HttpSnapshotOptions = {
  readonly fetch?: typeof globalThis.fetch
  /** In which a server must bring so many bytes more, in milliseconds; see PROGRESS_BYTES. */
  readonly timeoutMs?: number
  readonly delayMs?: number
  readonly onRetry?: (file: string, reason: string) => void
}

const TIMEOUT_MS = 30_000
/** Less than this in the time above, or in an attempt, is as good as nothing: byte by byte a server could hold a load up for years. */
const PROGRESS_BYTES = 16_384
const RETRY_DELAY_MS = 500
const RETRY_DELAY_MAX_MS = 12_000
/** Attempts in a row that bring too little, and files with another sum, before it is said. */
const ATTEMPTS_MAX = 8
const WRONG_FILES_MAX = 3

export function createHttpSnapshot(place: string, options: HttpSnapshotOptions): SnapshotSource {
  const base = baseOf(place)
  const send = options.fetch ?? globalThis.fetch

  /** Reads on from the end of `parts`; what came before a failure stays in them. */
  const readOn = async (
    file: string,
    bytesMax: number,
    parts: Uint8Array[],
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    const quiet = new AbortController()
    const both = signal === undefined ? quiet.signal : AbortSignal.any([signal, quiet.signal])
    let timer: NodeJS.Timeout | undefined
    const listen = () => {
      clearTimeout(timer)
      timer = setTimeout(
        () => quiet.abort(new TemporaryError('the server fell silent, or nearly so')),
        options.timeoutMs ?? TIMEOUT_MS,
      )
    }
    let have = parts.reduce((sum, { length }) => sum + length, 0)
    let wanted = have + PROGRESS_BYTES
    try {
      listen()
      // Sizes are of the file itself: nothing may be unpacked on the way.
      const headers = { 'accept-encoding': 'identity', ...(have > 0 && { range: `bytes=${have}-` }) }
      const url = new URL(file, base)
      url.search = base.search
      const response = await send(url, { headers, signal: both, redirect: 'follow' })
      if (response.status === 404 || response.status === 410)
        throw new SnapshotError('chunkMissing', `the server has no ${file} (status ${response.status})`)
      if (!response.ok) throw new TemporaryError(`the server answers ${response.status}`)
      const isRest = response.status === 206 && beginOf(response) === have
      // A server without ranges begins again.
      if (!isRest) {
        if (response.status === 206)
          throw new TemporaryError('the server answers another range than was asked for')
        parts.length = 0
        have = 0
        wanted = PROGRESS_BYTES
      }
      for await (const part of response.body ?? []) {
        have += part.length
        if (have >= wanted) {
          wanted = have + PROGRESS_BYTES
          listen()
        }
        if (have > bytesMax)
          throw new SnapshotError('chunkWrongSize', `${file} goes on behind its ${bytesMax} bytes`)
        parts.push(part)
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof SnapshotError || error instanceof TemporaryError) throw error
      if (quiet.signal.aborted) throw quiet.signal.reason
      throw new TemporaryError(`the connection failed: ${reasonOf(error)}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  const read = async (
    file: string,
    bytesMax: number,
    isWhole: (bytes: number) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> => {
    const parts: Uint8Array[] = []
    const length = () => parts.reduce((sum, part) => sum + part.length, 0)
    let barren = 0
    let failure: SnapshotError | undefined
    await retryTemporary(
      async () => {
        const before = length()
        try {
          await readOn(file, bytesMax, parts, signal)
          if (!isWhole(length())) throw new TemporaryError(`${file} ends after ${length()} bytes`)
        } catch (error) {
          if (!(error instanceof TemporaryError)) throw error
          barren = length() >= before + PROGRESS_BYTES ? 0 : barren + 1
          if (barren < ATTEMPTS_MAX) throw error
          failure = new SnapshotError(
            'chunkMissing',
            `${file} is not to be had from ${base.host}: ${error.message}`,
            { cause: error },
          )
        }
      },
      {
        delayMs: options.delayMs ?? RETRY_DELAY_MS,
        delayMaxMs: RETRY_DELAY_MAX_MS,
        onRetry: ({ message }) => options.onRetry?.(file, message),
        ...(signal && { signal }),
      },
    )
    if (failure) throw failure
    // Not as arguments: a server may send byte by byte.
    return new Uint8Array(Buffer.concat(parts))
  }

  return {
    name: base.host,
    // Its length is not known: a connection that ends early leaves no JSON.
    manifest: (signal) => read(MANIFEST_FILE, MANIFEST_BYTES_MAX, (bytes) => bytes > 0, signal),
    async chunk(entry: ChunkEntry, signal) {
      for (let wrong = 1; ; wrong++) {
        const bytes = await read(entry.file, entry.bytes, (length) => length === entry.bytes, signal)
        try {
          checkChunkFile(entry, bytes)
          return bytes
        } catch (error) {
          if (!(error instanceof SnapshotError) || wrong === WRONG_FILES_MAX) throw error
          options.onRetry?.(entry.file, error.message)
        }
      }
    },
  }
}

function baseOf(place: string): URL {
  const url = new URL(place)
  if (url.pathname.endsWith(`/${MANIFEST_FILE}`)) url.pathname = url.pathname.slice(0, -MANIFEST_FILE.length)
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

function beginOf(response: Response): number | undefined {
  const begin = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
  return begin === undefined ? undefined : Number(begin)
}

/** fetch hides the reason ("fetch failed") in nested causes. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message
}
