/**
 * Sequencers and followers on one simulated L1: whole nodes but for their shell, each with its chain, journal, stream and server on
 * 127.0.0.1. Blocks are opened, filled, sealed and signed as a sequencer does it, by a key instead of a guard.
 */
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { z } from 'zod'
import { createUnsafeBuilder, type UnsafeBuilder, type UnsafeChain } from '../../src/derive/unsafe.ts'
import type { ExecutedTransaction } from '../../src/engine/engine.ts'
import { createEvidenceStore } from '../../src/preconf/evidence/store.ts'
import { createFollower, type FollowerDeps } from '../../src/preconf/follow/follower.ts'
import { createLists, LISTS_SCHEMA, signedListJson } from '../../src/preconf/lists/lists.ts'
import { createHub } from '../../src/preconf/stream/hub.ts'
import { createStreamJournal, STREAM_SCHEMA, type StreamJournal } from '../../src/preconf/stream/journal.ts'
import type { Message, SealedMessage } from '../../src/preconf/stream/message.ts'
import { createPublisher, type Publisher } from '../../src/preconf/stream/publisher.ts'
import { type Address, ZERO_HASH } from '../../src/primitives/hex.ts'
import { keccak256 } from '../../src/primitives/keccak.ts'
import { type BlockCommitment, blockCommitmentHash } from '../../src/promise/blockCommitment.ts'
import type { PromiseDomain } from '../../src/promise/domain.ts'
import { committerOf, signHash } from '../../src/promise/signature.ts'
import { signingDomainOf, signingIdOf } from '../../src/promise/signingRoot.ts'
import { type StreamMessage, streamMessageHash, streamMessageRoot } from '../../src/promise/streamMessage.ts'
import type { SealedBlock } from '../../src/propose/sequencer/events.ts'
import { gasLimitWithoutAnchor } from '../../src/protocol/shasta/rules.ts'
import { createDispatcher } from '../../src/rpc/jsonrpc.ts'
import { DEFAULT_LIMITS } from '../../src/rpc/limits.ts'
import { defineMethod } from '../../src/rpc/method.ts'
import { addListRoutes } from '../../src/rpc/preconf/listRoutes.ts'
import { streamMethods, streamSubscription } from '../../src/rpc/preconf/stream.ts'
import { addStreamRoutes } from '../../src/rpc/preconf/streamRoutes.ts'
import { attachWebSocket } from '../../src/rpc/ws.ts'
import type { Schedule } from '../../src/schedule/schedule.ts'
import { openStore } from '../../src/store/openStore.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { connectL1, L2_CHAIN_ID, openHarness, specOf } from './derive/harness.ts'
import { signTransfer } from './derive/payload.ts'
import { createSimulatedL1 } from './l1/simulatedL1.ts'
import { checkedMethods } from './openrpc.ts'

/** Slots of a window, unless a test wants others. */
const WINDOW_SLOTS = 4n
const COINBASE: Address = '0x00000000000000000000000000000000c01bbace'
const BASEFEE_SHARING_PCTG = 75
const SLASHER: Address = `0x${'a3'.repeat(20)}`

export const keyOf = (name: string): Uint8Array => keccak256(new TextEncoder().encode(name))

/** What a sequencer of a node works with. */
type AuthorNode = {
  readonly builder: UnsafeBuilder
  readonly journal: StreamJournal
  readonly publisher: Publisher
  readonly node: { readonly driver: UnsafeChain }
}

export type StreamWorld = Awaited<ReturnType<typeof createStreamWorld>>
export type StreamNode = Awaited<ReturnType<StreamWorld['openNode']>>
export type Author = ReturnType<StreamWorld['createAuthor']>

export async function createStreamWorld(input: {
  readonly seed: string
  /** Names of the keys that take turns. */
  readonly turns?: readonly string[]
  readonly windowSlots?: bigint
}) {
  const windowSlots = input.windowSlots ?? WINDOW_SLOTS
  const turns = input.turns ?? ['one', 'other']
  const sim = createSimulatedL1({ seed: input.seed })
  const slotOf = (timestamp: bigint) => (timestamp - sim.config.genesisTime) / sim.config.secondsPerSlot
  // The head is in the first slot of a window.
  for (let i = 0; i < 4 || slotOf(sim.head().header.timestamp) % windowSlots !== 0n; i++) sim.mine({})
  const l1 = await connectL1(sim)
  const spec = specOf(sim)
  const { genesisTime, secondsPerSlot } = spec.l1
  const domain: PromiseDomain = {
    l1ChainId: spec.l1.chainId,
    domain: signingDomainOf('0x00000000'),
    signingId: signingIdOf(spec.l1.chainId, spec.l1.inbox),
    slasher: SLASHER,
  }
  const transfers = await Promise.all(Array.from({ length: 24 }, (_, nonce) => signTransfer(nonce)))
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-stream-'))
  /** Seconds that the machine's clock is after the L1 head. */
  let clockOffset = 2n
  const now = () => Number(sim.head().header.timestamp + clockOffset) * 1000
  const closers: (() => Promise<void>)[] = []

  const signerOf = (slot: bigint) => keyOf(turns[Number((slot / windowSlots) % BigInt(turns.length))]!)
  const windowAt = (timestamp: bigint) => {
    const slot = (timestamp - genesisTime + secondsPerSlot - 1n) / secondsPerSlot
    const firstSlot = (slot / windowSlots) * windowSlots
    const lastSlot = firstSlot + windowSlots - 1n
    return { firstSlot, lastSlot, end: genesisTime + lastSlot * secondsPerSlot }
  }
  const scheduleListeners = new Set<() => void>()
  /** Slots from here on are not known yet. */
  let horizon = 1_000_000n
  const schedule: Pick<Schedule, 'at' | 'currentSlot' | 'onChange'> = {
    currentSlot: async () => slotOf(sim.head().header.timestamp) + 1n,
    async at(slot) {
      if (slot >= horizon || slot < 0n) return undefined
      const firstSlot = (slot / windowSlots) * windowSlots
      const operator = committerOf(signerOf(slot))
      return {
        slot,
        timestamp: genesisTime + slot * secondsPerSlot,
        epoch: slot / 32n,
        kind: 'whitelist',
        trust: 'contract',
        window: {
          firstSlot,
          lastSlot: firstSlot + windowSlots - 1n,
          turn: { type: 'operator', operator },
          isFallback: false,
        },
      }
    },
    onChange(listener) {
      scheduleListeners.add(listener)
      return () => scheduleListeners.delete(listener)
    },
  }

  async function openNode(
    name: string,
    options: {
      readonly sources?: readonly string[]
      /** Keeps its files under this name: a node opened later with it goes on from there. */
      readonly files?: string
      readonly key?: Uint8Array
      readonly sees?: { readonly sim: typeof sim; readonly l1: typeof l1 }
    } & Partial<FollowerDeps> = {},
  ) {
    const view = options.sees ?? { sim, l1 }
    const path = options.files === undefined ? ':memory:' : join(directory, `${options.files}.db`)
    const preconfPath =
      options.files === undefined ? ':memory:' : join(directory, `${options.files}-preconf.db`)
    const node = await openHarness({ ...view, path })
    const store = await openStore({
      path: preconfPath,
      schemas: { stream: STREAM_SCHEMA, lists: LISTS_SCHEMA },
    })
    const journal = createStreamJournal({ store, domain })
    const hub = createHub({ logger: silentLogger })
    const evidenceDirectory = join(directory, `${name}-evidence`)
    const evidence = createEvidenceStore({
      store,
      domain,
      directory: evidenceDirectory,
      now,
      logger: silentLogger,
    })
    const { key } = options
    const publisher = createPublisher({
      journal,
      hub,
      logger: silentLogger,
      sign: async ({ message }) => ({
        type: 'signed',
        signature: signHash(streamMessageHash(streamMessageRoot(message), domain), key!),
      }),
    })
    const builder = createUnsafeBuilder({ ...node, l1: view.l1 })
    await node.sync()
    const lists = await createLists({
      ...{ spec, store, chain: node.chain, state: node.state, l1: view.l1, schedule, domain, now },
      engine: node.engine,
      // No window is over here.
      cursor: () => undefined,
      checkpointFrom: async () => undefined,
      committers: [],
      logger: silentLogger,
    })
    lists.onList((list) => hub.publish({ type: 'list', list: signedListJson(list) }))
    const follower = createFollower({
      spec,
      domain,
      chain: node.chain,
      builder,
      engine: node.engine,
      unsafe: node.driver,
      schedule,
      committers: [],
      sources: [],
      journal,
      hub,
      evidence,
      lists,
      isDerived: () => true,
      now,
      logger: silentLogger,
      ...(key && {
        own: {
          publisher,
          sign: async (commitment: BlockCommitment) => {
            const hash = blockCommitmentHash(commitment, domain)
            return { type: 'signed' as const, hash, signature: signHash(hash, key) }
          },
        },
      }),
      ...options,
    })
    const stopping = new AbortController()
    const running = follower.run(stopping.signal)

    const app = new Hono()
    addStreamRoutes(app, { chain: node.chain, journal, hub, lists, logger: silentLogger })
    addListRoutes(app, { lists })
    const server = createServer((request, response) => {
      requests.push(request.url ?? '')
      void getRequestListener(app.fetch, { overrideGlobalObjects: false })(request, response)
    })
    const requests: string[] = []
    const subscribe = defineMethod({
      cost: 1,
      summary: 'As of the RPC.',
      result: z.string(),
      params: { kind: z.enum(['preconfBlocks', 'preconfFrags']) },
      handle: ({ kind }, { connection }) => {
        const id = `0x${connection!.subscriptions.size + 1}`
        const start = streamSubscription({ chain: node.chain, hub, lists }, kind)
        connection!.subscriptions.set(id, () => {})
        connection!.afterReply(() =>
          connection!.subscriptions.set(
            id,
            start((result) => connection!.notify(id, result)),
          ),
        )
        return id
      },
    })
    const methods = {
      ...checkedMethods(streamMethods({ chain: node.chain, journal, hub, lists, evidence, follower })),
      eth_subscribe: subscribe,
    }
    const dispatcher = createDispatcher({ methods, limits: DEFAULT_LIMITS, logger: silentLogger })
    const access = { vhosts: ['*'], origins: [] }
    const webSocket = attachWebSocket(server, {
      dispatcher,
      limits: DEFAULT_LIMITS,
      access,
      logger: silentLogger,
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo

    let isClosed = false
    const close = async () => {
      if (isClosed) return
      isClosed = true
      stopping.abort()
      webSocket.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await running.catch(() => {})
      await publisher.settled()
      await follower.close()
      await lists.close()
      await store.close()
      await node.close()
    }
    closers.push(close)
    return {
      ...{
        name,
        node,
        store,
        journal,
        hub,
        evidence,
        evidenceDirectory,
        publisher,
        builder,
        follower,
        lists,
        methods,
      },
      chain: node.chain,
      url: `http://127.0.0.1:${port}`,
      wsUrl: `ws://127.0.0.1:${port}`,
      /** Paths that were asked for over HTTP. */
      requests,
      /** Breaks every connection. */
      dropClients: () => server.closeAllConnections(),
      close,
    }
  }

  /** Builds, signs and publishes on a node as its sequencer does. */
  function createAuthor(node: AuthorNode, key: Uint8Array) {
    /** One block, whole; not applied unless `apply`. */
    async function build(options: {
      readonly transactions?: readonly Uint8Array[]
      readonly frags?: readonly (readonly Uint8Array[])[]
      readonly timestamp?: bigint
      /** Default: the L1 head. */
      readonly anchorBlockNumber?: bigint
      readonly isEndOfWindow?: boolean
      readonly commitment?: Partial<BlockCommitment>
      /** Default: kept, extended by, and published. */
      readonly until?: 'executed' | 'drafted' | 'sealed' | 'extended'
    }): Promise<SealedBlock> {
      const frags = options.frags ?? (options.transactions?.length ? [options.transactions] : [])
      const transactions = frags.flat()
      const { parent, context } = await node.builder.latest()
      const head = sim.head().header
      const ready = parent.header.timestamp + 1n
      const timestamp = options.timestamp ?? (ready > head.timestamp ? ready : head.timestamp)
      const metadata = {
        proposalId: BigInt(sim.proposals().length) + 1n,
        basefeeSharingPctg: BASEFEE_SHARING_PCTG,
        isForcedInclusion: false,
        timestamp,
        coinbase: COINBASE,
        gasLimit: gasLimitWithoutAnchor(context),
        anchorBlockNumber: options.anchorBlockNumber ?? head.number,
      }
      const opened = await node.builder.open(metadata)
      if (opened.type === 'refused') throw new Error(opened.reason)
      const position = { number: context.number + 1n, parentHash: context.hash }
      const windowEnd = windowAt(timestamp).end
      const isEndOfWindow = options.isEndOfWindow ?? false
      const isKept = options.until !== 'executed'
      if (isKept) {
        await node.journal.opened({ ...position, metadata, windowEnd, isEndOfWindow })
        node.publisher.note({ type: 'opened', ...position, metadata, pending: opened.block })
      }
      let from = 0
      for (const [sequence, raws] of frags.entries()) {
        const executed: ExecutedTransaction[] = []
        for (const raw of raws) {
          const added = await opened.block.add(raw)
          if (added.type === 'refused') throw new Error(added.reason)
          executed.push(added.transaction)
        }
        if (isKept) {
          await node.journal.frag({ ...position, sequence, from, transactions: raws })
          node.publisher.note({ type: 'frag', ...position, sequence, transactions: executed })
        }
        from += raws.length
      }
      const sealed = await opened.block.seal()
      const promised = await node.journal.commitmentOf(context.hash)
      const commitment: BlockCommitment = {
        l2ChainId: L2_CHAIN_ID,
        blockNumber: sealed.header.number,
        parentCommitmentHash: promised?.hash ?? ZERO_HASH,
        parentBlockHash: sealed.header.parentHash,
        transactionsRoot: sealed.header.transactionsRoot,
        anchorBlockNumber: metadata.anchorBlockNumber,
        windowEnd,
        isEndOfWindow,
        ...options.commitment,
      }
      const block: SealedBlock = {
        metadata,
        transactions,
        hash: sealed.hash,
        header: sealed.header,
        ...signCommitment(commitment, key),
      }
      if (!isKept) return block
      await node.journal.draft(block)
      if (options.until === 'drafted') return block
      await node.journal.sealed(block)
      if (options.until === 'sealed') return block
      const result = await node.node.driver.extend({ executed: sealed, origin: opened.origin })
      if (result !== 'extended') throw new Error(result)
      if (options.until === 'extended') return block
      node.publisher.note({ type: 'sealed', block, frags: frags.length })
      await node.publisher.settled()
      return block
    }
    return { key, address: committerOf(key), build }
  }

  function signCommitment(commitment: BlockCommitment, key: Uint8Array) {
    const commitmentHash = blockCommitmentHash(commitment, domain)
    return { commitment, commitmentHash, signature: signHash(commitmentHash, key) }
  }

  return {
    ...{
      sim,
      l1,
      spec,
      domain,
      schedule,
      transfers,
      directory,
      now,
      windowAt,
      openNode,
      createAuthor,
      signCommitment,
    },
    signStream: (message: StreamMessage, key: Uint8Array) =>
      signHash(streamMessageHash(streamMessageRoot(message), domain), key),
    /** Seconds that the machine's clock is after the L1 head. */
    setClockOffset(seconds: bigint) {
      clockOffset = seconds
    },
    setHorizon(slot: bigint) {
      horizon = slot
      for (const listener of scheduleListeners) listener()
    },
    /** Whose turn it is by the time of the L1 head. */
    keyNow: () => signerOf(windowAt(sim.head().header.timestamp).lastSlot),
    keyAt: (timestamp: bigint) => signerOf(windowAt(timestamp).lastSlot),
    async close() {
      for (const close of closers.reverse()) await close()
    },
  }
}

/** What a node published, from now on. */
export function record(node: StreamNode): Message[] {
  const messages: Message[] = []
  node.hub.subscribe((message) => messages.push(message))
  return messages
}

export function sealedOf(messages: readonly Message[]): SealedMessage[] {
  return messages.filter((message) => message.type === 'sealed')
}
