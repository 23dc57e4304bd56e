/** Operators with bonds on this L1, a node that listens to whoever claims to be their sequencer, and the command line beside it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { expect, vi } from 'vitest'
import { createL1 } from '../../../src/l1/createL1.ts'
import { type Node, startNode } from '../../../src/node.ts'
import { createHub } from '../../../src/preconf/stream/hub.ts'
import { type Address, bytesToHex, type Hex } from '../../../src/primitives/hex.ts'
import { addStreamRoutes } from '../../../src/rpc/preconf/streamRoutes.ts'
import { serializeRollupSpec } from '../../../src/spec/specFile.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { createWorkplace } from '../e2e.ts'
import { DEV_ACCOUNTS } from './executionGenesis.ts'
import { deployLookaheadRollup, type LookaheadWindows } from './lookaheadRollup.ts'
import { optInOperator, withSlots } from './operators.ts'
import { L2_GENESIS, posNodeOptions, posSpec } from './proposers.ts'
import { startPosL1 } from './startPosL1.ts'

const SLOTS_PER_EPOCH = 32
const OWNER = 2
export const COMMITTER = 5
const CHALLENGER = 9
export const keyOf = (account: number): Hex => bytesToHex(DEV_ACCOUNTS[account]!.getHdKey().privateKey!)

export type SlashWorld = Awaited<ReturnType<typeof startSlashWorld>>

/** In the first epoch with turns of the operator, who has a quarter of the validators. */
export async function startSlashWorld(windows: Partial<LookaheadWindows> = {}) {
  const closers: (() => unknown)[] = []
  const close = async () => {
    for (const each of closers.splice(0).reverse()) await each()
  }
  try {
    const place = await createWorkplace()
    closers.push(place.close)
    const dataDir = mkdtempSync(join(tmpdir(), 'plumbline-slash-'))
    closers.push(() => rmSync(dataDir, { recursive: true }))
    const l1 = await startPosL1({ mode: 'manual', chainId: 31_337, genesisTime: 1_900_000_000 })
    closers.push(l1.close)
    await l1.nextSlot(2)
    const empty = posSpec(l1, { inbox: `0x${'00'.repeat(20)}`, startBlock: 0n })
    const l2 = { chainId: empty.l2.chainId, genesisHash: L2_GENESIS().hash }
    const rollup = await deployLookaheadRollup(l1, l2, windows)
    const spec = posSpec(l1, rollup)
    writeFileSync(place.path('rollup.json'), serializeRollupSpec(spec))
    writeFileSync(place.path('challenger.key'), keyOf(CHALLENGER), { mode: 0o600 })
    const room = await createL1({
      spec,
      endpoints: [{ name: 'execution', url: l1.executionUrl }],
      beacons: [{ name: 'consensus', url: l1.beaconUrl }],
      kzgThreads: 0,
    })
    const operator = await optInOperator(l1, room.reads, {
      inbox: rollup.inbox,
      ownerKey: keyOf(OWNER),
      committer: DEV_ACCOUNTS[COMMITTER]!.address.toLowerCase() as Address,
      validators: [...Array(16).keys()],
    })
    await room.close()
    // The epoch after the next is the first with turns of the operator.
    const epoch = Math.floor((await l1.head()).currentSlot / SLOTS_PER_EPOCH)
    await l1.nextSlot((epoch + 2) * SLOTS_PER_EPOCH - (await l1.head()).currentSlot)
    let clock = 0
    const setClock = async (seconds?: number) => {
      clock = seconds ?? (await l1.head()).currentSlot * l1.secondsPerSlot + l1.genesisTime
    }
    await setClock()

    const app = new Hono()
    const server: Server = createServer((...both) => void getRequestListener(app.fetch)(...both))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => {
      server.closeAllConnections()
      server.close()
    })
    const stop = new AbortController()
    const node: Node = await startNode({
      ...posNodeOptions(l1, spec, dataDir),
      signal: stop.signal,
      now: () => clock * 1000,
      preconf: async () => ({
        sources: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`],
        committers: [],
      }),
    })
    closers.push(async () => {
      stop.abort()
      await node.close()
    })
    // The committer's own node is nobody's: a chain to say where it is, and a hub that says what it is given.
    const hub = createHub({ logger: silentLogger })
    const journal = { blocksFrom: async () => [] }
    const lists = { open: () => [] }
    addStreamRoutes(app, { chain: node.chain, journal, hub, lists, logger: silentLogger })
    node.run(stop.signal).catch(() => {})
    await vi.waitFor(
      () => expect(node.preconf?.follower.status().sources[0]?.state).toBe('connected'),
      60_000,
    )
    const run = async (...args: string[]) => {
      const cli = place.start(['preconf', ...args])
      const exit = await withSlots(l1, cli.exit())
      return { code: exit.code, text: cli.output() }
    }
    return {
      ...{ l1, rollup, spec, operator, place, node, hub, run, setClock, close },
      evidenceDirectory: join(dataDir, 'preconf', 'evidence'),
      slash: (path: string) =>
        run(
          ...['slash', '--evidence', path, '--key-file', place.path('challenger.key')],
          ...['--rollup.config', place.path('rollup.json'), '--l1.rpc', l1.executionUrl],
        ),
    }
  } catch (error) {
    await close()
    throw error
  }
}
