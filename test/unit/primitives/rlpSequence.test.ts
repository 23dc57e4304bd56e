import { expect, test } from 'vitest'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import { splitRlpSequence } from '../../../src/primitives/rlpSequence.ts'

const items = [Uint8Array.of(5), new Uint8Array(3), [], [new Uint8Array(70)], new Uint8Array(300)].map(
  encodeRlp,
)

test('gives each item its own bytes', () => {
  expect([...splitRlpSequence(Buffer.concat(items))].map((item) => new Uint8Array(item))).toEqual(
    items.map((item) => new Uint8Array(item)),
  )
  expect([...splitRlpSequence(new Uint8Array(0))]).toEqual([])
})

test('refuses an item that is cut off', () => {
  const bytes = Buffer.concat(items)
  expect(() => [...splitRlpSequence(bytes.subarray(0, -1))]).toThrow('cut off')
  expect(() => [...splitRlpSequence(Uint8Array.of(0xb9, 0xff))]).toThrow('cut off')
})
