/** `plumbline derive`: what a range of L1 proposes, as JSON lines, from an L1 on HTTP. */
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serializeRollupSpec } from '../../src/spec/specFile.ts'
import { specOf } from '../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../support/derive/payload.ts'
import { createWorkplace, isBuilt, type Workplace } from '../support/e2e.ts'
import { type L1Server, serveL1 } from '../support/l1/server.ts'
import { createSimulatedL1 } from '../support/l1/simulatedL1.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 180_000

describe.skipIf(!isBuilt)('derive', () => {
  const sim = createSimulatedL1({ seed: 'derive', forcedInclusionDelay: 0n })
  let place: Workplace
  let server: L1Server
  beforeAll(async () => {
    place = await createWorkplace()
    sim.mine()
    sim.propose({ payload: payloadAfter(sim, { blocks: 2, transactions: [await signTransfer(0)] }) })
    sim.saveForcedInclusion({ payload: payloadAfter(sim) })
    sim.propose({ payload: Uint8Array.of(1, 2, 3) })
    sim.propose({ payload: payloadAfter(sim) })
    server = await serveL1(sim)
    writeFileSync(place.path('rollup.json'), serializeRollupSpec(specOf(sim)))
  }, TIMEOUT_MS)
  afterAll(async () => {
    await place.close()
    await server.close()
  })

  const run = async (...range: string[]) => {
    const urls = ['--l1.rpc', server.url, '--l1.beacon', server.url, '--l1.rate-limit', '1000']
    const files = ['--rollup.config', 'rollup.json', '--log.level', 'error', '--l1.poll-interval', '50']
    const cli = place.start(['derive', ...files, ...urls, ...range])
    const exit = await cli.exit()
    return { exit, output: cli.output() }
  }

  test(
    'prints one line a source: blocks, transactions, faults, where it came from',
    async () => {
      const { exit, output } = await run('--to', '5')
      expect(exit).toEqual({ code: 0, signal: null })
      const rows = output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(
        rows.map(({ l1Block, proposal, source, isForcedInclusion, fault, blocks }) => [
          ...[l1Block, proposal, source, isForcedInclusion, fault?.rule],
          blocks.map(({ transactions }: { transactions: number }) => transactions),
        ]),
      ).toEqual([
        [3, 1, 0, false, undefined, [1, 0]],
        [5, 2, 0, true, undefined, [0]],
        [5, 2, 1, false, 'D-20', [0]],
      ])
      expect(rows[0]).toMatchObject({
        l1Transaction: sim.blockAt(3).transactions[0]!.hash,
        blobs: sim.blockAt(3).blobs.map(({ versionedHash }) => versionedHash),
      })
    },
    TIMEOUT_MS,
  )

  test(
    'takes only what lies in the range, and refuses one that is none',
    async () => {
      const { output } = await run('--from', '6', '--to', '6')
      expect(
        output
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).proposal),
      ).toEqual([3])
      const backwards = await run('--from', '7', '--to', '6')
      expect(backwards.exit).toEqual({ code: 1, signal: null })
      expect(backwards.output).toBe('plumbline: --to 6 is before the first block, 7\n')
    },
    TIMEOUT_MS,
  )
})
