import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MissingStateError, type StateSource } from '../../../src/engine/state/source.ts'
import { hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
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

function input(state: StateSource, timeoutMs = 30_000): Parameters<Caller['call']>[0] {
  return {
    request: { to: CONTRACT },
    header: emptyBlock(9n).header,
    state,
    ancestorHash: async (number) => `0x${number.toString(16).padStart(64, '0')}`,
    timeoutMs,
  }
}

describe.skipIf(!hasCallProcess)('a caller with processes', () => {
  let caller: Caller
  beforeEach(() => {
    caller = createProcessCaller({ spec: testSpec(1n), processes: 1, queueMax: 2 })
  })
  afterEach(() => caller.close())

  test('reads the state and the ancestors of the node', async () => {
    const read = await caller.call(input(stateWith(READ_SLOT)))
    expect(read).toMatchObject({ succeeded: true })
    expect(Buffer.from(read.returnData).toString('hex')).toBe('7'.padStart(64, '0'))
    const ancestor = await caller.call(input(stateWith(ANCESTOR)))
    expect(Buffer.from(ancestor.returnData).toString('hex')).toBe('3'.padStart(64, '0'))
  })

  test('passes on why the state could not be read, as it was thrown', async () => {
    const missing = new MissingStateError({ what: 'slot 1' })
    const state = stateWith(READ_SLOT, () => Promise.reject(missing))
    await expect(caller.call(input(state))).rejects.toBe(missing)
    expect(await caller.call(input(stateWith(READ_SLOT)))).toMatchObject({ succeeded: true })
  })

  test('ends what runs past its time and goes on with the next', async () => {
    const ended = caller.call(input(stateWith(LOOP), 300))
    const next = caller.call(input(stateWith(READ_SLOT)))
    await expect(ended).rejects.toThrow(CallStoppedError)
    expect(await next).toMatchObject({ succeeded: true })
  })

  test('counts the waiting as time', async () => {
    const running = caller.call(input(stateWith(LOOP), 300))
    const waiting = caller.call(input(stateWith(READ_SLOT), 10))
    await expect(waiting).rejects.toThrow('execution waited too long for its turn')
    await expect(running).rejects.toThrow('execution ran too long')
  })

  test('lets only so many wait', async () => {
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => caller.call(input(stateWith(READ_SLOT)))))
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(reasons).toEqual([expect.any(CallerBusyError)])
  })

  test('is done at once when closed', async () => {
    const pending = Promise.allSettled([1, 2].map(() => caller.call(input(stateWith(LOOP)))))
    await caller.close()
    expect((await pending).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(caller.call(input(stateWith(READ_SLOT)))).rejects.toThrow(CallerBusyError)
  })
})
