/** Words of the interpreter's stack and its memory, against 256-bit arithmetic and an array of bytes. */
import { describe, expect, test } from 'vitest'
import { expansionGas, Memory, wordsOf } from '../../../src/engine/evm/memory.ts'
import * as w from '../../../src/engine/evm/word.ts'
import { createRandom } from '../../support/evmPrograms.ts'

type Word = w.Word

const MODULUS = 1n << 256n
const MASK = MODULUS - 1n
const cut = (value: bigint) => ((value % MODULUS) + MODULUS) % MODULUS
const signed = (value: bigint) => (value >> 255n === 1n ? value - MODULUS : value)

/** Each edge and what is next to it. */
const EDGES: readonly bigint[] = [
  ...[0, 1, 5, 8, 16, 31, 32, 33, 48, 52, 53, 54, 63, 64, 106, 127, 128, 160, 254, 255].map(
    (bits) => 1n << BigInt(bits),
  ),
  ...[0n, 31n, 255n, 256n, 0x1f_ffffn << 32n, MASK, MASK - 0xffn],
]
const VALUES = [...new Set(EDGES.flatMap((edge) => [edge - 1n, edge, edge + 1n]).map(cut))]
/** A small value comes as a number and as a bigint: either may be on the stack. */
const forms = (value: bigint): Word[] =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? [Number(value), value] : [value]

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let i = 255n; i >= 0n; i--) {
    result = (result * result) % MODULUS
    if ((exponent >> i) & 1n) result = (result * base) % MODULUS
  }
  return result
}

const BINARY: Readonly<
  Record<string, readonly [(a: Word, b: Word) => Word | boolean, (a: bigint, b: bigint) => bigint]>
> = {
  add: [w.add, (a, b) => cut(a + b)],
  sub: [w.sub, (a, b) => cut(a - b)],
  mul: [w.mul, (a, b) => cut(a * b)],
  div: [w.div, (a, b) => (b === 0n ? 0n : a / b)],
  sdiv: [w.sdiv, (a, b) => (b === 0n ? 0n : cut(signed(a) / signed(b)))],
  mod: [w.mod, (a, b) => (b === 0n ? 0n : a % b)],
  smod: [w.smod, (a, b) => (b === 0n ? 0n : cut(signed(a) % signed(b)))],
  exp: [w.exp, power],
  signextend: [
    w.signextend,
    (size, value) => {
      if (size > 30n) return value
      const bits = 8n * (size + 1n)
      const low = value % (1n << bits)
      return low >> (bits - 1n) === 1n ? cut(low - (1n << bits)) : low
    },
  ],
  lessThan: [w.lessThan, (a, b) => (a < b ? 1n : 0n)],
  equal: [w.equal, (a, b) => (a === b ? 1n : 0n)],
  signedLessThan: [w.signedLessThan, (a, b) => (signed(a) < signed(b) ? 1n : 0n)],
  and: [w.and, (a, b) => a & b],
  or: [w.or, (a, b) => a | b],
  xor: [w.xor, (a, b) => a ^ b],
  byteAt: [w.byteAt, (at, value) => (at > 31n ? 0n : (value >> (8n * (31n - at))) & 0xffn)],
  shiftLeft: [w.shiftLeft, (by, value) => (by > 255n ? 0n : cut(value << by))],
  shiftRight: [w.shiftRight, (by, value) => (by > 255n ? 0n : value >> by)],
  shiftRightSigned: [w.shiftRightSigned, (by, value) => cut(signed(value) >> (by > 255n ? 255n : by))],
}

/** The value, once it is certain that it is one the stack may hold. */
function toValue(word: Word | boolean): bigint {
  if (typeof word === 'number' && !(Number.isSafeInteger(word) && !Object.is(word, -0)))
    throw new Error(`${word} is no word`)
  return BigInt(word)
}

describe('words', () => {
  test.each(Object.entries(BINARY))('%s', (_, [ours, theirs]) => {
    const wrong: string[] = []
    for (const a of VALUES)
      for (const b of VALUES) {
        const right = theirs(a, b)
        for (const x of forms(a))
          for (const y of forms(b)) {
            const found = toValue(ours(x, y))
            if (found !== right) wrong.push(`${typeof x} ${a}, ${typeof y} ${b}: ${found}, not ${right}`)
          }
      }
    expect(wrong).toEqual([])
  })

  test('of three', () => {
    const random = createRandom(7)
    const any = () => VALUES[random(VALUES.length)]!
    for (let i = 0; i < 20_000; i++) {
      const [a, b, n] = [any(), any(), any()]
      const [x, y, z] = [a, b, n].map((value) => forms(value).at(random(2)) ?? value) as [Word, Word, Word]
      expect(toValue(w.addmod(x, y, z))).toBe(n === 0n ? 0n : (a + b) % n)
      expect(toValue(w.mulmod(x, y, z))).toBe(n === 0n ? 0n : (a * b) % n)
    }
  })

  test('of one, and as bytes', () => {
    for (const value of VALUES)
      for (const word of forms(value)) {
        const digits = value.toString(16)
        const bytes = Buffer.from(digits.padStart(64, '0'), 'hex')
        const trimmed = value === 0n ? '' : digits.padStart(2 * Math.ceil(digits.length / 2), '0')
        expect(toValue(w.not(word))).toBe(MASK - value)
        expect(w.isZero(word)).toBe(value === 0n)
        expect(w.leadingZeros(word)).toBe(value === 0n ? 256 : 256 - value.toString(2).length)
        expect(w.byteLength(word)).toBe(trimmed.length / 2)
        expect(w.toAddress(word)).toBe(`0x${bytes.toString('hex').slice(24)}`)
        expect(w.toWordHex(word)).toBe(`0x${bytes.toString('hex')}`)
        expect(Buffer.from(w.wordToBytes(word)).toString('hex')).toBe(bytes.toString('hex'))
        expect(Buffer.from(w.wordToTrimmed(word)).toString('hex')).toBe(trimmed)
        expect(toValue(w.bytesToWord(w.wordToBytes(word)))).toBe(value)
        expect(toValue(w.bytesToWord(w.wordToTrimmed(word)))).toBe(value)
        expect(w.toSize(word)).toBe(value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Infinity)
      }
  })
})

describe('memory', () => {
  test('is an array of bytes', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = createRandom(seed)
      const memory = new Memory()
      let plain = new Uint8Array(0)
      const use = (offset: number, length: number) => {
        const grown = expansionGas(memory, offset, length)
        if (grown > 0) memory.grow(wordsOf(offset + length))
        if (length === 0 || offset + length <= plain.length) return
        const larger = new Uint8Array(32 * Math.ceil((offset + length) / 32))
        larger.set(plain)
        plain = larger
      }
      for (let i = 0; i < 300; i++) {
        const offset = random(random(20) === 0 ? 9000 : 300)
        const value = VALUES[random(VALUES.length)]!
        const word = forms(value).at(random(2)) ?? value
        const from = random(random(20) === 0 ? 9000 : 300)
        const length = random(100)
        switch (random(6)) {
          case 0:
            use(offset, 32)
            memory.store(offset, word)
            plain.set(w.wordToBytes(value), offset)
            break
          case 1:
            use(offset, 1)
            memory.storeByte(offset, word)
            plain[offset] = Number(value & 0xffn)
            break
          case 2: {
            use(offset, 32)
            const bytes = plain.slice(offset, offset + 32)
            expect(toValue(memory.load(offset))).toBe(BigInt(`0x${Buffer.from(bytes).toString('hex')}`))
            break
          }
          case 3: {
            use(offset, length)
            const source = Uint8Array.from({ length: random(60) }, () => random(256))
            const start = random(4) === 0 ? Number.POSITIVE_INFINITY : random(70)
            memory.write(offset, length, source, start)
            for (let at = 0; at < length; at++) plain[offset + at] = source[start + at] ?? 0
            break
          }
          case 4:
            use(Math.max(offset, from), length)
            if (length > 0) memory.move(offset, from, length)
            plain.set(plain.slice(from, from + length), length > 0 ? offset : 0)
            break
          default:
            if (random(30) > 0) break
            memory.clear()
            plain = new Uint8Array(0)
        }
        expect(memory.words * 32).toBe(plain.length)
        expect(Buffer.compare(memory.view(0, plain.length), plain)).toBe(0)
      }
    }
  })

  test('costs what the Yellow Paper says, and more than there is where it ends far out', () => {
    const memory = new Memory()
    expect(expansionGas(memory, 0, 1)).toBe(3)
    expect(expansionGas(memory, 724 * 32 - 1, 2)).toBe(3 * 725 + Math.floor((725 * 725) / 512))
    memory.grow(2)
    expect(expansionGas(memory, 63, 1)).toBe(0)
    expect(expansionGas(memory, 63, 2)).toBe(3)
    expect(expansionGas(memory, Number.POSITIVE_INFINITY, 0)).toBe(0)
    for (const [offset, length] of [
      [0, Number.POSITIVE_INFINITY],
      [Number.POSITIVE_INFINITY, 1],
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ] as const)
      expect(expansionGas(memory, offset, length)).toBe(Number.POSITIVE_INFINITY)
  })

  test('calldata reads as zeros past its end', () => {
    const bytes = Uint8Array.from({ length: 40 }, (_, i) => i + 1)
    for (const offset of [0, 7, 8, 9, 39, 40, 41, Number.POSITIVE_INFINITY]) {
      const expected = Buffer.alloc(32)
      expected.set(bytes.subarray(Math.min(offset, 40), Math.min(offset + 32, 40)))
      expect(toValue(w.loadPadded(bytes, offset))).toBe(BigInt(`0x${expected.toString('hex')}`))
    }
  })
})
