/**
 * A real process killed with SIGKILL, over and over: at numbered commit points and at random moments. What is on the disk in
 * the end is what a fresh node derives. `make soak` does it 500 times. INV-2, INV-3.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { L1 } from '../../src/l1/l1.ts'
import { serializeRollupSpec } from '../../src/spec/specFile.ts'
import { checkIntegrity } from '../../src/store/integrity.ts'
import { connectL1, openHarness, specOf } from '../support/derive/harness.ts'
import { signTransfer } from '../support/derive/payload.ts'
import { happen } from '../support/derive/randomChain.ts'
import { expectSameContent } from '../support/derive/sameContent.ts'
import { type Cli, createWorkplace, type Exit, isBuilt, type Workplace } from '../support/e2e.ts'
import { createRandom } from '../support/l1/random.ts'
import { type L1Server, serveL1 } from '../support/l1/server.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'

const isSoak = process.env.SOAK === '1'
const COMMIT_POINTS = isSoak ? 200 : 3
const MOMENTS = isSoak ? 100 : 4
/** L1 blocks; dense enough for more commits than there are points. */
const STEPS = isSoak ? 240 : 40
/** From the beginning of derivation; few lives are through with all steps by then. */
const MOMENT_MAX_MS = 400
/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = isSoak ? 7_200_000 : 240_000

const VICTIM = join(import.meta.dirname, '../support/e2eVictim.ts')
const DIST = pathToFileURL(join(import.meta.dirname, '../../dist')).href
const GENESIS_FILE = join(import.meta.dirname, '../../contracts/artifacts/devnet-genesis.json')
const KILLED: Exit = { code: null, signal: 'SIGKILL' }

let place: Workplace
let sim: SimulatedL1
let server: L1Server
let l1: L1
let expected: string

/** Over what is built already: compiling the whole of it anew in each life would take most of the time. */
function compileVictim(): string {
  const { outputText } = transpileModule(readFileSync(VICTIM, 'utf8'), {
    compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2023 },
  })
  return outputText.replaceAll(/'\.\.\/\.\.\/src\/(.*)\.ts'/g, `'${DIST}/$1.js'`)
}

function live(database: string, point: readonly string[] = []): Cli {
  const files = [place.path('rollup.json'), GENESIS_FILE, place.path(database)]
  return place.startScript([place.path('victim.mjs'), server.url, ...files, ...point])
}

async function expectWhole(database: string): Promise<void> {
  const node = await openHarness({ sim, l1, path: place.path(database) })
  await checkIntegrity(node.store, 'full')
  await node.sync()
  expectSameContent(await node.dump(), expected, 'after the last kill')
  await node.close()
}

describe.skipIf(!isBuilt)('killed', () => {
  beforeAll(async () => {
    place = await createWorkplace()
    sim = createSimulatedL1({ seed: 'kills', forcedInclusionDelay: 60n })
    const transactions = await Promise.all(Array.from({ length: 40 }, (_, nonce) => signTransfer(nonce)))
    for (let i = 0; i < STEPS; i++) happen(sim, transactions, i % 10 !== 0)
    sim.setFinalized(Math.floor(STEPS / 2))
    server = await serveL1(sim)
    writeFileSync(place.path('rollup.json'), serializeRollupSpec(specOf(sim)))
    writeFileSync(place.path('victim.mjs'), compileVictim())
    l1 = await connectL1(sim)
    const fresh = await openHarness({ sim, l1, path: ':memory:' })
    await fresh.sync()
    expected = await fresh.dump()
    await fresh.close()
  }, TIMEOUT_MS)
  afterAll(async () => {
    await place.close()
    await server.close()
    await l1.close()
  })

  test(
    `goes on after a kill before and after each of the first ${COMMIT_POINTS} commits`,
    async () => {
      for (let point = 0; point < COMMIT_POINTS; point++) {
        for (const when of ['before', 'after'] as const)
          expect(await live('commits.db', [when, '1']).exit(), `commit ${point}, ${when}`).toEqual(KILLED)
      }
      await expectWhole('commits.db')
    },
    TIMEOUT_MS,
  )

  test(
    `goes on after a kill at each of ${MOMENTS} random moments`,
    async () => {
      const random = createRandom('kills')
      let kills = 0
      // Now and then a life reaches the head first; the next one begins anew.
      for (let life = 0; kills < MOMENTS; life++) {
        expect(life, 'most lives reach the head before they are killed').toBeLessThan(4 * MOMENTS)
        const database = `moments-${life - kills}.db`
        const victim = live(database)
        await victim.line(/^deriving$/)
        await sleep(random.below(MOMENT_MAX_MS))
        victim.signal('SIGKILL')
        const exit = await victim.exit()
        if (exit.signal === 'SIGKILL') kills++
        else expect(exit).toEqual({ code: 0, signal: null })
        if (kills === MOMENTS || exit.code === 0) await expectWhole(database)
      }
    },
    TIMEOUT_MS,
  )
})
