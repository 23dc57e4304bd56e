/** A process that runs calls, one at a time, each on a snapshot of the node's database that it reads itself. The other end is processCaller.ts. */
import { prepareKzg } from '../../engine/kzg.ts'
import { defined } from '../../primitives/assert.ts'
import { giveWay } from '../../primitives/priority.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import { openSnapshots, type Snapshots } from '../../store/snapshots.ts'
import { runJob } from './jobs.ts'
import { type FromProcess, failureOf, type JobMessage, type ToProcess } from './messages.ts'
import { createReadPlace } from './placeState.ts'

/** KiB. Whole pages are kept warm by the operating system, for the node as for us. */
const PAGE_CACHE_KIB = 16 * 1024

type Running = {
  readonly execution: ExecutionSpec
  readonly snapshots: Promise<Snapshots>
  readonly kzg: Promise<void>
}

let running: Running | undefined
const readPlace = createReadPlace()

const say = (message: FromProcess) => process.send?.(message)

async function run({ job, place }: JobMessage): Promise<void> {
  try {
    const { execution, snapshots, kzg } = defined(running, 'the rules of a call process')
    await kzg
    const result = await (await snapshots).read(async (snapshot) =>
      runJob({ execution, ...(await readPlace(snapshot, place)) }, job),
    )
    say({ type: 'result', result })
  } catch (error) {
    say({ type: 'failed', failure: failureOf(error) })
  }
}

// Where cores are short, the node's own work comes first; to load was not to last.
giveWay()
process.on('message', (message: ToProcess) => {
  if (message.type === 'job') return void run(message)
  const { execution, database } = message
  const snapshots = openSnapshots({ path: database, cacheKiB: PAGE_CACHE_KIB })
  const kzg = prepareKzg()
  // The first job tells.
  for (const opening of [snapshots, kzg]) opening.catch(() => {})
  running = { execution, snapshots, kzg }
})
say({ type: 'ready' })
process.on('disconnect', () => process.exit())
// Ctrl-C reaches the whole group of a terminal; when to end is the node's to say.
process.on('SIGINT', () => {})
