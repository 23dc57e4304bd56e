/** e^10 at ten times the update fraction of each fork, at the epochs that the networks announced; and nothing where it is not known which holds. */
import { expect, test } from 'vitest'
import { blobGasPrice, blobParametersAt } from '../../../src/research/collect/blobSchedule.ts'

/** Beacon chains' genesis times; an epoch is 32 slots of 12 s. */
const MAINNET = { id: 1n, genesis: 1_606_824_023n }
const HOLESKY = { id: 17_000n, genesis: 1_695_902_400n }
const HOODI = { id: 560_048n, genesis: 1_742_213_400n }
const SEPOLIA = { id: 11_155_111n, genesis: 1_655_733_600n }

test.each([
  // Epochs by the meta EIPs of the upgrades: 7569, 7600, 8134 and 8135, and the announcement of Fusaka for the test networks.
  ['mainnet: Cancun', MAINNET, 269_568n, [3, 6, 3_338_477n]],
  ['mainnet: Prague', MAINNET, 364_032n, [6, 9, 5_007_716n]],
  ['mainnet: BPO1', MAINNET, 412_672n, [10, 15, 8_346_193n]],
  ['mainnet: BPO2', MAINNET, 419_072n, [14, 21, 11_684_671n]],
  ['Holesky: Cancun', HOLESKY, 29_696n, [3, 6, 3_338_477n]],
  ['Holesky: Prague', HOLESKY, 115_968n, [6, 9, 5_007_716n]],
  ['Holesky: BPO1', HOLESKY, 166_400n, [10, 15, 8_346_193n]],
  ['Holesky: BPO2', HOLESKY, 167_936n, [14, 21, 11_684_671n]],
  ['Hoodi: Prague', HOODI, 2_048n, [6, 9, 5_007_716n]],
  ['Hoodi: BPO1', HOODI, 52_480n, [10, 15, 8_346_193n]],
  ['Hoodi: BPO2', HOODI, 54_016n, [14, 21, 11_684_671n]],
  ['Sepolia: Cancun', SEPOLIA, 132_608n, [3, 6, 3_338_477n]],
  ['Sepolia: Prague', SEPOLIA, 222_464n, [6, 9, 5_007_716n]],
  ['Sepolia: BPO1', SEPOLIA, 274_176n, [10, 15, 8_346_193n]],
  ['Sepolia: BPO2', SEPOLIA, 275_712n, [14, 21, 11_684_671n]],
] as const)('%s', (_name, { id, genesis }, epoch, [target, max, fraction]) => {
  const timestamp = genesis + epoch * 384n
  expect(blobParametersAt(id, { timestamp, excessBlobGas: 0n })).toMatchObject({ target, max })
  // Taylor's series of e^10, rounded down.
  expect(blobGasPrice(id, { timestamp, excessBlobGas: 10n * fraction })).toBe(22_026n)
  // Not a block sooner.
  expect(blobParametersAt(id, { timestamp: timestamp - 12n, excessBlobGas: 0n })?.target ?? 0).toBeLessThan(
    target,
  )
})

test('a price is told for an unknown chain only where every schedule agrees', () => {
  expect(blobGasPrice(31_337n, { timestamp: 0n, excessBlobGas: 0n })).toBe(1n)
  expect(blobGasPrice(31_337n, { timestamp: 0n, excessBlobGas: 50_000_000n })).toBeNull()
  expect(blobParametersAt(31_337n, { timestamp: 0n, excessBlobGas: 0n })).toBeUndefined()
})

test('there is none before Cancun', () => {
  expect(blobGasPrice(1n, { timestamp: 1_700_000_000n })).toBeNull()
  expect(blobParametersAt(560_048n, { timestamp: 1_750_000_000n })).toBeUndefined()
})
