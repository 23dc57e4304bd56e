/** Two promises that cannot both be kept: a follower finds them in a stream, and by the command line the bond pays for them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { envOfHeader, sealOf } from '../../src/preconf/stream/env.ts'
import { hexToBytes, ZERO_HASH } from '../../src/primitives/hex.ts'
import { blockCommitmentHash } from '../../src/promise/blockCommitment.ts'
import { signHash } from '../../src/promise/signature.ts'
import { type StreamMessage, streamMessageHash, streamMessageRoot } from '../../src/promise/streamMessage.ts'
import { gasLimitWithoutAnchor } from '../../src/protocol/shasta/rules.ts'
import { isBuilt } from '../support/e2e.ts'
import { COMMITTER, keyOf, type SlashWorld, startSlashWorld } from '../support/pos/slashWorld.ts'
import { hasPosL1, posL1Reason } from '../support/pos/startPosL1.ts'

const COINBASE = '0x00000000000000000000000000000000c01bbace'

describe.skipIf(!hasPosL1 || !isBuilt)(
  `evidence from the stream to the slasher${posL1Reason}`,
  { timeout: 300_000 },
  () => {
    let world: SlashWorld
    beforeAll(async () => {
      world = await startSlashWorld()
    }, 300_000)
    afterAll(() => world?.close())

    /** A block on genesis, sealed and promised by the committer, that nobody has yet. */
    async function promiseBlock(timestamp: bigint, windowEnd: bigint, anchorBlockNumber: bigint) {
      const { node } = world
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
      const { node, operator, hub, place, run, slash } = world
      const turn = (await node.schedule.at(await node.schedule.currentSlot()))!
      expect(turn.window.turn).toMatchObject({ type: 'owner', owner: { registrationRoot: operator.root } })
      const { genesisTime, secondsPerSlot } = node.spec.l1
      const windowEnd = genesisTime + turn.window.lastSlot * secondsPerSlot
      const time = genesisTime + (turn.window.firstSlot - 1n) * secondsPerSlot + 1n
      await world.setClock(Number(time))
      const head = node.l1.status().head!.number
      const kept = await promiseBlock(time, windowEnd, head)
      const rival = await promiseBlock(time, windowEnd, head - 1n)
      hub.publish(kept)
      await vi.waitFor(() => expect(node.chain.heads().latest.hash).toBe(kept.block.hash), 30_000)
      hub.publish(rival)
      const directory = world.evidenceDirectory
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
