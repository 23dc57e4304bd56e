/** Sequencers in turns and followers around one L1, each a whole node in a process of its own, and wallets that use them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/cli/outage/freePort.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { serializeRollupSpec } from '../../../src/spec/specFile.ts'
import type { NodeConfig, SequencerConfig } from './childProtocol.ts'
import { type PreconfL1Options, startPreconfL1 } from './l1.ts'
import { createNode, type PreconfNode } from './node.ts'

export type PreconfNetOptions = Omit<PreconfL1Options, 'operators'> & {
  readonly sequencers: number
  readonly followers: number
  /** Operators after the sequencers who never do anything: in their turns all that was promised is landed. */
  readonly absent?: number
  readonly sequencing?: Partial<Omit<SequencerConfig, 'key' | 'windowSeconds'>>
  /** In every node. */
  readonly hasThreads?: boolean
}

export type PreconfNet = Awaited<ReturnType<typeof startPreconfNet>>

const SEQUENCING = { blockMs: 1000, fragMs: 200, stopBeforeMs: 5000, batchMs: 4000 }
/** Four slots. */
const GUARD_LEAD_SECONDS = 8
const POLL_MS = 50
/** Bounds a hanging test; nothing here is timed. */
const WAIT_MAX_MS = 240_000

export async function startPreconfNet(options: PreconfNetOptions) {
  const l1 = await startPreconfL1({ ...options, operators: options.sequencers + (options.absent ?? 0) })
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-preconf-'))
  const specFile = join(directory, 'rollup.json')
  const genesisFile = join(directory, 'genesis.json')
  writeFileSync(specFile, serializeRollupSpec(l1.spec))
  writeFileSync(genesisFile, JSON.stringify(l1.genesisJson))
  const count = options.sequencers + options.followers
  const ports = await Promise.all(Array.from({ length: count + 1 }, freePort))
  const { hasThreads = false } = options
  const common = { l1Url: l1.url, specFile, genesisFile, hasThreads }
  const urlOf = (index: number) => `ws://127.0.0.1:${ports[index]}`
  const nodes = ports.slice(0, count).map((port, index): PreconfNode => {
    const isSequencer = index < options.sequencers
    const sequencers = Array.from({ length: options.sequencers }, (_, i) => i).filter((i) => i !== index)
    // The last follower reads from the one before it, as does who is not known to a sequencer.
    const isSecondHand = !isSequencer && index > options.sequencers
    const config: NodeConfig = {
      name: isSequencer ? `sequencer ${index}` : `follower ${index - options.sequencers}`,
      ...common,
      port,
      dataDir: join(directory, `node-${index}`),
      sources: isSecondHand ? [urlOf(index - 1)] : sequencers.map(urlOf),
      ...(isSequencer && {
        sequencer: {
          ...SEQUENCING,
          ...options.sequencing,
          key: l1.keyOf(index),
          // A window may be taken over early, and the L1 head be behind by missed slots.
          windowSeconds: l1.windowSeconds + GUARD_LEAD_SECONDS,
        },
      }),
    }
    return createNode(config)
  })
  const close = async () => {
    await Promise.all(nodes.map((node) => node.kill()))
    await l1.close()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await Promise.all(nodes.map((node) => node.start()))
  } catch (error) {
    await close()
    throw error
  }
  return {
    l1,
    directory,
    sequencers: nodes.slice(0, options.sequencers),
    followers: nodes.slice(options.sequencers),
    nodes,
    /** One more, that hears no sequencer. */
    createObserver: () =>
      createNode({
        ...common,
        name: 'observer',
        port: ports[count]!,
        dataDir: join(directory, 'observer'),
        sources: [],
      }),
    /** What the nodes had to say, and where they stand: for a test that failed. */
    report: (): string => describeNodes(nodes),
    close,
  }
}

export function describeNodes(nodes: readonly PreconfNode[]): string {
  const lines = nodes.flatMap((node) => [
    `${node.name}: latest ${node.latest().number}, safe ${node.safe().number}, gave up ${node.removed().length}`,
    ...node
      .log()
      .map(({ level, atMs, text }) => `  ${new Date(atMs).toISOString().slice(14, 23)} ${level} ${text}`),
  ])
  return lines.join('\n')
}

/**
 * Waits for the first half of a turn in which nobody sequences, with all that was promised landed everywhere: what follows has until the
 * next sequencer begins, in the last slot of it.
 */
export async function untilQuiet(net: PreconfNet, absent: number): Promise<void> {
  const { slotsPerEpoch } = net.l1.sim.config.schedule as { readonly slotsPerEpoch: number }
  // One that was just started has said nothing yet.
  const heard = () => net.nodes.filter((node) => node.isRunning() && node.changes().length > 0)
  await eventually('the turn of nobody, with everything landed', () => {
    const isEarly = net.l1.turnAt() === absent && net.l1.clock.slot() % slotsPerEpoch < slotsPerEpoch / 2
    const running = heard()
    const [first] = running
    return (
      isEarly &&
      running.every(
        (node) => node.latest().hash === first!.safe().hash && node.safe().hash === first!.safe().hash,
      )
    )
  })
}

/** Hashes of the blocks that any of the nodes ever had, by number: more than one for a number is a change of mind. */
export function contents(nodes: readonly PreconfNode[]): ReadonlyMap<number, ReadonlySet<Hash>> {
  const found = new Map<number, Set<Hash>>()
  for (const { number, hash } of nodes.flatMap((node) => node.added()))
    found.set(number, (found.get(number) ?? new Set()).add(hash))
  return found
}

/** Waits until it is so; throws with `what` when it is not after a long time. */
export async function eventually(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MAX_MS
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await sleep(POLL_MS)
  }
}
