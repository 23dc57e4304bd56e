/** A snapshot on a server that breaks off, lies, or has it not. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { sha256 } from '../../../src/snapshot/chunk.ts'
import { SnapshotError } from '../../../src/snapshot/errors.ts'
import type { ChunkEntry } from '../../../src/snapshot/manifest.ts'
import { openSnapshot, type SnapshotSource } from '../../../src/snapshot/source.ts'

const CONTENT = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 251))
const ENTRY: ChunkEntry = {
  ...{ section: 'accounts', file: 'accounts-00000.gz', count: 1, rawBytes: 100_000, bytes: CONTENT.length },
  ...{ sha256: sha256(CONTENT), first: `0x${'00'.repeat(32)}`, last: `0x${'00'.repeat(32)}` },
}

let server: Server
let asked: string[] = []

type Answer = (response: ServerResponse, from: number, request: IncomingMessage) => void

/** Answers in order, the last one again and again. */
async function serve(...answers: readonly Answer[]): Promise<SnapshotSource> {
  let count = 0
  asked = []
  server = createServer((request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    asked.push(`${request.url} ${from}`)
    answers[Math.min(count++, answers.length - 1)]!(response, from, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return openSnapshot(`http://127.0.0.1:${(server.address() as AddressInfo).port}/snapshots/`, {
    delayMs: 1,
    timeoutMs: 300,
  })
}

afterEach(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))

const whole: Answer = (response) => response.end(CONTENT)
const ranged: Answer = (response, from) =>
  response
    .writeHead(206, { 'content-range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}` })
    .end(CONTENT.subarray(from))
const broken =
  (length: number): Answer =>
  (response, from) => {
    if (from > 0)
      response.writeHead(206, { 'content-range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}` })
    response.write(CONTENT.subarray(from, from + length), () => response.destroy())
  }

async function faultOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    if (error instanceof SnapshotError) return error.fault
    throw error
  }
}

test('a whole file is taken', async () => {
  const source = await serve(whole)
  expect(Buffer.from(await source.chunk(ENTRY))).toEqual(CONTENT)
  expect(asked).toEqual(['/snapshots/accounts-00000.gz 0'])
})

test('where a connection broke, the rest is asked for', async () => {
  const source = await serve(broken(20_000), broken(10_000), ranged)
  expect(Buffer.from(await source.chunk(ENTRY))).toEqual(CONTENT)
  expect(asked.map((line) => Number(line.split(' ')[1]))).toEqual([0, 20_000, 30_000])
})

test('a server without ranges begins again', async () => {
  const source = await serve(broken(20_000), whole)
  expect(Buffer.from(await source.chunk(ENTRY))).toEqual(CONTENT)
})

test('another range than the one asked for is none', async () => {
  const source = await serve(broken(20_000), (response) =>
    response.writeHead(206, { 'content-range': `bytes 7-9/${CONTENT.length}` }).end('abc'),
  )
  expect(await faultOf(source.chunk(ENTRY))).toBe('chunkMissing')
})

test('a damaged file is fetched again', async () => {
  const damaged = Buffer.from(CONTENT)
  damaged[30_000]! ^= 1
  const source = await serve((response) => response.end(damaged), whole)
  expect(Buffer.from(await source.chunk(ENTRY))).toEqual(CONTENT)
})

test('one that stays damaged is named', async () => {
  const source = await serve((response) => response.end(Buffer.alloc(CONTENT.length)))
  await expect(source.chunk(ENTRY)).rejects.toThrow('accounts-00000.gz is not the file of the manifest')
  expect(asked).toHaveLength(3)
})

test('a file that goes on for ever ends at its size', async () => {
  const source = await serve((response) => {
    const more = () => response.write(Buffer.alloc(65_536), () => response.destroyed || setImmediate(more))
    more()
  })
  expect(await faultOf(source.chunk(ENTRY))).toBe('chunkWrongSize')
})

test('a file the server does not have is said at once', async () => {
  const source = await serve((response) => response.writeHead(404).end())
  expect(await faultOf(source.chunk(ENTRY))).toBe('chunkMissing')
  expect(asked).toHaveLength(1)
})

test('a server that fails and one that falls silent are asked again, not for ever', async () => {
  const silent: Answer = (response) => void response.writeHead(200)
  const source = await serve((response) => response.writeHead(500).end(), silent, whole)
  expect(Buffer.from(await source.chunk(ENTRY))).toEqual(CONTENT)
  server.close().closeAllConnections()
  const failing = await serve((response) => response.writeHead(503).end())
  await expect(failing.chunk(ENTRY)).rejects.toThrow('accounts-00000.gz is not to be had')
  expect(asked).toHaveLength(8)
})

test('a server that sends byte by byte is as good as silent', async () => {
  const source = await serve((response, from) => {
    if (from > 0)
      response.writeHead(206, { 'content-range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}` })
    let at = from
    const timer = setInterval(() => response.write(CONTENT.subarray(at, ++at)), 5)
    response.on('close', () => clearInterval(timer))
  })
  await expect(source.chunk(ENTRY)).rejects.toThrow('the server fell silent, or nearly so')
  expect(asked).toHaveLength(8)
})

test('nothing is unpacked on the way', async () => {
  let encoding: string | undefined
  const source = await serve((response, _, request) => {
    encoding = String(request.headers['accept-encoding'])
    response.end(CONTENT)
  })
  await source.chunk(ENTRY)
  expect(encoding).toBe('identity')
})

test('the signal ends it', async () => {
  const source = await serve((response) => void response.writeHead(200))
  const ending = new AbortController()
  const reading = source.chunk(ENTRY, ending.signal)
  ending.abort(new Error('enough'))
  await expect(reading).rejects.toThrow('enough')
})
