/** The node's L1 room on a proof-of-stake L1: another execution client and beacon node than anvil, all of it verified. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createL1 } from '../../src/l1/createL1.ts'
import type { L1, L1Event, L1Position } from '../../src/l1/l1.ts'
import { type Hash, type Hex, ZERO_HASH } from '../../src/primitives/hex.ts'
import { encodePropose } from '../../src/propose/postRequest.ts'
import { encodeBlobs } from '../../src/protocol/blobCodec.ts'
import { createDevnetSpec } from '../../src/spec/devnet.ts'
import { sendBlobTransaction } from '../support/pos/blobTransaction.ts'
import { DEV_ACCOUNTS } from '../support/pos/executionGenesis.ts'
import { deployInbox, type PosInbox } from '../support/pos/inbox.ts'
import { hasPosL1, type PosL1, posL1Reason, startPosL1 } from '../support/pos/startPosL1.ts'
import { mineTransaction, type Receipt } from '../support/pos/transactions.ts'

const L2_CHAIN_ID = 167_001n
/** Seconds; no proposal of a test comes too late. */
const FAR_FUTURE = 2n ** 40n

type Block = Extract<L1Event, { type: 'block' }>

/** Holds what it is told, from the block before the inbox on. */
async function createReader(l1: L1) {
  const positions: L1Position[] = [await l1.start()]
  const heard: L1Event[] = []
  return {
    heard,
    blocks: () => heard.filter((event): event is Block => event.type === 'block'),
    /** Reads until the stream has reached `head` and, if asked, said something final. */
    async readTo(head: Hash, isDone: () => boolean = () => true): Promise<void> {
      const ending = new AbortController()
      const stream = l1.follow({
        cursor: positions.at(-1)!,
        knownAncestors: async () => [...positions].reverse(),
        signal: ending.signal,
      })
      for await (const event of stream) {
        heard.push(event)
        if (event.type === 'block') positions.push({ number: event.block.number, hash: event.block.hash })
        if (event.type === 'reorg') while (positions.at(-1)!.hash !== event.ancestor.hash) positions.pop()
        if (event.type === 'caughtUp' && event.head.hash === head && isDone()) ending.abort()
      }
    },
  }
}

describe.skipIf(!hasPosL1)(`on a proof-of-stake L1 the node${posL1Reason}`, () => {
  let pos: PosL1
  let rollup: PosInbox
  let l1: L1
  let reader: Awaited<ReturnType<typeof createReader>>
  beforeAll(async () => {
    pos = await startPosL1({ mode: 'manual', preset: 'minimal' })
    rollup = await deployInbox(pos, {
      chainId: L2_CHAIN_ID,
      genesisHash: ZERO_HASH.replace(/0$/, '1') as Hash,
    })
    l1 = await createL1({
      spec: createDevnetSpec({
        l1ChainId: BigInt(pos.chainId),
        l2ChainId: L2_CHAIN_ID,
        ...rollup,
        genesisTime: BigInt(pos.genesisTime),
        secondsPerSlot: BigInt(pos.secondsPerSlot),
        genesis: { hash: ZERO_HASH, stateRoot: ZERO_HASH },
      }),
      endpoints: [{ name: 'execution', url: pos.executionUrl, limits: { requestsPerSecond: 1000 } }],
      beacons: [{ name: 'beacon', url: pos.beaconUrl, limits: { requestsPerSecond: 1000 } }],
      ...{ kzgThreads: 0, pollIntervalMs: 20, finalityIntervalMs: 0, pauseScale: 0.01, startAttempts: 20 },
    })
    reader = await createReader(l1)
  })
  afterAll(async () => {
    await l1?.close()
    await pos?.close()
  })

  const hashAt = async (tag: string | bigint) => {
    const id = typeof tag === 'bigint' ? `0x${tag.toString(16)}` : tag
    return ((await pos.rpc('eth_getBlockByNumber', [id, false])) as { hash: Hash }).hash
  }
  let proposal: Receipt
  let blobs: readonly Uint8Array[]
  let blobHashes: readonly Hash[]

  test('follows its blocks: headers, logs of the inbox by receipts, missed slots', async () => {
    blobs = encodeBlobs(Uint8Array.from({ length: 150_000 }, (_, i) => i * 5))
    const { hash, versionedHashes } = await sendBlobTransaction(pos, {
      account: DEV_ACCOUNTS[1]!,
      to: rollup.inbox,
      data: encodePropose({
        lookahead: new Uint8Array(0),
        deadline: FAR_FUTURE,
        blobCount: blobs.length,
        forcedInclusions: 0,
      }),
      blobs,
    })
    blobHashes = versionedHashes
    proposal = await mineTransaction(pos, hash)
    expect(proposal).toMatchObject({ status: '0x1', logs: [{ address: rollup.inbox }] })
    await pos.skipSlots(2)
    const head = await pos.nextSlot(2)
    await reader.readTo(head.executionHash)
    const blocks = reader.blocks()
    for (const { block } of blocks) expect(block.hash).toBe(await hashAt(block.number))
    expect(blocks.map(({ block }) => block.number)).toEqual([3n, 4n, 5n, 6n])
    expect(blocks.map(({ missedSlots }) => missedSlots)).toEqual([0, 0, 2, 0])
    expect(blocks.flatMap(({ logs }) => logs.filter((log) => log.transactionHash === hash))).toMatchObject(
      proposal.logs.map(({ address, topics, data }) => ({ address, topics, data })),
    )
    expect(l1.status().providers).toMatchObject([{ demotions: 0 }, { demotions: 0 }])
  })

  test('reads the blobs of its beacon node', async () => {
    const { block } = reader.blocks().find(({ block }) => block.hash === proposal.blockHash)!
    const slice = { blobHashes, offset: 0, timestamp: block.timestamp }
    expect(await l1.blobs(slice)).toEqual(blobs)
  })

  test('undoes its reorg', async () => {
    const ancestor = await pos.head()
    const number = BigInt(((await pos.rpc('eth_blockNumber')) as Hex) ?? '0x0')
    const old = await pos.nextSlot(2)
    await reader.readTo(old.executionHash)
    await pos.reorg(2)
    const head = await pos.nextSlot(3)
    await reader.readTo(head.executionHash)
    expect(reader.heard.filter(({ type }) => type === 'reorg')).toEqual([
      { type: 'reorg', ancestor: { number, hash: ancestor.executionHash } },
    ])
    expect(reader.blocks().at(-1)?.block).toMatchObject({ number: number + 3n, hash: head.executionHash })
  })

  test('takes finality from its checkpoints', async () => {
    const { slot } = await pos.head()
    const head = await pos.nextSlot(5 * pos.slotsPerEpoch - slot)
    const finalized = await hashAt('finalized')
    const isFinal = () =>
      reader.heard.some((event) => event.type === 'finalized' && event.block.hash === finalized)
    await reader.readTo(head.executionHash, isFinal)
    expect(l1.status()).toMatchObject({ trust: 'consensus-finalized', finalized: { hash: finalized } })
    expect(finalized).not.toBe(await hashAt(0n))
    expect(l1.status().providers).toMatchObject([{ demotions: 0 }, { demotions: 0 }])
  })
})
