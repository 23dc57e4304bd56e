/** Batches that our own derivation takes unchanged, whenever they land in their window. INV-10. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { bytesToHex, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { BatchRefusedError, encodeBatch } from '../../../src/propose/batch.ts'
import { type Batch, type BuilderOptions, buildBatch } from '../../../src/propose/builder.ts'
import type { ForcedInclusion } from '../../../src/propose/draft.ts'
import type { PooledTransaction } from '../../../src/propose/pool/transaction.ts'
import { encodeBlobs } from '../../../src/protocol/blobCodec.ts'
import { encodeManifest } from '../../../src/protocol/shasta/encodeManifest.ts'
import { decodeManifest } from '../../../src/protocol/shasta/manifest.ts'
import {
  bestFirst,
  CHAIN_ID,
  createProposeChain,
  hasDevnetGenesis,
  type Landed,
  PROPOSER,
  type ProposeChain,
} from '../../support/proposeChain.ts'
import { signTransaction } from '../../support/proposeTransactions.ts'

const OPTIONS: BuilderOptions = {
  proposer: PROPOSER,
  coinbase: PROPOSER,
  blockTime: 2n,
  blocksMax: 6,
  blobsMax: 6,
  inclusionSlots: 32n,
  anchorLag: 1n,
  gasLimitTarget: 30_000_000n,
  candidatesMax: 1000,
}

const sign = (index: number, fields: object = {}) => signTransaction(index, { chainId: CHAIN_ID, ...fields })

/** Uses its whole gas limit at once: creation code that is an invalid instruction. */
const burn = (index: number, nonce = 0) => sign(index, { nonce, to: null, data: '0xfe', gas: 14_000_000n })

type Build = { options?: Partial<BuilderOptions>; forced?: readonly ForcedInclusion[] }

async function build(
  chain: ProposeChain,
  transactions: readonly PooledTransaction[],
  { options, forced }: Build = {},
): Promise<Batch> {
  const built = await buildBatch(chain, chain.base(forced), {
    options: { ...OPTIONS, ...options },
    candidates: bestFirst(transactions),
  })
  if (built.type === 'wait') throw new Error(built.reason)
  return built.batch
}

const encode = (chain: ProposeChain, batch: Batch, forced?: readonly ForcedInclusion[], blobsMax = 6) =>
  encodeBatch(chain, chain.base(forced), { batch, proposer: PROPOSER, blobsMax })

const hashes = (landed: Landed) => landed.blocks.map(({ executed }) => executed.hash)
const listed = (landed: Landed) =>
  landed.blocks.flatMap(({ executed }) => executed.transactions.slice(1).map(({ hash }) => hash))

function forcedInclusion(...transactions: readonly Uint8Array[]): ForcedInclusion {
  const block = {
    timestamp: 0n,
    coinbase: PROPOSER,
    anchorBlockNumber: 0n,
    gasLimit: 0n,
    transactions,
  }
  const blobs = encodeBlobs(encodeManifest([block]))
  return { blobs, blobSlice: { blobHashes: [ZERO_HASH], offset: 0, timestamp: 1n } }
}

describe.skipIf(!hasDevnetGenesis)('a batch', () => {
  test('of an empty pool is one block at the time of the next L1 block', async () => {
    const chain = createProposeChain()
    const batch = await build(chain, [])
    const landed = await chain.land(await encode(chain, batch))
    expect(landed.faults.size).toBe(0)
    expect(hashes(landed)).toEqual(batch.blocks.map(({ hash }) => hash))
    expect(batch.blocks.map(({ header }) => header.timestamp)).toEqual([batch.window.earliest])
  })

  test('follows batch after batch, each deriving to exactly what was built', async () => {
    const chain = createProposeChain()
    let nonce = 0
    for (let round = 0; round < 4; round++) {
      const transactions: PooledTransaction[] = []
      for (let i = 0; i < 3; i++) transactions.push(chain.admit(await sign(1, { nonce: nonce++ }), i))
      const batch = await build(chain, transactions)
      const landed = await chain.land(await encode(chain, batch), { slots: round })
      expect(hashes(landed)).toEqual(batch.blocks.map(({ hash }) => hash))
      expect(listed(landed)).toEqual(transactions.map(({ hash }) => hash))
    }
  })

  test('spreads what one block cannot hold over blocks a block time apart', async () => {
    const chain = createProposeChain()
    const transactions: PooledTransaction[] = []
    for (let i = 0; i < 4; i++) transactions.push(chain.admit(await burn(i + 1), i))
    const batch = await build(chain, transactions)
    // 56 M gas; blocks of 15 M hold one each, and four were planned.
    expect(batch.manifest.map((block) => block.transactions.length)).toEqual([1, 1, 1, 1])
    const last = batch.window.earliest
    expect(batch.manifest.map(({ timestamp }) => timestamp)).toEqual([last - 6n, last - 4n, last - 2n, last])
    const landed = await chain.land(await encode(chain, batch))
    expect(hashes(landed)).toEqual(batch.blocks.map(({ hash }) => hash))
  })

  test('waits while its parent is as new as L1', async () => {
    const chain = createProposeChain()
    await chain.land(await encode(chain, await build(chain, [], { options: { anchorLag: 0n } })))
    // The block that carried the proposal is the head; its time is the parent's.
    chain.mineL1()
    await chain.land(await encode(chain, await build(chain, [], { options: { anchorLag: 0n } })))
    const far = chain.base()
    const stuck = await buildBatch(
      chain,
      { ...far, l1Head: { ...far.l1Head, timestamp: far.parent.header.timestamp - 12n } },
      { options: OPTIONS, candidates: bestFirst([]) },
    )
    expect(stuck).toMatchObject({ type: 'wait', reason: expect.stringMatching(/no L2 timestamp is left/) })
  })
})

describe.skipIf(!hasDevnetGenesis)('transactions that may not execute', () => {
  test('leave no trace: [bad, good] builds the same blocks as [good]', async () => {
    const good = [await sign(1), await sign(2, { data: '0x00', gas: 30_000n })]
    const bad = {
      'nonce too high': await sign(3, { nonce: 5 }),
      'cannot pay': await sign(3, { value: 10n ** 24n }),
      'no such account': await sign(200),
      'does not fit the block': await sign(3, { gas: 16_000_000n }),
    }
    const only = await build(createProposeChain(), await admitAll(good))
    for (const [name, raw] of Object.entries(bad)) {
      for (const order of [
        [raw, ...good],
        [good[0]!, raw, good[1]!],
      ]) {
        const chain = createProposeChain()
        const batch = await build(chain, await admitAll(order), { options: { blocksMax: 1 } })
        expect(batch.manifest, name).toEqual(only.manifest)
        expect(batch.blocks.map(({ hash }) => hash)).toEqual(only.blocks.map(({ hash }) => hash))
      }
    }
  })

  const admitAll = async (raws: readonly Uint8Array[]) => {
    const chain = createProposeChain()
    return raws.map((raw, arrival) => chain.admit(raw, arrival))
  }
})

describe.skipIf(!hasDevnetGenesis)('forced inclusions', () => {
  test('execute before ours, and ours take their effects into account', async () => {
    const chain = createProposeChain()
    const forced = [
      forcedInclusion(await sign(1, { value: 7n })),
      forcedInclusion(await sign(2), await sign(2, { nonce: 1 })),
    ]
    // The same nonce as a forced transaction; valid only after one; untouched.
    const outdated = chain.admit(await sign(1, { value: 8n }))
    const following = chain.admit(await sign(2, { nonce: 2 }))
    const other = chain.admit(await sign(3))
    const batch = await build(chain, [outdated, following, other], { forced })
    const landed = await chain.land(await encode(chain, batch, forced), { forced })
    expect(landed.faults.size).toBe(0)
    expect(hashes(landed)).toEqual(batch.blocks.map(({ hash }) => hash))
    expect(landed.blocks.map(({ sourceIndex }) => sourceIndex)).toEqual([0, 1, 2])
    expect(
      landed.blocks[2]!.executed.transactions.slice(1)
        .map(({ hash }) => hash)
        .sort(),
    ).toEqual([following.hash, other.hash].sort())
  })

  test('that are garbage do not harm our own source', async () => {
    const chain = createProposeChain()
    await chain.land(await encode(chain, await build(chain, [])))
    const garbage = { ...forcedInclusion(), blobs: encodeBlobs(randomBytes(500)) }
    const batch = await build(chain, [chain.admit(await sign(1))], { forced: [garbage] })
    const landed = await chain.land(await encode(chain, batch, [garbage]), { forced: [garbage], slots: 20 })
    expect([...landed.faults.keys()]).toEqual([0])
    expect(hashes(landed)).toEqual(batch.blocks.map(({ hash }) => hash))
  })

  // A forced source has its parent's anchor; one too old voids it (D-46), and only the slot of inclusion tells.
  test.each([
    [0, 2],
    [32, 1],
  ])(
    'after a long silence, landing %i slots late, leave our own source valid',
    async (slots, transactions) => {
      const chain = createProposeChain()
      await chain.land(await encode(chain, await build(chain, [])))
      chain.mineL1(110)
      const forced = [forcedInclusion(await sign(1))]
      const batch = await build(chain, [chain.admit(await sign(2))], { forced })
      const landed = await chain.land(await encode(chain, batch, forced), { forced, slots })
      expect(landed.faults.get(1)).toBeUndefined()
      expect(landed.faults.get(0)?.name).toBe(slots === 0 ? undefined : 'anchorTooOld')
      expect(listed(landed)).toHaveLength(transactions)
    },
  )
})

describe.skipIf(!hasDevnetGenesis)('limits', () => {
  // F09: anything we can write we can read back.
  test.each([1, 6])('a batch that fills %i blobs is cut to size and can be read back', async (blobsMax) => {
    const chain = createProposeChain()
    const transactions: PooledTransaction[] = []
    const bytes = 60_000
    for (let i = 0; i < Math.ceil((blobsMax * 131_072) / bytes) + 1; i++)
      transactions.push(
        chain.admit(await sign(i + 1, { data: bytesToHex(randomBytes(bytes)), gas: 2_500_000n }), i),
      )
    const batch = await build(chain, transactions, { options: { blobsMax } })
    const blobs = await encode(chain, batch, [], blobsMax)
    expect(blobs).toHaveLength(blobsMax)
    const landed = await chain.land(blobs)
    expect(hashes(landed)).toEqual(batch.blocks.map(({ hash }) => hash))
    const room = Math.floor((blobsMax * 130_044) / (bytes + 150))
    expect(listed(landed)).toHaveLength(room)
  })

  // F14: one block too many would default the whole source. Under Shasta, whose limit is the nearer one.
  test('a batch of more blocks than the protocol allows is refused, and the builder stops at as many', async () => {
    const chain = createProposeChain('shasta')
    await chain.land(await encode(chain, await build(chain, [])))
    chain.mineL1(30)
    const transactions: PooledTransaction[] = []
    for (let i = 0; i < 220; i++)
      transactions.push(chain.admit(await burn(1 + (i % 20), Math.floor(i / 20)), i))
    const batch = await build(chain, transactions, { options: { blocksMax: 1000, blockTime: 1n } })
    expect(batch.manifest).toHaveLength(192)
    const more = { ...batch, manifest: [...batch.manifest, batch.manifest[191]!] }
    await expect(encode(chain, more)).rejects.toThrow(
      /not sent, because our own derivation does not confirm it: tooManyBlocks \(D-26\)/,
    )
    const decoded = decodeManifest(encodeManifest(batch.manifest), 0, {
      blocksMax: 192,
      isForcedInclusion: false,
    })
    expect(decoded.type === 'ok' && decoded.value.length).toBe(192)
  })

  test('the self-check refuses a batch that derives to something else', async () => {
    const chain = createProposeChain()
    const batch = await build(chain, [chain.admit(await sign(1))])
    const [block] = batch.manifest
    const swapped = { ...batch, manifest: [{ ...block!, transactions: [await sign(2)] }] }
    await expect(encode(chain, swapped)).rejects.toThrow(BatchRefusedError)
    await expect(encode(chain, swapped)).rejects.toThrow(
      /block 1 derives to 0x\w+ by both interpreters, built was 0x/,
    )
    const late = { ...batch, manifest: [{ ...block!, timestamp: block!.timestamp + 1n }] }
    await expect(encode(chain, late)).rejects.toThrow(/timestampTooHigh/)
    // Valid now, no longer when it lands as late as the window allows.
    const old = { ...batch, window: { ...batch.window, latest: batch.window.latest + 2000n, slots: 200n } }
    await expect(encode(chain, old)).rejects.toThrow(/landing at \d+, timestampTooLow/)
    await expect(encode(chain, batch, [], 0)).rejects.toThrow(/it fills 1 blobs of at most 0/)
  })
})

// F15: late inclusion.
test.skipIf(!hasDevnetGenesis).each([0, 1, 17, 64])(
  'landing %i slots late changes nothing about the blocks',
  async (slots) => {
    const chain = createProposeChain()
    const batch = await build(chain, [chain.admit(await sign(1))], { options: { inclusionSlots: 64n } })
    const landed = await chain.land(await encode(chain, batch), { slots })
    expect(landed.faults.size).toBe(0)
    expect(hashes(landed)).toEqual(batch.blocks.map(({ hash }) => hash))
  },
)
