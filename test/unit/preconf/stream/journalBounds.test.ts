/** What is read from the journal for one answer is bounded, however large the blocks are. */
import { afterEach, expect, test } from 'vitest'
import { BLOCK_BYTES_MAX } from '../../../../src/preconf/stream/message.ts'
import { createStreamWorld, type StreamWorld } from '../../../support/preconfStream.ts'

let world: StreamWorld
afterEach(() => world?.close())

test('blocks are read up to the bytes of the largest one, and always one', async () => {
  world = await createStreamWorld({ seed: 'journal-bounds' })
  const key = world.keyNow()
  const { journal, ...node } = await world.openNode('sequencer', { key })
  const block = await world.createAuthor({ journal, ...node }, key).build({ until: 'executed' })
  const { signature } = block
  const sizes = [0.75, 0.75, 0.75, 1].map((share) => Math.floor(share * BLOCK_BYTES_MAX))
  for (const [i, size] of sizes.entries()) {
    const number = BigInt(i + 1)
    const hash = `0x${`${i}`.repeat(64)}` as const
    const large = {
      ...block,
      hash,
      header: { ...block.header, number },
      transactions: [new Uint8Array(size)],
    }
    await journal.keep({
      ...{ type: 'sealed', block: large, totalFrags: 0, envSignature: signature, sealSignature: signature },
    })
  }
  const numbersFrom = async (from: bigint, count: number) =>
    (await journal.blocksFrom(from, count)).map((message) => Number(message.block.header.number))
  expect(await numbersFrom(1n, 64)).toEqual([1])
  expect(await numbersFrom(2n, 64)).toEqual([2])
  expect(await numbersFrom(4n, 64)).toEqual([4])
  expect(await numbersFrom(5n, 64)).toEqual([])
})
