import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { StaleStateError } from '../../../src/engine/state/flatState.ts'
import { MissingStateError, type StateChanges } from '../../../src/engine/state/source.ts'
import type { Hex } from '../../../src/primitives/hex.ts'
import { CallerBusyError, CallStoppedError } from '../../../src/rpc/caller/errors.ts'
import { createProcessCaller, type ProcessCallerOptions } from '../../../src/rpc/caller/processCaller.ts'
import type { Caller, StatePlace } from '../../../src/rpc/deps.ts'
import { type CallWorld, contractChanges, createCallWorld, storageChanges } from '../../support/rpcCalls.ts'
import { hasCallProcess } from '../../support/rpcDerived.ts'
import { emptyBlock } from '../../support/rpcFakes.ts'
import { testSpec } from '../../support/rpcServer.ts'

const CONTRACT = `0x${'cc'.repeat(20)}` as const

/** PUSH1 1, SLOAD, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN */
const READ_SLOT = '0x6001545f5260205ff3'
/** JUMPDEST, PUSH0, JUMP */
const LOOP = '0x5b5f56'
/** PUSH1 1, BLOCKHASH, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN */
const ANCESTOR = '0x6001405f5260205ff3'

let world: CallWorld
let places: StatePlace[]
beforeAll(async () => {
  world = await createCallWorld()
  places = [
    await world.addBlock(contractChanges(CONTRACT, READ_SLOT, { 1: 7 })),
    await world.addBlock(storageChanges(CONTRACT, { 1: 8 })),
    await world.addBlock(storageChanges(CONTRACT, { 1: 9 })),
  ]
})
afterAll(() => world.close())

describe.skipIf(!hasCallProcess)('a caller with processes', () => {
  let caller: Caller
  afterEach(() => caller.close())

  function start(options: Partial<ProcessCallerOptions> = {}): void {
    const execution = { type: 'rollup', spec: testSpec(1n) } as const
    caller = createProcessCaller({ execution, database: world.path, processes: 1, queueMax: 2, ...options })
  }

  /** A call of the contract with this code, on the newest block. */
  function call(input: { code?: Hex; place?: StatePlace; timeoutMs?: number; client?: string } = {}) {
    const { code = READ_SLOT, place = places.at(-1)!, timeoutMs = 30_000, client } = input
    const overrides = new Map([[CONTRACT, { code: Buffer.from(code.slice(2), 'hex') }]])
    const params = { request: { to: CONTRACT, gas: 10n ** 12n }, header: emptyBlock(3n).header, overrides }
    return caller.run('call', params, place, timeoutMs, client)
  }
  const read = async (input?: Parameters<typeof call>[0]) =>
    Number(`0x${Buffer.from((await call(input)).returnData).toString('hex')}`)

  test('reads the state after any block by itself', async () => {
    start()
    expect(await read()).toBe(9)
    expect(await read({ place: places[0]! })).toBe(7)
    expect(await read({ place: places[1]! })).toBe(8)
    const { returnData } = await call({ code: ANCESTOR })
    expect(`0x${Buffer.from(returnData).toString('hex')}`).toBe(places[1]!.hash)
  })

  test('takes along what a block under way has changed', async () => {
    start()
    const laidOver: StateChanges = storageChanges(CONTRACT, { 1: 99 })
    expect(await read({ place: { ...places[2]!, laidOver } })).toBe(99)
    expect(await read({ place: { ...places[0]!, laidOver } })).toBe(99)
    expect(await read()).toBe(9)
  })

  test('tells a block that is gone from a state that is not kept', async () => {
    start()
    const hash = `0x${'ab'.repeat(32)}` as const
    await expect(call({ place: { number: 2n, hash } })).rejects.toThrow(StaleStateError)
    await expect(call({ place: { number: 77n, hash } })).rejects.toThrow(StaleStateError)
    expect(await read()).toBe(9)
    const stateless = await createCallWorld()
    const genesis = await stateless.addBlock(contractChanges(CONTRACT, READ_SLOT))
    const place = await stateless.addBlock(storageChanges(CONTRACT, { 1: 1 }))
    await stateless.store.transaction((transaction) => stateless.state.rewind(transaction, 0n))
    await caller.close()
    start({ database: stateless.path })
    await expect(call({ place })).rejects.toThrow(MissingStateError)
    expect(await read({ place: genesis })).toBe(0)
    await stateless.close()
  })

  test('ends what runs past its time and goes on with the next', async () => {
    start()
    const ended = call({ code: LOOP, timeoutMs: 300 })
    const next = read()
    await expect(ended).rejects.toThrow(CallStoppedError)
    expect(await next).toBe(9)
  })

  test('ends what holds too much memory', async () => {
    // Less than any process holds.
    start({ memoryMaxMiB: 10 })
    await expect(call({ code: LOOP })).rejects.toThrow('execution needs too much memory')
  })

  test('counts the waiting as time', async () => {
    start()
    const running = call({ code: LOOP, timeoutMs: 300 })
    let isRunning = true
    const ended = running.catch((error) => {
      isRunning = false
      throw error
    })
    const waiting = call({ timeoutMs: 10 })
    await expect(waiting).rejects.toThrow('execution waited too long for its turn')
    expect(isRunning).toBe(true)
    await expect(ended).rejects.toThrow('execution ran too long')
  })

  test('lets only so many wait', async () => {
    start()
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => call()))
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(reasons).toEqual([expect.any(CallerBusyError)])
  })

  test('keeps a place for whoever has none, and serves first who has had least', async () => {
    start({ queueMax: 3 })
    const order: string[] = []
    const note = (client: string, outcome: Promise<unknown>) =>
      outcome.then(
        () => order.push(client),
        (error) => order.push(`${client}: ${error.name}`),
      )
    const greedy = [1, 2, 3, 4].map((i) => note(`a${i}`, call({ client: 'a' })))
    const modest = note('b', call({ client: 'b' }))
    await Promise.all([...greedy, modest])
    expect(order).toEqual(['a4: CallerBusyError', 'a1', 'b', 'a2', 'a3'])
  })

  test('keeps a process for those who ask for little', async () => {
    start({ processes: 2, queueMax: 10 })
    // Has had its share, and would take both.
    await expect(call({ code: LOOP, timeoutMs: 1_500, client: 'a' })).rejects.toThrow(CallStoppedError)
    const loops = [1, 2, 3].map(() => call({ code: LOOP, timeoutMs: 10_000, client: 'a' }))
    const outcomes = Promise.allSettled(loops)
    expect(await read({ client: 'b' })).toBe(9)
    expect(await read({ client: 'b' })).toBe(9)
    await caller.close()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  })

  test('is done at once when closed', async () => {
    start()
    const pending = Promise.allSettled([1, 2].map(() => call({ code: LOOP })))
    await caller.close()
    expect((await pending).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(call()).rejects.toThrow(CallerBusyError)
  })
})
