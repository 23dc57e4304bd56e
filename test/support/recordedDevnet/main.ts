/** Records a devnet (record.ts) into a new folder and serves its L1 until Ctrl-C. usage: main.ts DIR [PORT]. docs/research-guide.md */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { serveL1 } from '../l1/server.ts'
import { recordDevnet } from './record.ts'

/** One-and-a-bit hours. */
const SLOTS = 336
const PORT = 8645

const [dir, port = String(PORT)] = process.argv.slice(2)
if (dir === undefined || existsSync(dir)) {
  console.error('usage: main.ts DIR [PORT], where DIR is not there yet')
  process.exit(2)
}
const { sim, lastFinal } = await recordDevnet({
  ...{ dir, slots: SLOTS, seed: 'guide' },
  onSlot: (done) => process.stderr.write(`\rrecording: L1 slot ${done}/${SLOTS}`),
})
process.stderr.write('\n')
const server = await serveL1(sim, Number(port))
console.log(`${dir}: ${sim.proposals().length} proposals; L1 is final up to block ${lastFinal}`)
console.log(`serving L1, its beacon chain and its blobs on ${server.url} until Ctrl-C`)
await once(process, 'SIGINT')
await server.close()
