import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { GuardSigner } from '../../../../src/preconf/guard/guard.ts'
import { TemporaryError } from '../../../../src/primitives/errors.ts'
import { blockCommitmentHash } from '../../../../src/promise/blockCommitment.ts'
import { inclusionListHash } from '../../../../src/promise/inclusionList.ts'
import { recoverCommitter, signHash } from '../../../../src/promise/signature.ts'
import { StoreIoError, StoreLockedError } from '../../../../src/store/errors.ts'
import { blockOf, createPlace, DOMAIN, hashOf, KEY, listOf, type Place, sign, WINDOW } from './place.ts'

let place: Place
beforeEach(() => {
  place = createPlace()
})
afterEach(() => place.remove())

describe('one content for each position', () => {
  test('signs the hash of the promise itself, and gives the same content the same signature without signing again', async () => {
    const guard = await place.openReady()
    const block = blockOf(place)
    const hash = blockCommitmentHash(block, DOMAIN)
    const answer = await guard.signBlock(KEY, block)
    expect(answer).toEqual({ type: 'signed', hash, signature: sign(hash) })
    expect(await guard.signBlock(KEY, { ...block })).toEqual(answer)
    await guard.close()
    const again = await place.open()
    expect(await again.signBlock(KEY, block)).toEqual(answer)
    expect(place.signed).toEqual([hash])
    await again.close()
  })

  test.each([
    ['transactions', { content: 2 }],
    ['anchor', { anchorBlockNumber: 2n }],
    ['parent promise', { parentCommitmentHash: hashOf(5) }],
    ['window', { windowEnd: 1_000_400n }],
    ['end of window', { isEndOfWindow: true }],
  ])('refuses a block with other %s, and names the earlier one', async (_what, change) => {
    const guard = await place.openReady()
    const block = blockOf(place)
    await guard.signBlock(KEY, block)
    const position = { kind: 'block', l2ChainId: 167n, number: 100n, parent: hashOf(99), index: 0 }
    const earlier = { position, hash: blockCommitmentHash(block, DOMAIN) }
    expect(await guard.signBlock(KEY, blockOf(place, change))).toEqual({
      type: 'refused',
      refusal: { reason: 'otherContent', earlier },
    })
    expect(place.signed).toHaveLength(1)
    await guard.close()
  })

  test('refuses a second list for a window, and signs one for the next', async () => {
    const guard = await place.openReady()
    const list = listOf(place)
    expect(await guard.signList(KEY, list)).toMatchObject({ hash: inclusionListHash(list, DOMAIN) })
    expect(await guard.signList(KEY, { ...list, transactionsHash: hashOf(2) })).toMatchObject({
      refusal: { reason: 'otherContent', earlier: { hash: inclusionListHash(list, DOMAIN) } },
    })
    expect(await guard.signList(KEY, listOf(place, 2, list.windowEnd + 12n))).toMatchObject({
      type: 'signed',
    })
    await guard.close()
  })

  test('a thousand requests at once for one position get one content signed, and all with that content the one signature', async () => {
    const guard = await place.openReady()
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) =>
        guard.signBlock(KEY, blockOf(place, { content: 1 + (i % 10) })),
      ),
    )
    expect(place.signed).toHaveLength(1)
    const signed = answers.filter((answer) => answer.type === 'signed')
    expect(signed).toHaveLength(100)
    expect(new Set(signed.map((answer) => answer.signature)).size).toBe(1)
    await guard.close()
  })

  test('Commit-Boost domains of one chain share their positions', async () => {
    const guard = await place.openReady()
    await guard.signBlock(KEY, blockOf(place))
    await guard.close()
    const other = await place.open({ domain: { ...DOMAIN, domain: hashOf(77) } })
    expect(await other.signBlock(KEY, blockOf(place))).toMatchObject({ refusal: { reason: 'otherContent' } })
    await other.close()
  })
})

describe('what L1 says', () => {
  test('another parent counts only once L1 has removed every earlier one', async () => {
    const guard = await place.openReady()
    const first = blockOf(place)
    const second = blockOf(place, { parentBlockHash: hashOf(98) })
    await guard.signBlock(KEY, first)
    const refused = {
      refusal: { reason: 'parentNotRemoved', earlier: { hash: blockCommitmentHash(first, DOMAIN) } },
    }
    expect(await guard.signBlock(KEY, second)).toMatchObject(refused)
    place.removed.add(hashOf(99))
    expect(await guard.signBlock(KEY, second)).toMatchObject({ type: 'signed' })
    const third = blockOf(place, { parentBlockHash: hashOf(97) })
    expect(await guard.signBlock(KEY, third)).toMatchObject({
      refusal: { reason: 'parentNotRemoved', earlier: { hash: blockCommitmentHash(second, DOMAIN) } },
    })
    await guard.close()
  })

  test('back on a parent that L1 had removed, only the old content is signed', async () => {
    const guard = await place.openReady()
    const first = await guard.signBlock(KEY, blockOf(place))
    place.removed.add(hashOf(99))
    await guard.signBlock(KEY, blockOf(place, { parentBlockHash: hashOf(98) }))
    place.removed.clear()
    expect(await guard.signBlock(KEY, blockOf(place))).toEqual(first)
    expect(await guard.signBlock(KEY, blockOf(place, { content: 2 }))).toMatchObject({
      refusal: { reason: 'otherContent' },
    })
    await guard.close()
  })

  test('what has landed is settled; what was finalized stays so when a source forgets it', async () => {
    const guard = await place.openReady()
    expect(await guard.signBlock(KEY, blockOf(place, { blockNumber: 99n }))).toEqual({
      type: 'refused',
      refusal: { reason: 'settled', watermark: 99n },
    })
    place.l1.finalizedNumber = 99n
    await guard.signBlock(KEY, blockOf(place))
    await guard.close()
    Object.assign(place.l1, { finalizedNumber: 0n, landed: { number: 0n, timestamp: place.l1.timestamp } })
    const again = await place.open()
    expect(await again.signBlock(KEY, blockOf(place, { blockNumber: 98n }))).toEqual({
      type: 'refused',
      refusal: { reason: 'settled', watermark: 99n },
    })
    await again.close()
  })

  test('promises nothing for a window further away than the wait after a loss would last', async () => {
    const guard = await place.openReady()
    const latest = place.l1.timestamp + WINDOW
    expect(await guard.signList(KEY, listOf(place, 1, latest + 1n))).toEqual({
      type: 'refused',
      refusal: { reason: 'windowTooFar', latest },
    })
    expect(await guard.signList(KEY, listOf(place, 1, latest))).toMatchObject({ type: 'signed' })
    await guard.close()
  })

  test('nothing is signed or recorded when L1 cannot be asked', async () => {
    const guard = await place.openReady()
    await guard.signBlock(KEY, blockOf(place))
    vi.spyOn(place.removed, 'has').mockImplementation(() => {
      throw new TemporaryError('not derived yet')
    })
    const other = blockOf(place, { parentBlockHash: hashOf(98) })
    await expect(guard.signBlock(KEY, other)).rejects.toThrow(TemporaryError)
    vi.restoreAllMocks()
    place.removed.add(hashOf(99))
    expect(await guard.signBlock(KEY, { ...other, transactionsRoot: hashOf(9) })).toMatchObject({
      type: 'signed',
    })
    await guard.close()
  })
})

describe('failures on the way', () => {
  test('a failing signer leaves the position to its content', async () => {
    const failing: GuardSigner = { address: KEY, sign: () => Promise.reject(new TemporaryError('away')) }
    const guard = await place.openReady({ signers: [failing] })
    const block = blockOf(place)
    await expect(guard.signBlock(KEY, block)).rejects.toThrow('away')
    await guard.close()
    const again = await place.open()
    expect(await again.signBlock(KEY, { ...block, transactionsRoot: hashOf(2) })).toMatchObject({
      refusal: { reason: 'otherContent' },
    })
    expect(await again.signBlock(KEY, block)).toMatchObject({ type: 'signed' })
    await again.close()
  })

  test.each([
    ['another key', (hash: `0x${string}`) => signHash(hash, new Uint8Array(32).fill(8))],
    ['another hash', () => sign(hashOf(3))],
    ['no form', () => '0x12' as const],
  ])('a signature of %s is not given out', async (_what, forge) => {
    const guard = await place.openReady({ signers: [{ address: KEY, sign: async (hash) => forge(hash) }] })
    await expect(guard.signBlock(KEY, blockOf(place))).rejects.toThrow(/^the signer of 0x/)
    await guard.close()
  })

  test('a key without a signer is refused before anything is recorded', async () => {
    const guard = await place.openReady()
    await expect(guard.signBlock(`0x${'11'.repeat(20)}`, blockOf(place))).rejects.toThrow('no signer')
    expect((await guard.export()).data).toEqual([])
    await guard.close()
  })

  test('nothing is signed while the counter cannot follow, nor later before it has', async () => {
    const guard = await place.openReady()
    const keys = dirname(place.counterPath)
    const counter = readFileSync(place.counterPath, 'utf8')
    rmSync(keys, { recursive: true })
    const block = blockOf(place)
    await expect(guard.signBlock(KEY, block)).rejects.toThrow(StoreIoError)
    await expect(guard.signBlock(KEY, block)).rejects.toThrow(StoreIoError)
    expect(place.signed).toEqual([])
    mkdirSync(keys)
    writeFileSync(place.counterPath, counter)
    const answer = await guard.signBlock(KEY, block)
    expect(
      recoverCommitter(
        blockCommitmentHash(block, DOMAIN),
        (answer as { signature: `0x${string}` }).signature,
      ),
    ).toBe(KEY)
    const generationOf = (text: string) => Number(text.split(' ')[0])
    expect(generationOf(readFileSync(place.counterPath, 'utf8'))).toBe(generationOf(counter) + 1)
    await guard.close()
  })

  test.skipIf(process.getuid?.() === 0)(
    'a read-only database is an error at opening (not for root, who may write it)',
    async () => {
      await (await place.openReady()).close()
      chmodSync(place.path, 0o444)
      await expect(place.open()).rejects.toThrow(StoreIoError)
    },
  )
})

describe('one guard for a key', () => {
  test('a second one on the same database, or on the same counter, refuses to start and harms nothing', async () => {
    const guard = await place.openReady()
    await expect(place.open()).rejects.toThrow(StoreLockedError)
    const otherPath = `${place.path}.other`
    await expect(place.open({ path: otherPath })).rejects.toThrow(
      /in use by another node or command; stop that one first$/,
    )
    await expect(place.open({ counterPath: `${place.counterPath}2` })).rejects.toThrow(StoreLockedError)
    expect(existsSync(otherPath)).toBe(false)
    expect(await guard.signBlock(KEY, blockOf(place))).toMatchObject({ type: 'signed' })
    await guard.close()
  })

  test('closing waits for what is on its way, and then nothing is signed', async () => {
    const guard = await place.openReady()
    const answer = guard.signBlock(KEY, blockOf(place))
    await guard.close()
    expect(await answer).toMatchObject({ type: 'signed' })
    await expect(guard.signBlock(KEY, blockOf(place))).rejects.toThrow('closed')
  })
})
