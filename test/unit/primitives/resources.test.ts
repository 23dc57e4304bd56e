import { expect, test } from 'vitest'
import { createResources } from '../../../src/primitives/resources.ts'

test('all are closed, the last first and once, and the first error is told', async () => {
  const closed: string[] = []
  const { keep, close } = createResources()
  const resource = (name: string, fails = false) => ({
    async close() {
      closed.push(name)
      if (fails) throw new Error(`${name} does not close`)
    },
  })
  expect(keep(resource('store'))).toHaveProperty('close')
  keep({ close: () => void closed.push('lists') })
  keep(resource('l1', true))
  keep(resource('rpc', true))
  await expect(close()).rejects.toThrow('rpc does not close')
  await expect(close()).rejects.toThrow('rpc does not close')
  expect(closed).toEqual(['rpc', 'l1', 'lists', 'store'])
})
