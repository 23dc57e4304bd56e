/** Random programs that get somewhere: stacks are mostly deep enough, memory mostly near, and calls go to accounts that are there. */
import { type Address, bytesToHex } from '../../src/primitives/hex.ts'
import { precompileCall } from './evmPrecompiles.ts'

export type Random = (below: number) => number

/** mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

export const CONTRACTS: readonly Address[] = [0xc1, 0xc2, 0xc3].map(
  (byte): Address => `0x${byte.toString(16).repeat(20)}`,
)
/** Accounts that stand for others under EIP-7702. */
export const DELEGATORS: readonly Address[] = [0xd1, 0xd2, 0xd3, 0xd4].map(
  (byte): Address => `0x${byte.toString(16).repeat(20)}`,
)
const TARGETS: readonly string[] = [
  ...CONTRACTS.map((address) => address.slice(2)),
  ...DELEGATORS.map((address) => address.slice(2)),
  'e0'.repeat(20),
  'ca'.repeat(20),
  ...['01', '02', '03', '04', '05', '06', '07', '09', '0b', '0100'].map((digits) => digits.padStart(40, '0')),
]

const WORDS: readonly string[] = [
  '00',
  '01',
  '02',
  '1f',
  '20',
  'ff',
  '0100',
  'ffffffff',
  '0100000000',
  '1fffffffffffff',
  '20000000000000',
  'ffffffffffffffff',
  '010000000000000000',
  `80${'00'.repeat(31)}`,
  'ff'.repeat(32),
  `7f${'ff'.repeat(31)}`,
  'ff'.repeat(20),
]
/** Ends of memory that some gas pays for. */
const FAR: readonly string[] = ['ffdf', 'ffff', '010000', '01ffe0', '03ffff']

/** Opcodes by how many words they take, without those that need more care. */
const PURE: readonly (readonly number[])[] = [
  [
    0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x58,
    0x59, 0x5a,
  ],
  [0x15, 0x19, 0x35, 0x40, 0x49, 0x1e],
  [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0a, 0x0b, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18,
    0x1a, 0x1b, 0x1c, 0x1d,
  ],
  [0x08, 0x09],
]

export function randomProgram(random: Random, fragments: number): Uint8Array {
  const code: string[] = []
  for (let i = 0; i < fragments; i++) code.push(fragment(random))
  if (random(3) === 0) code.push(near(random), near(random), random(2) === 0 ? 'f3' : 'fd')
  // Or with what the last call returned.
  else if (random(4) === 0) code.push('3d5f5f3e3d5f', random(2) === 0 ? 'f3' : 'fd')
  return Uint8Array.from(Buffer.from(code.join(''), 'hex'))
}

function fragment(random: Random): string {
  switch (random(23)) {
    case 0:
      return `${word(random)}${near(random)}52`
    case 1:
      return `${near(random)}51`
    case 2:
      return `${word(random)}${near(random)}53`
    case 3:
      return `${slot(random)}54`
    case 4:
    case 5:
      return `${random(3) === 0 ? '5f' : word(random)}${slot(random)}55`
    case 6:
      return random(2) === 0 ? `${slot(random)}5c` : `${word(random)}${slot(random)}5d`
    case 7: {
      const topics = random(5)
      return `${word(random).repeat(topics)}${near(random)}${near(random)}${hex(0xa0 + topics)}`
    }
    case 8:
      return `${near(random)}${near(random)}20`
    case 9: {
      const copy = [0x37, 0x39, 0x5e][random(3)] as number
      return `${near(random)}${near(random)}${near(random)}${hex(copy)}`
    }
    case 10:
      return `${random(4) === 0 ? near(random) : '5f'}5f${near(random)}3e`
    case 11:
      return `${target(random)}${hex([0x31, 0x3b, 0x3f][random(3)] as number)}`
    case 12:
      return `${near(random)}${near(random)}${near(random)}${target(random)}3c`
    case 13:
    case 14:
      return call(random)
    case 15:
      return random(3) === 0 ? createFrom(random) : create(random)
    case 18:
      return random(3) === 0 ? createAndCall(random) : pure(random)
    case 19:
      return random(3) === 0 ? precompileCall(random) : pure(random)
    case 16:
      return jump(random)
    case 17:
      if (random(20) === 0) return destroy(random)
      // Itself, with all its gas: as deep as that goes.
      if (random(200) === 0) return '5f5f5f5f5f305af1'
      return random(6) === 0 ? hex(random(256)) : pure(random)
    default:
      return pure(random)
  }
}

function pure(random: Random): string {
  const taken = random(4)
  const opcodes = PURE[taken] as readonly number[]
  const dup = random(4) === 0 ? hex(0x80 + random(3)) : ''
  const swap = random(6) === 0 ? hex(0x90 + random(2)) : ''
  return `${word(random)}${dup}${Array.from({ length: taken }, () => word(random)).join('')}${swap}${hex(opcodes[random(opcodes.length)] as number)}`
}

function call(random: Random): string {
  const opcode = [0xf1, 0xf1, 0xf2, 0xf4, 0xfa, 0xfa][random(6)] as number
  const value = opcode === 0xf1 || opcode === 0xf2 ? (random(3) === 0 ? '6003' : '5f') : ''
  const gas = random(4) === 0 ? '5a' : `61${hex(random(random(3) === 0 ? 12 : 128))}${hex(random(256))}`
  // All that was returned is copied.
  const after = random(4) === 0 ? '3d5f5f3e' : ''
  return `${near(random)}${near(random)}${near(random)}${near(random)}${value}${target(random)}${gas}${hex(opcode)}${after}`
}

/** Initcode that returns a few bytes, or whatever is in memory. */
function create(random: Random): string {
  const initcode =
    random(5) === 0 ? `60ef5f5360015f${random(2) === 0 ? 'f3' : 'fd'}` : `60${hex(random(40))}5ff3`
  if (initcode.length > 8) return `7f${initcode.padEnd(64, '0')}5f5260205f5ff03d5f5f3e`
  const prepared = random(3) === 0 ? '' : `63${initcode.padEnd(8, '0')}60e01b5f52`
  const value = random(4) === 0 ? '6001' : '5f'
  return random(2) === 0
    ? `${prepared}6004${'5f'}${value}f0`
    : `${prepared}${near(random)}6004${'5f'}${value}f5`
}

/** Initcode of its own: what is created may write, call, destroy itself. */
function createFrom(random: Random): string {
  const code: string[] = []
  for (let i = random(4); i >= 0; i--) code.push(random(4) === 0 ? destroy(random) : fragment(random))
  const initcode = code.join('').slice(0, 64).padEnd(64, '0')
  const value = random(3) === 0 ? '6001' : '5f'
  return `7f${initcode}5f52${random(2) === 0 ? `60205f${value}f0` : `${slot(random)}60205f${value}f5`}`
}

/** A contract of some bytes, called twice in one way or another. */
function createAndCall(random: Random): string {
  const code: string[] = []
  for (let i = random(4); i >= 0; i--) code.push(random(4) === 0 ? destroy(random) : fragment(random))
  const runtime = code.join('').slice(0, 40)
  const size = runtime.length / 2
  const initcode = `${hex(0x5f + size)}${runtime}5f5260${hex(size)}60${hex(32 - size)}f3`
  const value = random(3) === 0 ? '6001' : '5f'
  const calls = Array.from({ length: 2 }, () => {
    const opcode = [0xf1, 0xf4, 0xfa][random(3)] as number
    return `5f5f5f5f${opcode === 0xf1 ? `${random(2) === 0 ? '6001' : '5f'}85` : '84'}5a${hex(opcode)}50`
  })
  return `7f${initcode.padEnd(64, '0')}5f5260205f${value}f0${calls.join('')}`
}

function destroy(random: Random): string {
  return `${random(2) === 0 ? '30' : target(random)}ff`
}

/** Over a few bytes, or nowhere. */
function jump(random: Random): string {
  if (random(12) === 0) return `${word(random)}56`
  // PC, PUSH1 n, ADD, JUMP(I), …, JUMPDEST
  const skipped = random(4)
  return random(2) === 0
    ? `58600501${'56'}${'5b'.repeat(skipped)}5b`
    : `${random(2) === 0 ? '5f' : '6001'}58600501${'57'}${'5b'.repeat(skipped)}5b`
}

function near(random: Random): string {
  if (random(200) === 0) return push(FAR[random(FAR.length)] as string)
  return random(60) === 0 ? word(random) : `60${hex(random(160))}`
}

function slot(random: Random): string {
  return random(10) === 0 ? word(random) : `60${hex(random(4))}`
}

function word(random: Random): string {
  return push(WORDS[random(WORDS.length)] as string)
}

function push(digits: string): string {
  return `${hex(0x5f + digits.length / 2)}${digits}`
}

function target(random: Random): string {
  return `73${TARGETS[random(TARGETS.length)] as string}`
}

function hex(byte: number): string {
  return bytesToHex(Uint8Array.of(byte)).slice(2)
}
