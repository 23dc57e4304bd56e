import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toQuantity } from '../../../src/primitives/hex.ts'
import { bumpFees, estimateFees } from '../../../src/propose/fees.ts'
import type { RpcRequest } from '../../../src/propose/l1Rpc.ts'
import { classifySendError } from '../../../src/propose/sendErrors.ts'
import { detectSidecarVersion } from '../../../src/propose/sidecarVersion.ts'

const GWEI = 1_000_000_000n
const answer =
  (answers: Record<string, unknown>): RpcRequest =>
  async (method) => {
    if (!(method in answers)) throw new Error(`the method ${method} does not exist`)
    return answers[method]
  }

describe('fees', () => {
  test('leave room for both base fees to double', async () => {
    const rpc = answer({
      eth_feeHistory: {
        baseFeePerGas: [10n, 11n, 12n].map((fee) => toQuantity(fee * GWEI)),
        baseFeePerBlobGas: ['0x1', '0x2', '0x3'],
        gasUsedRatio: [0.9, 0.1],
        reward: [[toQuantity(3n * GWEI)], [toQuantity(90n * GWEI)]],
      },
    })
    // The tip is that of the block that was contested.
    expect(await estimateFees(rpc, GWEI)).toEqual({
      maxPriorityFeePerGas: 3n * GWEI,
      maxFeePerGas: 27n * GWEI,
      maxFeePerBlobGas: 6n,
    })
  })

  test('are asked for one by one where the history knows no blobs', async () => {
    const rpc = answer({
      eth_feeHistory: { baseFeePerGas: ['0x7', '0x7'] },
      eth_blobBaseFee: '0x64',
    })
    expect(await estimateFees(rpc, 5n)).toEqual({
      maxPriorityFeePerGas: 5n,
      maxFeePerGas: 19n,
      maxFeePerBlobGas: 200n,
    })
  })

  test('of a replacement are at least double, and never below what is asked now', () => {
    const fees = fc.record({
      maxFeePerGas: fc.bigInt(1n, 10n ** 20n),
      maxPriorityFeePerGas: fc.bigInt(1n, 10n ** 20n),
      maxFeePerBlobGas: fc.bigInt(1n, 10n ** 20n),
    })
    fc.assert(
      fc.property(fees, fees, (old, current) => {
        const bumped = bumpFees(old, current)
        for (const key of ['maxFeePerGas', 'maxPriorityFeePerGas', 'maxFeePerBlobGas'] as const) {
          expect(bumped[key]).toBeGreaterThanOrEqual(2n * old[key])
          expect(bumped[key]).toBeGreaterThanOrEqual(current[key])
        }
      }),
    )
  })
})

// As clients word them: geth, reth, Nethermind, Besu, Erigon, EthereumJS, anvil.
test.each([
  ['already known', 'alreadyKnown'],
  ['AlreadyKnown', 'alreadyKnown'],
  ['transaction already imported', 'alreadyKnown'],
  ['Known transaction', 'alreadyKnown'],
  ['ALREADY_EXISTS: already known', 'alreadyKnown'],
  ['replacement transaction underpriced: new tx gas fee cap 1 <= 2 queued', 'replacementUnderpriced'],
  ['ReplacementNotAllowed', 'replacementUnderpriced'],
  ['nonce too low: next nonce 5, tx nonce 4', 'nonceTooLow'],
  ['OldNonce, Current nonce: 5, nonce of rejected tx: 4', 'nonceTooLow'],
  ['nonce too low', 'nonceTooLow'],
  ['insufficient funds for gas * price + value: balance 0', 'insufficientFunds'],
  ['InsufficientFunds, Account balance: 0', 'insufficientFunds'],
  ['transaction underpriced: gas tip cap 0, minimum needed 1', 'feeTooLow'],
  ['max fee per gas less than block base fee', 'feeTooLow'],
  ['max fee per blob gas less than block blob gas fee', 'feeTooLow'],
  ['FeeTooLow, MaxFeePerGas too low', 'feeTooLow'],
  ['unexpected sidecar version, want: 1, got: 0', 'other'],
  ['connection reset', 'other'],
])('%s means %s', (message, kind) => {
  expect(classifySendError(new Error(`RPC error -32000: ${message}`))).toBe(kind)
})

describe('the wrapper of blobs', () => {
  const head = { number: 1n, hash: '0x', timestamp: 1000n, isPrague: true } as const
  const prague = { activationTime: 0, precompiles: { ECREC: '0x1' } }
  const osaka = { activationTime: 1020, precompiles: { ECREC: '0x1', P256VERIFY: '0x100' } }

  test.each([
    ['of the current fork', { current: prague, next: null }, 2000n, 0],
    ['of Osaka', { current: osaka, next: null }, 2000n, 1],
    ['of the fork that comes before inclusion', { current: prague, next: osaka }, 1020n, 1],
    ['not of a fork that comes after', { current: prague, next: osaka }, 1019n, 0],
  ])('is that %s', async (_name, config, inclusionTime, version) => {
    expect(await detectSidecarVersion(answer({ eth_config: config }), { head, inclusionTime })).toBe(version)
  })

  test('of a node that does not say goes by its header', async () => {
    const silent = answer({})
    expect(await detectSidecarVersion(silent, { head, inclusionTime: 2000n })).toBe(1)
    expect(
      await detectSidecarVersion(silent, { head: { ...head, isPrague: false }, inclusionTime: 2000n }),
    ).toBe(0)
  })
})
