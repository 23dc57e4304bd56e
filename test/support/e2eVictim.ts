/**
 * A process to be killed: a deriving node over an L1 on HTTP that kills itself at a chosen point, as nobody's exception handler
 * and no `finally` can see. Without a point it derives to the head and ends.
 * usage: e2eVictim.ts L1_URL ROLLUP_JSON GENESIS_JSON DATABASE [before|after N]
 */
import { readFileSync } from 'node:fs'
import { createChain } from '../../src/chain/sqliteChain.ts'
import { createDriver } from '../../src/derive/driver.ts'
import { isInitialised, writeGenesis } from '../../src/derive/genesis.ts'
import { buildGenesis } from '../../src/engine/genesis.ts'
import { createFlatState } from '../../src/engine/state/flatStateOnStore.ts'
import { createEngine } from '../../src/engine/vm.ts'
import { createL1 } from '../../src/l1/createL1.ts'
import { loadKzg } from '../../src/l1/kzg.ts'
import { sleep } from '../../src/primitives/async.ts'
import { CHAIN_STORE_SCHEMAS } from '../../src/snapshot/chainStore.ts'
import { parseRollupSpec } from '../../src/spec/specFile.ts'
import { openStore } from '../../src/store/openStore.ts'
import type { Store } from '../../src/store/store.ts'
import { silentLogger } from '../../src/telemetry/log.ts'

const [url = '', specFile = '', genesisFile = '', path = '', when, at] = process.argv.slice(2)

const die = () => process.kill(process.pid, 'SIGKILL')

/** Dies when everything of the n-th commit is written and nothing committed, or when it has been and nobody knows. */
function dieAtCommit(store: Store, n: number): Store {
  let commits = 0
  return {
    ...store,
    async transaction(work) {
      const isHere = ++commits === n
      const result = await store.transaction(async (transaction) => {
        const inner = await work(transaction)
        if (isHere && when === 'before') die()
        return inner
      })
      if (isHere && when === 'after') die()
      return result
    },
  }
}

const spec = parseRollupSpec(JSON.parse(readFileSync(specFile, 'utf8')))
const source = { name: 'l1', url, limits: { requestsPerSecond: 100_000 } }
const l1 = await createL1({
  spec,
  endpoints: [source],
  beacons: [source],
  pollIntervalMs: 1,
  finalityIntervalMs: 0,
  kzgThreads: 0,
})
const opened = await openStore({
  path,
  schemas: CHAIN_STORE_SCHEMAS,
})
const store = at === undefined ? opened : dieAtCommit(opened, Number(at))
const state = await createFlatState({ store })
const chain = await createChain(store)
if (!(await isInitialised(store))) {
  const genesis = buildGenesis(JSON.parse(readFileSync(genesisFile, 'utf8')))
  await writeGenesis({ store, chain, state }, { spec, genesis, l1: await l1.start() })
}
const engine = createEngine({ spec })
// A second or two, in which nothing happens that a kill could hurt.
await loadKzg()
const done = new AbortController()
console.log('deriving')
await createDriver({
  ...{ spec, l1, engine, state, chain, store },
  logger: silentLogger,
  wait: (ms, signal) => sleep(ms, signal).catch(() => {}),
  onProgress: ({ type }) => {
    if (type === 'caughtUp') done.abort()
  },
}).run(done.signal)
await engine.close()
await opened.close()
await l1.close()
console.log('reached the head')
