/** The vectors of unzen.md §4, which the unit tests of three clients pin. */
import { describe, expect, test } from 'vitest'
import { opcodesOf } from '../../../src/engine/evm/opcodes.ts'
import { createZkMeter, ZkGasExceededError } from '../../../src/engine/evm/zkMeter.ts'
import { UNZEN_ZK_SCHEDULE } from '../../../src/spec/zkSchedule.ts'
import { measureZkGas, OTHER_ADDRESS, only } from '../../support/zkGas.ts'

/** PUSH32 of the greatest word; PUSH20 of the zero address. */
const M = `7f${'ff'.repeat(32)}`
const Z = `73${'00'.repeat(20)}`
const push20 = (address: string) => `73${address.slice(2)}`

describe('the meter of a block', () => {
  const meter = () => createZkMeter(UNZEN_ZK_SCHEDULE, opcodesOf('osaka')!)

  test('counts 243,000 of every transaction', () => {
    const block = meter()
    block.beginTransaction()
    expect(block.used).toBe(243_000)
  })

  test('refuses a transaction that the limit has no room for, and takes one that ends on it', () => {
    const block = meter()
    block.used = 99_757_001
    expect(() => block.beginTransaction()).toThrow(ZkGasExceededError)
    expect(block.used).toBe(99_757_001)
    block.used = 99_757_000
    block.beginTransaction()
    expect(block.used).toBe(100_000_000)
  })

  test('forgets a transaction that was not valid', () => {
    const block = meter()
    block.beginTransaction()
    block.used += 38
    block.dropTransaction()
    expect(block.used).toBe(0)
  })

  test('has the dearest factor for what is not listed', () => {
    const block = meter()
    const at = (address: bigint) => block.precompile(address.toString(16).padStart(40, '0'))
    expect([at(0x14n), at(0x1670000000000000000000000000000000010001n), at(0x100n)]).toEqual([
      65_535, 65_535, 163,
    ])
    expect([0xac, 0xfe, 0x1e, 0x54].map((opcode) => block.factors[opcode])).toEqual([65_535, 0, 14, 3])
    expect(UNZEN_ZK_SCHEDULE.opcodes).toHaveLength(256)
    expect(UNZEN_ZK_SCHEDULE.opcodes.filter((factor) => factor !== 65_535)).toHaveLength(150)
  })
})

describe('charges past 64 bits', () => {
  // Vectors 4 and 5 charge 2^64 / 19 and 2^64 / 47 of gas, which no frame can have: gas is a number of at most 2^53 - 1 here. What can
  // happen is a product past 2^64, with the greatest factor; the sum is then no longer exact, and far past the limit.
  const gas = BigInt(Number.MAX_SAFE_INTEGER)
  const tooFar = 2n ** 64n / 65_535n

  test('are out of reach of one step by its gas alone, and within reach by its factor', () => {
    expect(2n ** 64n / 47n).toBeGreaterThan(gas)
    expect(tooFar).toBeLessThan(gas)
  })

  test('of a step exceed the limit', async () => {
    // KECCAK256 of so many bytes that all gas is spent.
    const code = `67${'7f'.repeat(8)}5f20`
    for (const schedule of [UNZEN_ZK_SCHEDULE, only(0x20, 65_535)])
      expect(await measureZkGas(code, { gas, schedule })).toMatchObject({ isExceeded: true })
    expect(await measureZkGas(code, { gas, schedule: only(0x20, 0) })).toEqual({ used: 0, isExceeded: false })
  })

  test('of a precompile that fails with all its gas exceed the limit', async () => {
    // STATICCALL of point evaluation without input: it gets all but a 64th.
    const code = '5f5f5f5f600a5afa'
    const at = (factor: number) => ({
      ...only(0x20),
      precompiles: new Map([['000000000000000000000000000000000000000a', factor]]),
    })
    for (const schedule of [UNZEN_ZK_SCHEDULE, at(65_535)])
      expect(await measureZkGas(code, { gas, schedule })).toMatchObject({ isExceeded: true })
    expect(await measureZkGas(code, { gas, schedule: at(0) })).toEqual({ used: 0, isExceeded: false })
  })
})

describe('whole frames, with the real factors', () => {
  test.each<[name: string, code: string, zk: number, gas?: bigint]>([
    ['two pushes and an addition', '600160020100', 111],
    ['an addition that cannot be paid takes what was left', '600160020100', 73, 7n],
    ['an addition on an empty stack', '01', 57, 100_000n],
    ['an addition on an empty stack that cannot be paid', '01', 38, 2n],
    ['SLOAD on an empty stack', '54', 300],
    ['LOG0 on an empty stack', 'a0', 1125],
    ['EXP on an empty stack', '0a', 210],
    ['CREATE on an empty stack', 'f0', 0],
    ['CALL on an empty stack: it opens no frame, but its static gas is spent', 'f1', 2000],
    ['CALLCODE on an empty stack', 'f2', 2000],
    ['DELEGATECALL on an empty stack', 'f4', 1700],
    ['STATICCALL with too few words', '5f5ffa', 2352],
    ['SWAP1 on an empty stack', '90', 93],
    ['an opcode of a fork to come: DUPN', 'e6', 196_605],
    ['an opcode of a fork to come: SLOTNUM', '4b', 131_070],
    ['a stack that overflows', '5f'.repeat(1025), 26_650, 1_000_000n],
    ['STATICCALL of a precompile', '6000600060006000600461fffffa00', 80_749],
    ['CALL of an account that is not there', `6000600060006000600073${'11'.repeat(20)}612710f100`, 250_219],
    ['CALL of a precompile', '63deadbeef600052600460006004601c60006004612710f100', 250_525],
    ['a precompile that fails takes all its gas', '6000600060c06000600a620186a0fa00', 85_980_662],
    ['CREATE without code', '60016000600060006000f06000', 37_162],
    ['a hash far out in memory', '6020621000002000', 68_064_367, 5_000_000n],
  ])('%s', async (_, code, zk, gas = 200_000n) => {
    expect(await measureZkGas(code, { gas })).toEqual({ used: zk, isExceeded: false })
  })

  test('a frame in a frame counts both', async () => {
    const other = `6000600060006000600073${'11'.repeat(20)}612710f100`
    const code = `60006000600060006000${push20(OTHER_ADDRESS)}612710f100`
    expect((await measureZkGas(code, { other })).used).toBe(500_438)
  })

  test('past the limit nothing more runs', async () => {
    expect((await measureZkGas('6020621800002000', { gas: 5_000_000n })).isExceeded).toBe(true)
    // The hash alone.
    const { used } = await measureZkGas('6020621800002000', { gas: 5_000_000n, schedule: only(0x20, 31) })
    expect(used).toBe(150_854_649)
  })

  test('calls to the depth limit count each', async () => {
    const code = '5f5f5f5f5f305af100'
    expect((await measureZkGas(code, { gas: 100_000_000_000n })).isExceeded).toBe(true)
    const single = await measureZkGas(code, { gas: 100_000_000_000n, schedule: only(0xf1) })
    expect(single).toEqual({ used: 1025 * 12_500, isExceeded: false })
  })

  test('a limit reached by opening a frame leaves its precompile uncounted', async () => {
    const schedule = { ...only(0xfa), blockMax: 3499, precompiles: UNZEN_ZK_SCHEDULE.precompiles }
    const run = await measureZkGas('6000600060006000600461fffffa00', { schedule })
    expect(run).toEqual({ used: 3500, isExceeded: true })
  })

  test('exactly the limit is allowed, one more is not, at any depth', async () => {
    const code = `60006000600060006000${push20(OTHER_ADDRESS)}612710f100`
    const exact = (await measureZkGas(code, { other: '600160020100' })).used
    const at = (blockMax: number) =>
      measureZkGas(code, { other: '600160020100', schedule: { ...UNZEN_ZK_SCHEDULE, blockMax } })
    expect((await at(exact)).isExceeded).toBe(false)
    expect((await at(exact - 1)).isExceeded).toBe(true)
  })

  const to = (address: string, opcode: string, gas: string) =>
    `6000600060006000${opcode === 'f1' || opcode === 'f2' ? '6000' : ''}${push20(address)}${gas}${opcode}`
  const identity = `0x${'04'.padStart(40, '0')}`
  test.each<[where: string, code: string, other?: string]>([
    ['in the transaction’s own frame', '600160020100'],
    ['in a call', to(OTHER_ADDRESS, 'f1', '612710'), '6001600201'],
    ['in a call for its code', to(OTHER_ADDRESS, 'f2', '612710'), '6001600201'],
    ['in a delegated call', to(OTHER_ADDRESS, 'f4', '612710'), '6001600201'],
    ['in a static call', to(OTHER_ADDRESS, 'fa', '612710'), '6001600201'],
    ['in a call that then reverts', to(OTHER_ADDRESS, 'f1', '612710'), '60016002015f5ffd'],
    ['in initcode', '6460016002015f526005601b5ff0'],
    ['three calls down', to(OTHER_ADDRESS, 'f1', '614e20'), `3615600a575b${to(identity, 'fa', '6103e8')}`],
    ['in a precompile', to(identity, 'fa', '6103e8')],
  ])('100,000,000 is allowed and one more is not, %s, and no caller goes on', async (_, code, other) => {
    const more = other === undefined ? {} : { other }
    const { used } = await measureZkGas(code, more)
    const before = 100_000_000 - used
    expect(await measureZkGas(code, { ...more, before })).toEqual({ used: 100_000_000, isExceeded: false })
    // What the callers would do next costs more than the step that exceeds.
    const beyond = await measureZkGas(`${code}6120005f20`, { ...more, before: before + 1 })
    expect(beyond.isExceeded).toBe(true)
    expect(beyond.used).toBe(100_000_001)
  })
})

describe('what a step counts that fails', () => {
  test.each<[opcode: number, code: string, gas: bigint, raw: number, factor?: number]>([
    [0x01, '600160020100', 8n, 10, 5],
    [0x52, '60ff60005200', 11n, 21, 7],
    [0x52, `60217f80${'00'.repeat(31)}5200`, 100_000n, 66, 22],
    [0x20, '604060002000', 51n, 294, 7],
    [0xf1, '6000600060206000600060016000f100', 123n, 700, 7],
    [0xf0, '602063ffffffff6000f000', 20_000n, 2],
    [0xf5, '6000602063ffffffff6000f500', 20_000n, 2],
    [0xf0, '61c00060006000f000', 2000n, 1991],
    [0xf0, '61c00160006000f000', 20_000n, 0],
    [0xf0, '61c00160006000f000', 100_000n, 0],
    [0xf0, '602060006000f000', 20_000n, 19_991],
    [0xf0, `6020${M}6000f000`, 100_000n, 2],
    [0xf0, `${M}60006000f000`, 100_000n, 0],
    [0xf0, '6020650100000000006000f000', 100_000n, 2],
    [0xf5, '602060006000f500', 20_000n, 5],
    [0xf5, '600060006000f500', 20_000n, 0],
    [0xf5, '60006000f500', 20_000n, 0],
    [0xf5, '61c00060006000f500', 2000n, 1991],
    [0xf5, `6020${M}6000f500`, 20_000n, 2],
    [0xf5, '602063ffffffff6000f500', 20_000n, 2],
    [0xa0, `${M}6000a000`, 100_000n, 375],
    [0xa0, `6020${M}a000`, 100_000n, 631],
    [0xa0, '602065020000000000a000', 100_000n, 631],
    [0xa0, '6740000000000000006000a000', 100_000n, 99_994],
    [0xa1, `60006020${M}a100`, 100_000n, 1006],
    [0xa1, '60006000a100', 100_000n, 750],
    [0xa1, '60206000a100', 100_000n, 1009],
    [0xa1, '6000a100', 100_000n, 375],
    [0xa2, '600060006000a200', 100_000n, 1125],
    [0xa4, '60006000a400', 100_000n, 1875],
    [0x20, '6502000000000060002000', 100_000n, 99_994],
    [0x20, '6020650200000000002000', 100_000n, 36],
    [0x20, `6020${M}2000`, 100_000n, 36],
    [0x20, `${M}60002000`, 100_000n, 30],
    [0x20, '602063ffffffff2000', 20_000n, 36],
    ...[0x37, 0x39, 0x5e].map((op): [number, string, bigint, number] => [
      op,
      `6020600065020000000000${op.toString(16)}00`,
      100_000n,
      6,
    ]),
    [0x5e, `6020${M}60005e00`, 100_000n, 6],
    [0x3c, `6020600065020000000000${Z}3c00`, 100_000n, 103],
    [0x3c, `${M}60006000${Z}3c00`, 100_000n, 100],
    [0x3e, '6020600060003e00', 100_000n, 3],
    [0x3e, '611000600063ffffffff3e00', 20_000n, 3],
    [0x51, '650200000000005100', 100_000n, 3],
    [0x52, '6000650200000000005200', 100_000n, 3],
    [0x53, '6000650200000000005300', 100_000n, 3],
    [0xf3, '602065020000000000f3', 100_000n, 0],
    [0xf1, `602065020000000000600060006000${Z}61fffff100`, 100_000n, 100],
    [0xf1, `602065020000000000602060006000${Z}61fffff100`, 100_000n, 103],
    [0xf1, `602065020000000000604060006000${Z}61fffff100`, 100_000n, 106],
    [0xf1, `600060006020650200000000006000${Z}61fffff100`, 100_000n, 100],
    [0xf4, `60206502000000000060206000${Z}61fffff400`, 100_000n, 103],
    // Steps that go well.
    [0xf3, '60206000f3', 100_000n, 3],
    [0xfd, '60206000fd', 100_000n, 3],
    [0x52, '600160005200', 100_000n, 6],
    [0x20, '602060002000', 100_000n, 39],
    // Frames that are opened, whatever becomes of them.
    [0xf1, `6000600060006000600173${'11'.repeat(20)}612710f100`, 100_000n, 12_500],
  ])('%i in %s with %i gas: %i', async (opcode, code, gas, raw, factor = 1) => {
    const { used } = await measureZkGas(code, { gas, schedule: only(opcode, factor) })
    expect(used).toBe(raw)
  })

  const STATIC_CHILD = `6000600060006000${push20(OTHER_ADDRESS)}61fffffa00`
  test.each<[opcode: number, child: string, raw: number]>([
    [0xf0, '600060006000f000', 0],
    [0xf5, '6000600060006000f500', 0],
    [0xa0, '60206000a000', 375],
    [0xa1, '60006000a100', 375],
    [0xa2, '600060006000a200', 375],
    [0x5d, '600060005d00', 100],
    [0x55, '600160005500', 0],
    [0xff, '6000ff', 5000],
    [0xf1, '600060006000600060016000612710f100', 100],
    [0xf2, `60206502000000000060206000600160${'00'}612710f200`, 103],
  ])('%i in a static frame', async (opcode, other, raw) => {
    const { used } = await measureZkGas(STATIC_CHILD, { other, schedule: only(opcode) })
    expect(used).toBe(raw)
  })

  const childWith = (gas: string) => `60006000600060006000${push20(OTHER_ADDRESS)}${gas}f100`
  test.each<[opcode: number, gas: string, child: string, raw: number]>([
    [0x55, '610902', '600160005500', 0],
    [0x0a, '6064', `${M}60020a00`, 94],
    [0x54, '6096', '60005400', 147],
    [0x31, '6096', '60003100', 147],
    [0x3b, '6096', '60003b00', 147],
  ])('%i with %s gas in a child', async (opcode, gas, other, raw) => {
    const { used } = await measureZkGas(childWith(gas), { other, schedule: only(opcode) })
    expect(used).toBe(raw)
  })
})
