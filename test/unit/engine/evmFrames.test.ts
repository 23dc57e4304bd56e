/** Where calls and creations of our own are told apart from EthereumJS's. */
import { EVM, NobleBN254 } from '@ethereumjs/evm'
import { Address as EvmAddress } from '@ethereumjs/util'
import { createVM } from '@ethereumjs/vm'
import { describe, expect, test } from 'vitest'
import { frameCounts } from '../../../src/engine/evm/frames.ts'
import { createRunContext, type RunContext } from '../../../src/engine/evm.ts'
import { ethereumRules } from '../../../src/engine/rules/evmRules.ts'
import { OverlayState } from '../../../src/engine/state/overlay.ts'
import { type Hex, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { COINBASE, ETHER, stateWith } from '../../support/engineChain.ts'

const CALLER = `0x${'ca'.repeat(20)}` as const
const CONTRACT = `0x${'10'.repeat(20)}` as const

async function contextWith(code: Hex, loop: 'own' | 'stock'): Promise<RunContext> {
  return createRunContext({
    chainId: 1n,
    rules: ethereumRules('osaka'),
    state: new OverlayState(stateWith({ [CALLER]: { balance: ETHER }, [CONTRACT]: { code } })),
    info: {
      number: 1n,
      parentHash: ZERO_HASH,
      coinbase: COINBASE,
      timestamp: 1n,
      gasLimit: 30_000_000n,
      mixHash: ZERO_HASH,
      baseFeePerGas: 0n,
      blobBaseFee: 1n,
    },
    ancestorHash: () => ZERO_HASH,
    loop,
  })
}

const call = ({ evm, block }: RunContext, to: Hex | undefined, data: Hex = '0x') =>
  evm.runCall({
    block,
    caller: new EvmAddress(hexToBytes(CALLER)),
    ...(to !== undefined && { to: new EvmAddress(hexToBytes(to)) }),
    data: hexToBytes(data),
    gasLimit: 1_000_000n,
  })

describe('a creation whose initcode reverts with bytes that begin like a format to come', () => {
  /** MSTORE8 0 0xef, REVERT 0..1. */
  const reverting: Hex = '0x60ef5f5360015ffd'
  // CREATE of it, then GAS, RETURNDATASIZE and the word that was returned.
  const creator: Hex = `0x67${reverting.slice(2)}5f52600860185ff05a6020523d60405260015f60603e60806000f3`

  for (const loop of ['own', 'stock'] as const) {
    test(`keeps its gas and its answer, on the ${loop} loop`, async () => {
      const { execResult } = await call(await contextWith(creator, loop), CONTRACT)
      const { returnValue, executionGasUsed } = execResult
      expect(executionGasUsed).toBeLessThan(40_000n)
      expect([returnValue[0x5f], returnValue[0x60]]).toEqual([1, 0xef])
    })

    test(`does so as a transaction, on the ${loop} loop`, async () => {
      const { execResult } = await call(await contextWith('0x', loop), undefined, reverting)
      expect(execResult.exceptionError?.error).toBe('revert')
      expect(execResult.executionGasUsed).toBeLessThan(100n)
      expect(execResult.returnValue).toEqual(Uint8Array.of(0xef))
    })
  }

  test('is what EthereumJS by itself gets wrong: when it no longer does, stockEvm.ts can go', async () => {
    const { evm, block } = await contextWith('0x', 'stock')
    const { common, stateManager, blockchain } = evm
    const bare = new EVM({ common, stateManager, blockchain, bn254: new NobleBN254() })
    const { execResult } = await call({ evm: bare, block } as RunContext, undefined, reverting)
    expect(execResult.executionGasUsed).toBe(1_000_000n)
  })
})

test('a copy of the EVM would be EthereumJS’s own: asking for one is an error, also through its VM', async () => {
  const { evm } = await contextWith('0x', 'own')
  expect(() => evm.shallowCopy()).toThrow('belongs to one run')
  const { common, stateManager, blockchain } = evm
  const vm = await createVM({ common, stateManager, evm, blockchain: blockchain as never })
  await expect(vm.shallowCopy()).rejects.toThrow('belongs to one run')
})

test('frames are ours until somebody listens to steps', async () => {
  // Calls itself once.
  const code: Hex = '0x36600e575f5f60015f5f30611388f100'
  const counted = async (listens: boolean) => {
    const context = await contextWith(code, 'own')
    if (listens) context.evm.events.on('step', () => {})
    const before = { ...frameCounts }
    await call(context, CONTRACT)
    return [frameCounts.own - before.own, frameCounts.stock - before.stock]
  }
  expect(await counted(false)).toEqual([2, 0])
  expect(await counted(true)).toEqual([0, 2])
})
