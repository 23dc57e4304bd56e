/** Two promises that cannot both be kept: a follower finds them in a stream, and by the command line the bond pays for them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createL1 } from '../../src/l1/createL1.ts'
import { type Node, startNode } from '../../src/node.ts'
import { envOfHeader, sealOf } from '../../src/preconf/stream/env.ts'
import { createHub } from '../../src/preconf/stream/hub.ts'
import { type Address, bytesToHex, type Hex, hexToBytes, ZERO_HASH } from '../../src/primitives/hex.ts'
import { blockCommitmentHash } from '../../src/promise/blockCommitment.ts'
import { signHash } from '../../src/promise/signature.ts'
import { type StreamMessage, streamMessageHash, streamMessageRoot } from '../../src/promise/streamMessage.ts'
import { gasLimitWithoutAnchor } from '../../src/protocol/shasta/rules.ts'
import { addStreamRoutes } from '../../src/rpc/preconf/streamRoutes.ts'
import { serializeRollupSpec } from '../../src/spec/specFile.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { createWorkplace, isBuilt, type Workplace } from '../support/e2e.ts'
import { DEV_ACCOUNTS } from '../support/pos/executionGenesis.ts'
import { deployLookaheadRollup, type LookaheadRollup } from '../support/pos/lookaheadRollup.ts'
import { optInOperator, type TestOperator, withSlots } from '../support/pos/operators.ts'
import { L2_GENESIS, posSpec } from '../support/pos/proposers.ts'
import { hasPosL1, type PosL1, posL1Reason, startPosL1 } from '../support/pos/startPosL1.ts'

const OWNER = DEV_ACCOUNTS[2]!
const COMMITTER = DEV_ACCOUNTS[5]!
const CHALLENGER = DEV_ACCOUNTS[9]!
const keyOf = (account: typeof OWNER): Hex => bytesToHex(account.getHdKey().privateKey!)
const SLOTS_PER_EPOCH = 32
const COINBASE = '0x00000000000000000000000000000000c01bbace'

describe.skipIf(!hasPosL1 || !isBuilt)(
  `evidence from the stream to the slasher${posL1Reason}`,
  { timeout: 300_000 },
  () => {
    let l1: PosL1
    let rollup: LookaheadRollup
    let operator: TestOperator
    let place: Workplace
    let node: Node
    let server: Server
    let dataDir: string
    const stop = new AbortController()
    const hub = createHub({ logger: silentLogger })
    const now = async () => (await l1.head()).currentSlot * l1.secondsPerSlot + l1.genesisTime
    let clock = 0

    const run = async (...args: string[]) => {
      const chain = ['--rollup.config', place.path('rollup.json'), '--l1.rpc', l1.executionUrl]
      const cli = place.start(['preconf', ...args, ...(args[0] === 'slash' ? chain : [])])
      const exit = await withSlots(l1, cli.exit())
      return { code: exit.code, text: cli.output() }
    }

    beforeAll(async () => {
      place = await createWorkplace()
      dataDir = mkdtempSync(join(tmpdir(), 'plumbline-slash-'))
      l1 = await startPosL1({ mode: 'manual', chainId: 31_337, genesisTime: 1_900_000_000 })
      await l1.nextSlot(2)
      const empty = posSpec(l1, { inbox: `0x${'00'.repeat(20)}`, startBlock: 0n })
      rollup = await deployLookaheadRollup(l1, { chainId: empty.l2.chainId, genesisHash: L2_GENESIS().hash })
      const spec = posSpec(l1, rollup)
      writeFileSync(place.path('rollup.json'), serializeRollupSpec(spec))
      writeFileSync(place.path('challenger.key'), keyOf(CHALLENGER), { mode: 0o600 })
      const room = await createL1({
        spec,
        endpoints: [{ name: 'execution', url: l1.executionUrl }],
        beacons: [{ name: 'consensus', url: l1.beaconUrl }],
        kzgThreads: 0,
      })
      operator = await optInOperator(l1, room.reads, {
        inbox: rollup.inbox,
        ownerKey: keyOf(OWNER),
        committer: COMMITTER.address.toLowerCase() as Address,
        validators: [...Array(16).keys()],
      })
      await room.close()
      // The epoch after the next is the first with turns of the operator.
      const epoch = Math.floor((await l1.head()).currentSlot / SLOTS_PER_EPOCH)
      await l1.nextSlot((epoch + 2) * SLOTS_PER_EPOCH - (await l1.head()).currentSlot)
      clock = await now()

      const app = new Hono()
      const listen = (listening: Server) =>
        new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
      server = createServer((...both) => void getRequestListener(app.fetch)(...both))
      await listen(server)
      const limits = { requestsPerSecond: 10_000, timeoutMs: 60_000 }
      node = await startNode({
        spec,
        genesis: async () => L2_GENESIS(),
        dataDir,
        dbCacheKiB: 16 * 1024,
        proofWindowBlocks: 1_000,
        workers: 0,
        l1: {
          endpoints: [{ name: 'execution', url: l1.executionUrl, limits }],
          beacons: [{ name: 'consensus', url: l1.beaconUrl, limits }],
          blobServers: [],
          pollIntervalMs: 20,
          kzgThreads: 0,
          pauseScale: 0.01,
        },
        rpc: { host: '127.0.0.1', port: 0, vhosts: ['127.0.0.1'], corsDomains: [] },
        logger: silentLogger,
        signal: stop.signal,
        now: () => clock * 1000,
        preconf: async () => ({
          sources: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`],
          committers: [],
        }),
      })
      // The committer's own node is nobody's: a chain to say where it is, and a hub that says what it is given.
      const journal = { blocksFrom: async () => [] }
      const lists = { open: () => [] }
      addStreamRoutes(app, { chain: node.chain, journal, hub, lists, logger: silentLogger })
      node.run(stop.signal).catch(() => {})
      await vi.waitFor(
        () => expect(node.preconf?.follower.status().sources[0]?.state).toBe('connected'),
        60_000,
      )
    }, 300_000)
    afterAll(async () => {
      stop.abort()
      server?.closeAllConnections()
      server?.close()
      await node?.close()
      await place?.close()
      await l1?.close()
      if (dataDir !== undefined) rmSync(dataDir, { recursive: true })
    })

    /** A block on genesis, sealed and promised by the committer, that nobody has yet. */
    async function promiseBlock(timestamp: bigint, windowEnd: bigint, anchorBlockNumber: bigint) {
      const { domain } = node.preconf!
      const { context } = await node.unsafe.latest()
      const metadata = {
        proposalId: 1n,
        basefeeSharingPctg: 75,
        isForcedInclusion: false,
        timestamp,
        coinbase: COINBASE,
        gasLimit: gasLimitWithoutAnchor(context),
        anchorBlockNumber,
      } as const
      const opened = await node.unsafe.open(metadata)
      if (opened.type === 'refused') throw new Error(opened.reason)
      const { hash, header } = await opened.block.seal()
      const commitment = {
        l2ChainId: node.spec.l2.chainId,
        blockNumber: header.number,
        parentCommitmentHash: ZERO_HASH,
        parentBlockHash: header.parentHash,
        transactionsRoot: header.transactionsRoot,
        anchorBlockNumber,
        windowEnd,
        isEndOfWindow: false,
      }
      const commitmentHash = blockCommitmentHash(commitment, domain)
      const key = hexToBytes(keyOf(COMMITTER))
      const sign = (message: StreamMessage) =>
        signHash(streamMessageHash(streamMessageRoot(message), domain), key)
      return {
        type: 'sealed',
        block: {
          ...{ metadata, transactions: [], hash, header, commitment, commitmentHash },
          signature: signHash(commitmentHash, key),
        },
        totalFrags: 0,
        envSignature: sign({ type: 'env', env: envOfHeader(header, metadata) }),
        sealSignature: sign({ type: 'seal', seal: sealOf(hash, header, 0) }),
      } as const
    }

    test('a follower writes down two promises for one position, and the slasher takes the bond for them', async () => {
      const turn = (await node.schedule.at(await node.schedule.currentSlot()))!
      expect(turn.window.turn).toMatchObject({ type: 'owner', owner: { registrationRoot: operator.root } })
      const { genesisTime, secondsPerSlot } = node.spec.l1
      const windowEnd = genesisTime + turn.window.lastSlot * secondsPerSlot
      const time = genesisTime + (turn.window.firstSlot - 1n) * secondsPerSlot + 1n
      clock = Number(time)
      const head = node.l1.status().head!.number
      const kept = await promiseBlock(time, windowEnd, head)
      const rival = await promiseBlock(time, windowEnd, head - 1n)
      hub.publish(kept)
      await vi.waitFor(() => expect(node.chain.heads().latest.hash).toBe(kept.block.hash), 30_000)
      hub.publish(rival)
      const directory = join(dataDir, 'preconf', 'evidence')
      const file = await vi.waitFor(() => {
        const [name] = readdirSync(directory)
        expect(name).toMatch(/^blockEquivocation-1-.*\.json$/)
        return join(directory, name!)
      }, 30_000)
      expect(node.chain.heads().latest.hash).toBe(kept.block.hash)

      const listed = await run('evidence', '--l2.rpc', node.rpc.url)
      expect(JSON.parse(listed.text)).toMatchObject([
        { kind: 'blockEquivocation', registrationRoot: operator.root, blockNumber: '0x1' },
      ])

      const slash = (path: string) =>
        run('slash', '--evidence', path, '--key-file', place.path('challenger.key'))
      const forged = JSON.parse(readFileSync(file, 'utf8'))
      writeFileSync(place.path('forged.json'), JSON.stringify({ ...forged, second: forged.first }))
      expect(await slash(place.path('forged.json'))).toMatchObject({
        code: 1,
        text: expect.stringContaining('is no evidence: the two promises are no blockEquivocation'),
      })

      const slashed = await slash(file)
      expect([slashed.code, slashed.text]).toEqual([0, expect.any(String)])
      expect(JSON.parse(slashed.text)).toMatchObject({
        operator: operator.root,
        transactionHash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
        takenEther: '1',
        bondEther: '1',
        rewardEther: '0.5',
      })
      // Once, however often it is brought.
      expect(await slash(file)).toMatchObject({
        code: 1,
        text: expect.stringMatching(/slashCommitment would fail: \w+/),
      })
    })
  },
)
