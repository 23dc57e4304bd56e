/** The devnet's servers on ports that somebody else has, and when its process ends. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Anvil, startAnvil } from '../../../src/cli/devnet/anvil.ts'
import { startBeaconFacade } from '../../../src/cli/devnet/beaconFacade.ts'
import { CriticalError } from '../../../src/primitives/errors.ts'

const OPTIONS = { secondsPerSlot: 1, slotsPerEpoch: 4, chainId: 31_337, isMining: false }

let other: Server
let port: number
beforeAll(async () => {
  // Another L1: it answers whatever it is asked.
  other = createServer((_, response) => response.end('{"jsonrpc":"2.0","id":1,"result":"0x1"}'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  port = (other.address() as AddressInfo).port
})
afterAll(() => new Promise<void>((resolve) => other.close(() => resolve())))

test('an L1 that is there already is not taken for ours', async () => {
  const attempt = startAnvil({ ...OPTIONS, port })
  await expect(attempt).rejects.toThrow(CriticalError)
  await expect(attempt).rejects.toThrow(/^the local L1 cannot listen on port \d+: .*EADDRINUSE/)
})

test('a busy port of the beacon API is named', async () => {
  const attempt = startBeaconFacade({ anvil: {} as Anvil, port, genesisTime: 0n, secondsPerSlot: 1n })
  await expect(attempt).rejects.toThrow(CriticalError)
  await expect(attempt).rejects.toThrow(/^the beacon API cannot listen on port \d+: .*EADDRINUSE/)
})

test('an L1 of ours does not outlive a process that ends at once', async () => {
  const before = process.listeners('exit')
  const anvil = await startAnvil({ ...OPTIONS, port: 0 })
  const added = process.listeners('exit').filter((each) => !before.includes(each))
  for (const each of added) each.call(process, 0)
  // Waits for its end, whoever brought it.
  await expect
    .poll(() =>
      anvil.request('eth_chainId').then(
        () => 'alive',
        () => 'gone',
      ),
    )
    .toBe('gone')
  await anvil.close()
  expect(process.listeners('exit')).toEqual(before)
})
