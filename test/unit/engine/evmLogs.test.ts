/** More logs than arguments fit into one call of a function: a block of 60 million gas pays for them. */
import { expect, test } from 'vitest'
import { measureZkGas, OTHER_ADDRESS, only } from '../../support/zkGas.ts'

test('a frame leaves as many logs to its caller as it can pay for', async () => {
  // A thousand times LOG0 of nothing, from the start again while GAS is above 500,000.
  const other = `5b${'5f5fa0'.repeat(1000)}6207a1205a115f57`
  const code = `5f5f5f5f5f73${OTHER_ADDRESS.slice(2)}5af100`
  const { used } = await measureZkGas(code, { other, gas: 60_000_000n, schedule: only(0xa0) })
  expect(used / 375).toBeGreaterThan(150_000)
})
