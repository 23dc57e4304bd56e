/** e^10 at ten times the update fraction of each fork of Ethereum, and nothing where it is not known which holds. */
import { expect, test } from 'vitest'
import { blobGasPrice } from '../../../src/research/collect/blobPrice.ts'

test.each([
  ['Cancun', 1_746_612_299n, 3_338_477n],
  ['Prague', 1_746_612_311n, 5_007_716n],
  ['Prague, until its blob parameters change', 1_765_290_059n, 5_007_716n],
  ['the first change of blob parameters', 1_765_290_071n, 8_346_193n],
  ['the second', 1_767_747_671n, 11_684_671n],
])('%s', (_name, timestamp, fraction) => {
  expect(blobGasPrice(1n, { timestamp, excessBlobGas: 10n * fraction })).toBe(22_026n)
})

test('is told for an unknown chain only where every schedule agrees', () => {
  expect(blobGasPrice(31_337n, { timestamp: 0n, excessBlobGas: 0n })).toBe(1n)
  expect(blobGasPrice(31_337n, { timestamp: 0n, excessBlobGas: 50_000_000n })).toBeNull()
})

test('there is none before Cancun', () => {
  expect(blobGasPrice(1n, { timestamp: 1_700_000_000n })).toBeNull()
})
