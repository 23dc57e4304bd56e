/** A process that grows a flat state until it is killed. Arguments: database, seed. Writes a line after each commit. */
import { createTestChain, WRITER_SHAPE } from './stateChain.ts'

const [path, seed] = process.argv.slice(2)
const chain = await createTestChain({ path: path!, seed: Number(seed), shape: WRITER_SHAPE })
for (let blocks = 1; ; blocks = (blocks % 7) + 1) {
  await chain.grow(blocks)
  process.stdout.write(`${chain.state.head.blockNumber}\n`)
}
