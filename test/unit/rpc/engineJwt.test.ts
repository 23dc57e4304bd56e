/** Tokens of the engine API, made here with nothing but HMAC. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { checkEngineJwt, parseJwtSecret } from '../../../src/rpc/engine/jwt.ts'

const SECRET = new Uint8Array(32).fill(7)
const NOW = 1_700_000_000

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function token(
  claims: object = { iat: NOW },
  {
    alg = 'HS256',
    hash = 'sha256',
    secret = SECRET,
  }: { alg?: string; hash?: string; secret?: Uint8Array } = {},
): string {
  const content = `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`
  return `${content}.${createHmac(hash, secret).update(content).digest('base64url')}`
}

const check = (header: string | undefined) => checkEngineJwt(header, SECRET, NOW)

test.each([
  ['now', { iat: NOW }],
  ['a minute ago', { iat: NOW - 60 }],
  ['a minute ahead', { iat: NOW + 60 }],
  ['claims that nobody knows', { iat: NOW, id: 'cl', clv: 'Lighthouse/v9', else: [1] }],
])('accepts a token of %s', async (_, claims) => {
  expect(await check(`Bearer ${token(claims)}`)).toEqual({ type: 'accepted' })
})

test('the reason says what is wrong with the time', async () => {
  expect(await check(`Bearer ${token({ iat: NOW - 61 })}`)).toEqual({
    type: 'refused',
    reason: 'stale token: iat must be within 60 s of now',
  })
})

const unsigned = `${encode({ alg: 'none', typ: 'JWT' })}.${encode({ iat: NOW })}.`
const [head, , signature] = token().split('.')

test.each([
  ['no header', undefined],
  ['no token', 'Bearer'],
  ['another scheme', `Basic ${token()}`],
  ['a token that is none', 'Bearer abc'],
  ['two tokens', `Bearer ${token()} ${token()}`],
  ['too long a header', `Bearer ${token({ iat: NOW, pad: 'x'.repeat(8192) })}`],
  ['61 s ahead', `Bearer ${token({ iat: NOW + 61 })}`],
  ['no iat', `Bearer ${token({})}`],
  ['iat that is no number', `Bearer ${token({ iat: String(NOW) })}`],
  ['an expired token', `Bearer ${token({ iat: NOW, exp: NOW - 61 })}`],
  ['another secret', `Bearer ${token(undefined, { secret: new Uint8Array(32) })}`],
  ['no algorithm', `Bearer ${unsigned}`],
  ['another algorithm', `Bearer ${token(undefined, { alg: 'HS512', hash: 'sha512' })}`],
  ['changed claims', `Bearer ${head}.${encode({ iat: NOW + 1 })}.${signature}`],
])('refuses %s', async (_, header) => {
  expect(await check(header)).toMatchObject({ type: 'refused' })
})

describe('the secret', () => {
  const hex = 'ab'.repeat(32)
  test.each([hex, `0x${hex}`, ` ${hex}\n`])('is read from %j', (text) => {
    expect(parseJwtSecret(text)).toEqual(new Uint8Array(32).fill(0xab))
  })
  test.each(['', '0x', hex.slice(2), `${hex}00`, `zz${hex.slice(2)}`, `0x0x${hex}`])('is not %j', (text) => {
    expect(() => parseJwtSecret(text)).toThrow(RangeError)
  })
})
