import { describe, expect, test } from 'vitest'
import { blobParametersAt, ethereumForkAt } from '../../../src/spec/ethereumSpec.ts'
import { parseEthereumSpec } from '../../../src/spec/parseEthereumSpec.ts'

const BLOBS = { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 }
const config = {
  chainId: 7,
  homesteadBlock: 0,
  eip150Block: 2,
  eip155Block: 3,
  eip158Block: 3,
  byzantiumBlock: 4,
  londonBlock: 10,
  mergeNetsplitBlock: 12,
  shanghaiTime: 100,
  cancunTime: 200,
  pragueTime: 300,
  bpo1Time: 400,
  blobSchedule: { cancun: BLOBS, bpo1: { ...BLOBS, target: 10, max: 15 } },
}

describe('a genesis file in geth’s format', () => {
  const spec = parseEthereumSpec({ config })

  test.each([
    [0n, 0n, 'homestead'],
    [2n, 10n, 'tangerineWhistle'],
    [3n, 15n, 'spuriousDragon'],
    [9n, 20n, 'byzantium'],
    [11n, 60n, 'london'],
    [12n, 70n, 'paris'],
    [13n, 100n, 'shanghai'],
    [20n, 299n, 'cancun'],
    [21n, 300n, 'prague'],
  ] as const)('puts block %d at time %d under %s', (number, timestamp, fork) => {
    expect(ethereumForkAt(spec, { number, timestamp })).toBe(fork)
  })

  test('has blob parameters per time; a fork without its own keeps those before', () => {
    expect(blobParametersAt(spec, 199n)).toBeUndefined()
    expect(blobParametersAt(spec, 300n)).toMatchObject({ target: 3, max: 6 })
    expect(blobParametersAt(spec, 400n)).toMatchObject({ target: 10, max: 15 })
  })

  test('knows the merge by its block, or by a total difficulty of zero', () => {
    const { mergeNetsplitBlock: _, ...unmerged } = config
    const atOnce = parseEthereumSpec({ config: { ...unmerged, terminalTotalDifficulty: 0 } })
    expect(ethereumForkAt(atOnce, { number: 0n, timestamp: 0n })).toBe('paris')
    expect(() => parseEthereumSpec({ config: { ...unmerged, terminalTotalDifficulty: 5 } })).toThrow('merge')
    expect(() => parseEthereumSpec({ config: unmerged })).toThrow('merge')
  })

  test.each([
    ['no config', {}, 'config'],
    ['a fork that is no number', { config: { ...config, londonBlock: 'soon' } }, 'londonBlock'],
    ['blobs without parameters', { config: { ...config, blobSchedule: {} } }, 'cancun'],
    ['a fork of which nothing is known', { config: { ...config, amsterdamTime: 500 } }, 'amsterdamTime'],
  ])('is refused for %s', (_, json, reason) => {
    expect(() => parseEthereumSpec(json)).toThrow(reason)
  })
})
