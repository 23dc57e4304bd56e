import { expect, test } from 'vitest'
import { buildLongChain, connect, createFollower, positionOf, truthBetween } from '../../support/l1Room.ts'

test('follows history and tip, every block with its logs', async () => {
  const chain = buildLongChain('follow')
  chain.setFinalized(200)
  const l1 = await connect(chain)
  const follower = createFollower(l1, chain, positionOf(chain.blockAt(0)))
  await follower.run()
  expect(follower.blocks).toEqual(truthBetween(chain, 0))
  expect(follower.reorgs).toEqual([])
  expect(follower.errors).toEqual([])
  expect(follower.finalized).toEqual(positionOf(chain.blockAt(200)))
  expect(l1.status()).toMatchObject({
    head: positionOf(chain.head()),
    finalized: positionOf(chain.blockAt(200)),
    trust: 'consensus-finalized',
  })
  await l1.close()
})
