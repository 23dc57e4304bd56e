/** What it all comes to: whatever was promised, streamed, dropped and put back, a node must hold what L1 alone says. INV-3. */
import { join } from 'node:path'
import { CHAIN_LOGICAL_TABLES } from '../../../src/chain/schema.ts'
import { readCursor } from '../../../src/derive/steps.ts'
import { createFlatState } from '../../../src/engine/state/flatStateOnStore.ts'
import { STATE_LOGICAL_TABLES } from '../../../src/engine/state/schema.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { CHAIN_STORE_SCHEMAS } from '../../../src/snapshot/chainStore.ts'
import { logicalDump } from '../../../src/store/dump.ts'
import { openStore } from '../../../src/store/openStore.ts'
import { expectSameContent } from '../derive/sameContent.ts'
import { eventually, type PreconfNet } from './net.ts'
import type { PreconfNode } from './node.ts'

/**
 * Stops L1 and the nodes, which must have landed all they promised, derives L1 anew with a node that hears no sequencer, and compares
 * the databases. Those that do not run are started first.
 */
export async function expectDerivedFromL1(net: PreconfNet): Promise<void> {
  const { l1 } = net
  await l1.clock.stop()
  for (const node of net.nodes) if (!node.isRunning()) await node.start()
  for (const node of net.nodes) await reachedL1(net, node)
  const fresh = net.createObserver()
  await fresh.start()
  await reachedL1(net, fresh)
  for (const node of [...net.nodes, fresh]) await node.stop()
  const expected = await dump(fresh.dataDir)
  for (const node of net.nodes) expectSameContent(await dump(node.dataDir), expected, node.name)
}

async function reachedL1({ l1 }: PreconfNet, node: PreconfNode): Promise<void> {
  const head = l1.sim.head().hash
  await eventually(`${node.name} has derived the head of L1, and holds nothing more`, async () => {
    const { current_l1 } = await node.ask<{ current_l1: { hash: Hash } }>('based_syncStatus')
    const [latest, safe] = await Promise.all(
      ['latest', 'safe'].map((tag) => node.ask<{ hash: Hash }>('eth_getBlockByNumber', [tag, false])),
    )
    return current_l1.hash === head && latest!.hash === safe!.hash
  })
}

async function dump(dataDir: string): Promise<string> {
  const store = await openStore({
    path: join(dataDir, 'chain.db'),
    schemas: CHAIN_STORE_SCHEMAS,
  })
  const state = await createFlatState({ store })
  await store.transaction((transaction) => state.flush(transaction))
  const lines: string[] = []
  for await (const line of logicalDump(store, [...CHAIN_LOGICAL_TABLES, ...STATE_LOGICAL_TABLES]))
    lines.push(line)
  const cursor = await readCursor(store)
  await store.close()
  return [...lines, `cursor ${cursor.number} ${cursor.hash}`].join('\n')
}
