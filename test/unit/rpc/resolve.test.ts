/** What a parameter names while the chain changes: the rows of a commit are there a moment before the heads that it brings. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Chain, StoredBlock } from '../../../src/chain/chain.ts'
import { StaleStateError } from '../../../src/engine/state/flatState.ts'
import { MissingStateError } from '../../../src/engine/state/source.ts'
import { findBlock, findHeader, runAt } from '../../../src/rpc/resolve.ts'
import { emptyBlock, emptyBlocks } from '../../support/rpcFakes.ts'
import { createTestChain, type TestChain } from '../../support/rpcServer.ts'

const LATEST = { type: 'tag', tag: 'latest' } as const

describe('while a reorg is committed', () => {
  let changing: TestChain
  let chain: Chain
  beforeEach(async () => {
    changing = await createTestChain(emptyBlock(0n))
    chain = changing.chain
    await changing.commit({ blocks: emptyBlocks(1n, 3) })
  })
  afterEach(() => changing.close())

  /** The chain as it is when a reorg to block 1 comes between the two reads of whoever asks. */
  function reorgBetweenReads(blocks: readonly StoredBlock[] = []): Chain {
    let isOver = false
    const afterReorg = async <T>(read: () => Promise<T>): Promise<T> => {
      if (!isOver) {
        isOver = true
        await changing.commit({ keep: 1n, blocks })
      }
      return read()
    }
    return {
      ...chain,
      headerByNumber: (number) => afterReorg(() => chain.headerByNumber(number)),
      blockByNumber: (number) => afterReorg(() => chain.blockByNumber(number)),
    }
  }

  test('the latest block is one that is there', async () => {
    expect((await findHeader(reorgBetweenReads(), LATEST)).header.number).toBe(1n)
    await changing.commit({ blocks: emptyBlocks(2n, 2) })
    expect((await findBlock(reorgBetweenReads(), LATEST))?.header.number).toBe(1n)
  })

  test('a number past the new head names nothing', async () => {
    const three = { type: 'number', number: 3n } as const
    await expect(findHeader(reorgBetweenReads(), three)).rejects.toThrow('block not found')
  })

  test('a hash names no other block that has come to its place', async () => {
    const { hash } = (await chain.headerByNumber(2n))!
    const other = emptyBlocks(2n, 2).map((block) => ({
      ...block,
      hash: `0x${'77'.repeat(31)}0${block.header.number}` as const,
    }))
    await expect(findHeader(reorgBetweenReads(other), { type: 'hash', hash })).rejects.toThrow(
      'block not found',
    )
  })
})

describe('a job on the state after a block', () => {
  let changing: TestChain
  beforeEach(async () => {
    changing = await createTestChain(emptyBlock(0n))
    await changing.commit({ blocks: emptyBlocks(1n, 3) })
  })
  afterEach(() => changing.close())

  test('is given anew, of what the tag names then, where its block has gone', async () => {
    const { chain, commit } = changing
    const asked: bigint[] = []
    const answer = await runAt({ chain }, LATEST, async ({ place }) => {
      asked.push(place.number)
      if (asked.length > 1) return place.hash
      await commit({ keep: 1n })
      throw new StaleStateError()
    })
    expect([asked, answer]).toEqual([[3n, 1n], chain.heads().latest.hash])
  })

  test('is given up after three attempts, and at once where the state is not kept', async () => {
    const { chain } = changing
    let attempts = 0
    const stale = runAt({ chain }, LATEST, async () => {
      attempts++
      throw new StaleStateError()
    })
    await expect(stale).rejects.toMatchObject({
      code: -32002,
      message: expect.stringContaining('reorganised'),
    })
    expect(attempts).toBe(3)
    const missing = runAt({ chain }, LATEST, () => Promise.reject(new MissingStateError({ what: 'a node' })))
    await expect(missing).rejects.toMatchObject({
      code: -32002,
      message: expect.stringContaining('not kept'),
    })
  })
})

describe('a block that many ask for', () => {
  let changing: TestChain
  /** What holds reads up on their way back. */
  let held: Promise<void> | undefined
  beforeEach(async () => {
    held = undefined
    changing = await createTestChain(emptyBlock(0n), (store) => ({
      ...store,
      get: async (...input) => {
        const row = await store.get(...input)
        await held
        return row
      },
    }))
  })
  afterEach(() => changing.close())

  test('is read and decoded once', async () => {
    const { chain } = changing
    const [first, second] = await Promise.all([chain.blockByNumber(0n), chain.blockByNumber(0n)])
    expect(first).toBeDefined()
    expect(second).toBe(first)
  })

  test('is read again by whoever asks after a commit', async () => {
    const { chain, commit } = changing
    let release = () => {}
    held = new Promise((resolve) => {
      release = resolve
    })
    const before = chain.blockByNumber(1n)
    await commit({ blocks: [emptyBlock(1n)] })
    const after = chain.blockByNumber(1n)
    release()
    expect([await before, (await after)?.header.number]).toEqual([undefined, 1n])
  })
})
