import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MissingStateError, type StateSource } from '../../../src/engine/state/source.ts'
import { type Hash, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256Hex } from '../../../src/primitives/keccak.ts'
import { CallerBusyError, CallStoppedError } from '../../../src/rpc/caller/errors.ts'
import { createProcessCaller } from '../../../src/rpc/caller/processCaller.ts'
import type { Caller } from '../../../src/rpc/deps.ts'
import { hasCallProcess } from '../../support/rpcDerived.ts'
import { emptyBlock } from '../../support/rpcFakes.ts'
import { testSpec } from '../../support/rpcServer.ts'

const CONTRACT = `0x${'cc'.repeat(20)}` as const

/** A state of one contract whose slot 1 is 7. */
function stateWith(code: string, storage: StateSource['storage'] = () => Uint8Array.of(7)): StateSource {
  const bytes = hexToBytes(code)
  const codeHash = keccak256Hex(bytes)
  return {
    stateRoot: ZERO_HASH,
    account: async (address) => ({
      nonce: 1n,
      balance: 10n ** 18n,
      storageRoot: EMPTY_TRIE_ROOT,
      codeHash: address === CONTRACT ? codeHash : EMPTY_CODE_HASH,
    }),
    storage,
    code: () => bytes,
    rootAfter: () => Promise.reject(new Error('read-only')),
  }
}

/** PUSH1 1, SLOAD, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN */
const READ_SLOT = '0x6001545f5260205ff3'
/** JUMPDEST, PUSH0, JUMP */
const LOOP = '0x5b5f56'
/** PUSH1 3, BLOCKHASH, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN */
const ANCESTOR = '0x6003405f5260205ff3'

const hashOf = (number: bigint): Hash => `0x${number.toString(16).padStart(64, '0')}`
/** The state after each block. */
const states: StateSource[] = []
const reads = {
  state: { at: async (number: bigint) => states[Number(number)]! },
  chain: {
    headerByNumber: async (number: bigint) => ({
      hash: hashOf(number),
      header: emptyBlock(number).header,
    }),
  },
}

/** A call of the contract on a state of its own, as if in block 9. */
function call(caller: Caller, state: StateSource, timeoutMs = 30_000) {
  const number = BigInt(states.push(state) - 1)
  const params = { request: { to: CONTRACT }, header: emptyBlock(9n).header }
  return caller.run('call', params, { number, hash: hashOf(number) }, timeoutMs)
}

describe.skipIf(!hasCallProcess)('a caller with processes', () => {
  let caller: Caller
  beforeEach(() => {
    caller = createProcessCaller({
      execution: { type: 'rollup', spec: testSpec(1n) },
      ...reads,
      processes: 1,
      queueMax: 2,
    })
  })
  afterEach(() => caller.close())

  test('reads the state and the ancestors of the node', async () => {
    const read = await call(caller, stateWith(READ_SLOT))
    expect(read).toMatchObject({ succeeded: true })
    expect(Buffer.from(read.returnData).toString('hex')).toBe('7'.padStart(64, '0'))
    const ancestor = await call(caller, stateWith(ANCESTOR))
    expect(Buffer.from(ancestor.returnData).toString('hex')).toBe('3'.padStart(64, '0'))
  })

  test('passes on why the state could not be read, as it was thrown', async () => {
    const missing = new MissingStateError({ what: 'slot 1' })
    const state = stateWith(READ_SLOT, () => Promise.reject(missing))
    await expect(call(caller, state)).rejects.toBe(missing)
    expect(await call(caller, stateWith(READ_SLOT))).toMatchObject({ succeeded: true })
  })

  test('ends what runs past its time and goes on with the next', async () => {
    const ended = call(caller, stateWith(LOOP), 300)
    const next = call(caller, stateWith(READ_SLOT))
    await expect(ended).rejects.toThrow(CallStoppedError)
    expect(await next).toMatchObject({ succeeded: true })
  })

  test('counts the waiting as time', async () => {
    const running = call(caller, stateWith(LOOP), 300)
    const waiting = call(caller, stateWith(READ_SLOT), 10)
    await expect(waiting).rejects.toThrow('execution waited too long for its turn')
    await expect(running).rejects.toThrow('execution ran too long')
  })

  test('lets only so many wait', async () => {
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => call(caller, stateWith(READ_SLOT))))
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(reasons).toEqual([expect.any(CallerBusyError)])
  })

  test('is done at once when closed', async () => {
    const pending = Promise.allSettled([1, 2].map(() => call(caller, stateWith(LOOP))))
    await caller.close()
    expect((await pending).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(call(caller, stateWith(READ_SLOT))).rejects.toThrow(CallerBusyError)
  })
})
