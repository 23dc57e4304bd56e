import { Writable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLogger, defaultLogFormat, type LogOptions } from '../../../src/telemetry/createLogger.ts'
import { redactUrls } from '../../../src/telemetry/redact.ts'

function capture(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { lines, logger: createLogger({ level: 'info', format: 'json', stream, ...options }) }
}

test('a JSON line holds the level by name, the fields and the constant message', () => {
  const { lines, logger } = capture()
  logger.info({ block: 12n, hash: '0xab' }, 'derived a block')
  expect(JSON.parse(lines[0]!)).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    block: 12,
    hash: '0xab',
    msg: 'derived a block',
  })
})

test('a text line holds them too', () => {
  const { lines, logger } = capture({ format: 'text' })
  logger.warn({ block: 12 }, 'derived a block')
  expect(lines.join('')).toMatch(/WARN.*derived a block.*"block":12/)
})

test('less than the level is not written', () => {
  const { lines, logger } = capture({ level: 'warn' })
  logger.debug({}, 'a')
  logger.info({}, 'b')
  logger.error({}, 'c')
  expect(lines.length).toBe(1)
})

test('an error keeps its message and its causes', () => {
  const { lines, logger } = capture()
  logger.error({ error: new Error('outer', { cause: new Error('inner') }) }, 'failed')
  expect(lines[0]).toContain('outer')
  expect(lines[0]).toContain('inner')
})

test('text is for terminals', () => {
  expect(defaultLogFormat({ isTTY: true })).toBe('text')
  expect(defaultLogFormat({})).toBe('json')
})

test.each([
  ['https://user:secret@l1.example/rpc', 'https://***@l1.example/rpc'],
  ['https://l1.example/v3/1a2b3c4d5e6f7a8b9c0d', 'https://l1.example/v3/***'],
  ['wss://l1.example/ws?apikey=abc&x=1', 'wss://l1.example/ws?apikey=***&x=***'],
  ['http://127.0.0.1:8545', 'http://127.0.0.1:8545'],
  [
    'http://b.example/eth/v1/beacon/blobs/12?versioned_hashes=0x01ab',
    'http://b.example/eth/v1/beacon/blobs/12?versioned_hashes=0x01ab',
  ],
])('of %s only what is public is shown', (url, shown) => {
  expect(redactUrls(`asked ${url} twice`)).toBe(`asked ${shown} twice`)
})

test('no secret of a URL is ever written, wherever the URL stands', () => {
  const secret = fc.stringMatching(/^[a-zA-Z0-9]{10,30}[0-9][A-Z][a-zA-Z0-9]{6,20}$/)
  const url = secret.chain((key) =>
    fc
      .constantFrom(
        `https://u:${key}@h.example/x`,
        `https://h.example/v2/${key}`,
        `wss://h.example/?key=${key}`,
        `https://${key}@h.example`,
      )
      .map((text) => ({ key, text })),
  )
  fc.assert(
    fc.property(url, fc.constantFrom<LogOptions['format']>('json', 'text'), ({ key, text }, format) => {
      const { lines, logger } = capture({ format })
      logger.error({ url: text, nested: { list: [text] } }, 'field')
      logger.error({ error: new Error(`cannot reach ${text}`, { cause: new Error(text) }) }, 'error')
      logger.error({}, `message "${text}"`)
      expect(lines.length).toBeGreaterThan(0)
      expect(lines.join('')).not.toContain(key)
    }),
  )
})
