import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shapeOf } from '../../../src/rpc/bodyShape.ts'

const shape = (text: string) => shapeOf(new TextEncoder().encode(text))

/** Members beyond the first of each list and object, and a colon for each key. */
function separatorsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const items = Object.values(value)
  const colons = Array.isArray(value) ? 0 : items.length
  return (
    colons + Math.max(0, items.length - 1) + items.reduce<number>((sum, item) => sum + separatorsOf(item), 0)
  )
}

describe('the shape of a body', () => {
  test('counts what stands between the values of any JSON, and nothing that stands inside of texts', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8, noUnicodeString: false }), (value) => {
        expect(shape(JSON.stringify(value))).toEqual({
          separators: separatorsOf(JSON.parse(JSON.stringify(value))),
        })
      }),
    )
    expect(shape(JSON.stringify({ 'a,b:c': '[{"\\', '\\"': ',,,:[[' }))).toEqual({ separators: 3 })
  })

  test('tells what is nested deeper than 64, whether it is closed or not', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(shape(nested(64)).problem).toBeUndefined()
    expect(shape(nested(65)).problem).toMatchObject({ code: -32700, message: expect.stringContaining('64') })
    expect(shape('{"a":'.repeat(65)).problem).toMatchObject({
      code: -32700,
      message: expect.stringContaining('64'),
    })
    expect(shape(`[${Array(1000).fill(nested(60)).join()}]`).problem).toBeUndefined()
    expect(shape(`"${'['.repeat(100)}"`).problem).toBeUndefined()
  })

  test('tells a list or an object of more than 10,000 members, wherever it is', () => {
    const tooMany = { code: -32005, message: expect.stringContaining('10000') }
    const list = (count: number) => `[${Array(count).fill(0).join()}]`
    expect(shape(`[[],${list(10_000)},{}]`).problem).toBeUndefined()
    expect(shape(`[[],${list(10_001)},{}]`).problem).toMatchObject(tooMany)
    const object = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`${i}`, {}]))
    expect(shape(JSON.stringify(object)).problem).toMatchObject(tooMany)
    expect(shape(`[${Array(20).fill(list(9_000)).join()}]`).problem).toBeUndefined()
  })

  test('ends where the bytes end, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(shapeOf(bytes).separators).toBeLessThanOrEqual(bytes.length)
      }),
    )
    for (const text of ['"', '"\\', '"\\"', ']]]}}}', '\\"', '']) expect(shape(text).separators).toBe(0)
  })

  test('takes the largest that methods take: batches, filters, overrides, simulations and transactions', () => {
    const many = <T>(count: number, make: (i: number) => T) =>
      Array.from({ length: count }, (_, i) => make(i))
    const address = (i: number) => `0x${i.toString(16).padStart(40, '0')}`
    const word = (i: number) => `0x${i.toString(16).padStart(64, '0')}`
    const [addresses, words] = [many(1000, address), many(1000, word)]
    const account = (i: number) => ({ balance: '0x1', nonce: '0x2', stateDiff: { [word(i)]: word(i) } })
    const honest: readonly unknown[] = [
      many(1000, (id) => ({
        jsonrpc: '2.0',
        id,
        method: 'eth_call',
        params: [{ to: address(id) }, 'latest'],
      })),
      [{ address: addresses, topics: [words, words, words, words] }],
      [{}, 'latest', Object.fromEntries(addresses.map((each, i) => [each, account(i)]))],
      [{}, 'latest', { [address(1)]: { state: Object.fromEntries(words.map((each) => [each, each])) } }],
      [{ accessList: addresses.map((each) => ({ address: each, storageKeys: words.slice(0, 8) })) }],
      [{ blockStateCalls: [{ calls: many(5000, (i) => ({ from: address(i), to: address(i) })) }] }],
      [`0x${'ab'.repeat(131_072)}`],
    ]
    const shapes = honest.map((body) => shapeOf(Buffer.from(JSON.stringify(body))))
    expect(shapes.map(({ problem }) => problem)).toEqual(honest.map(() => undefined))
    // Twenty to a cost: each well within what an address may ask for in its first seconds.
    expect(Math.max(...shapes.map(({ separators }) => separators / 20))).toBeLessThan(2000)
  })
})
