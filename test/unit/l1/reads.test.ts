import { expect, test } from 'vitest'
import { createL1Provider } from '../../../src/l1/provider.ts'
import { createL1Reads } from '../../../src/l1/reads.ts'
import type { RpcEndpointOptions } from '../../../src/l1/rpcEndpoint.ts'
import { type Address, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'

const TO: Address = `0x${'12'.repeat(20)}`
const readsOf = (...endpoints: readonly RpcEndpointOptions[]) => {
  const provider = createL1Provider({ endpoints, pauseScale: 0.001 })
  const reader = { bodyOf: async () => null }
  const finality = { read: async () => null }
  return {
    provider,
    reads: createL1Reads({ provider, reader, finality, beacons: [], log: silentLogger }),
  }
}
/** Over HTTP, in batches; answers by the calldata. */
const server = (name: string, answer: (data: string) => object): RpcEndpointOptions => ({
  name,
  url: `http://${name}.test`,
  limits: { requestsPerSecond: 1_000 },
  fetch: async (_url, { body }) => {
    const asked = JSON.parse(body!) as
      | { id: number; params: [{ data: string }] }
      | { id: number; params: [{ data: string }] }[]
    const reply = (each: { id: number; params: [{ data: string }] }) => ({
      jsonrpc: '2.0',
      id: each.id,
      ...answer(each.params[0].data),
    })
    return Response.json(Array.isArray(asked) ? asked.map(reply) : reply(asked))
  },
})
const REVERTS = [
  { code: 3, message: 'execution reverted', data: '0x' },
  { code: -32000, message: 'execution reverted: no' },
  { code: -32015, message: 'VM execution error: reverted' },
]

test('a revert, or nobody at the address, is an answer, and no reason to blame the server', async () => {
  for (const error of REVERTS) {
    const { provider, reads } = readsOf(
      server('one', (data) => (data === '0x01' ? { error } : { result: data === '0x02' ? '0x' : '0xab' })),
    )
    const calls = (['0x00', '0x01', '0x02', '0x03'] as const).map((data) => ({ to: TO, data }))
    expect(await reads.call(calls, ZERO_HASH)).toEqual(['0xab', null, null, '0xab'])
    expect(await reads.call(calls.slice(1, 2), ZERO_HASH)).toEqual([null])
    expect(provider.status()).toEqual([{ name: 'one', demotions: 0 }])
  }
})

test('a server that does not have the block is passed over for one that does', async () => {
  const { reads } = readsOf(
    server('behind', () => ({ error: { code: -32000, message: 'header not found' } })),
    server('ahead', () => ({ result: '0x07' })),
  )
  expect(await reads.call([{ to: TO, data: '0x00' }], ZERO_HASH)).toEqual(['0x07'])
  const alone = readsOf(server('behind', () => ({ error: { code: -32000, message: 'header not found' } })))
  await expect(alone.reads.call([{ to: TO, data: '0x00' }], ZERO_HASH)).rejects.toThrow('header not found')
})

test('an answer that is no byte string demotes the server', async () => {
  const { provider, reads } = readsOf(
    server('bad', () => ({ result: 'nonsense' })),
    server('good', () => ({ result: '0x07' })),
  )
  expect(await reads.call([{ to: TO, data: '0x00' }], ZERO_HASH)).toEqual(['0x07'])
  expect(provider.status()[0]).toMatchObject({ name: 'bad', demotions: 1 })
})
