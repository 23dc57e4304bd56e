/** An interpreter with a mistake in it: the check names the block, the transaction and the step. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { EngineDisagreementError } from '../../../src/engine/check/judge.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import type { Hex } from '../../../src/primitives/hex.ts'
import { CHAIN_ID, ETHER, executeOn, SPEC, stateWith } from '../../support/engineChain.ts'
import { signTransaction, testAddress } from '../../support/proposeTransactions.ts'

/** What is wrong with our loop. */
const broken = vi.hoisted(() => ({ mulmod: false, tooCheap: false }))

vi.mock('../../../src/engine/evm/word.ts', async (load) => {
  const word = await load<typeof import('../../../src/engine/evm/word.ts')>()
  const mulmod: typeof word.mulmod = (a, b, n) => (broken.mulmod ? 4 : word.mulmod(a, b, n))
  return { ...word, mulmod }
})
vi.mock('../../../src/engine/evm/sstore.ts', async (load) => {
  const sstore = await load<typeof import('../../../src/engine/evm/sstore.ts')>()
  const sstoreGas: typeof sstore.sstoreGas = (...values) =>
    sstore.sstoreGas(...values) - (broken.tooCheap ? 1 : 0)
  return { ...sstore, sstoreGas }
})

const chainId = Number(CHAIN_ID)
const checked = createEngine({ spec: SPEC, isChecked: true })
const TARGET = `0x${'5e'.repeat(20)}` as const
const CALLER = `0x${'ca'.repeat(20)}` as const
/** CALL TARGET with all gas, then STOP. */
const CALLS_TARGET: Hex = `0x5f5f5f5f5f73${TARGET.slice(2)}5af100`

const stateOf = (code: Hex) =>
  stateWith({
    [testAddress(1)]: { balance: ETHER },
    [TARGET]: { code },
    [CALLER]: { code: CALLS_TARGET },
  })

/** A transfer, then a call of the contract that calls the one with the code. */
async function check(code: Hex, fork: 'shasta' | 'unzen'): Promise<EngineDisagreementError | undefined> {
  const listed = [
    await signTransaction(1, { chainId, nonce: 0 }),
    await signTransaction(1, { chainId, nonce: 1, to: CALLER, value: 0n, gas: 200_000n }),
  ]
  try {
    await executeOn(stateOf(code), listed, { fork, engine: checked })
    return undefined
  } catch (error) {
    if (!(error instanceof EngineDisagreementError)) throw error
    return error
  }
}

/** PUSH1 5, PUSH1 3, PUSH1 2, MULMOD, PUSH0, SSTORE: 2 · 3 mod 5 is 1. */
const MULMOD: Hex = '0x600560036002095f5500'

beforeEach(() => Object.assign(broken, { mulmod: false, tooCheap: false }))

describe.each(['shasta', 'unzen'] as const)('under %s', (fork) => {
  test('nothing is found in an interpreter that is right', async () => {
    expect(await check(MULMOD, fork)).toBeUndefined()
  })

  test('a wrong result is found where it was computed', async () => {
    broken.mulmod = true
    const error = (await check(MULMOD, fork))!
    expect(error.block).toBe(300n)
    // Gas and receipts are the same: the state alone says it.
    expect(error.difference).toMatchObject({
      what: expect.stringMatching(/^slot 0x0+ of 0x5e/),
      ours: '0x04',
      stock: '0x01',
    })
    expect(error.transaction).toMatchObject({
      place: 2,
      step: {
        step: { depth: 1, address: TARGET, pc: 6, opcode: 0x09, stack: [5n, 3n, 2n] },
        ours: { pc: 7, stack: [4n] },
        stock: { pc: 7, stack: [1n] },
      },
    })
    expect(error.message).toMatch(
      /^block 300: .* disagree\. The slot .* is 0x04 by ours and 0x01 by EthereumJS's\. Transaction 2 \(0x[0-9a-f]{64}\) is the first: .*; the first step to differ is MULMOD at pc 6 of 0x5e/,
    )
  })

  test('wrong gas is found where it was charged', async () => {
    broken.tooCheap = true
    const error = (await check('0x60015f5500', fork))!
    expect(error.difference.what).toBe('gas used of transaction 2')
    expect(error.transaction?.step).toMatchObject({
      step: { depth: 1, pc: 3, opcode: 0x55 },
      ours: { pc: 4 },
      stock: { pc: 4 },
    })
    const { ours, stock } = error.transaction!.step!
    expect(ours!.gas - stock!.gas).toBe(1n)
  })
})
