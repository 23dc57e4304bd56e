/** Executions, stream messages and inclusions: their positions, and what each may and may not repeat. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Guard } from '../../../../src/preconf/guard/guard.ts'
import { bytesToHex, type Hex, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../../src/primitives/keccak.ts'
import { blockCommitmentObjectRoot } from '../../../../src/promise/blockCommitment.ts'
import { commitmentRoot } from '../../../../src/promise/commitment.ts'
import { inclusionListObjectRoot } from '../../../../src/promise/inclusionList.ts'
import { recoverCommitter } from '../../../../src/promise/signature.ts'
import { streamMessageHash, streamMessageRoot } from '../../../../src/promise/streamMessage.ts'
import { commitmentHash, inclusionHash } from '../../../../src/promise/transactionPromise.ts'
import {
  blockOf,
  createPlace,
  DOMAIN,
  executionOf,
  hashOf,
  inclusionOf,
  KEY,
  listOf,
  messageOf,
  type Place,
  requestOf,
  sign,
} from './place.ts'

let place: Place
let guard: Guard
beforeEach(async () => {
  place = createPlace()
  guard = await place.openReady()
})
afterEach(async () => {
  await guard.close()
  place.remove()
})

const refused = (reason: string) => ({ type: 'refused', refusal: { reason } })

describe('executions', () => {
  test('are signed by the hash of the commitment that answers the request', async () => {
    const commitment = executionOf(place)
    const hash = commitmentHash(commitment, DOMAIN)
    expect(await guard.signCommitment(KEY, commitment)).toEqual({
      type: 'signed',
      hash,
      signature: sign(hash),
    })
    expect(place.objectRoots).toEqual([commitmentRoot(commitment)])
  })

  test.each([
    ['another receipt', { receiptHash: hashOf(9) }],
    ['another transaction', { transactionHash: hashOf(9) }],
    ['another window', { windowEnd: 1_000_400n }],
  ])('at one place of a block are not said twice: %s', async (_what, change) => {
    await guard.signCommitment(KEY, executionOf(place))
    expect(await guard.signCommitment(KEY, executionOf(place, change))).toMatchObject(refused('otherContent'))
    expect(
      await guard.signCommitment(KEY, executionOf(place, { ...change, transactionIndex: 2 })),
    ).toMatchObject({ type: 'signed' })
  })

  test('of one transaction answer several requests, each with its own signature', async () => {
    const first = executionOf(place)
    const second = executionOf(place, {}, requestOf(place, { slot: 75_034n }))
    const signed = await guard.signCommitment(KEY, first)
    const other = await guard.signCommitment(KEY, second)
    expect(other).toMatchObject({ type: 'signed', hash: commitmentHash(second, DOMAIN) })
    expect(await guard.signCommitment(KEY, first)).toEqual(signed)
    expect(await guard.signCommitment(KEY, second)).toEqual(other)
    expect((await guard.export()).data[0]!.signed).toHaveLength(1)
    await guard.close()
    guard = await place.open()
    expect(await guard.signCommitment(KEY, second)).toEqual(other)
    expect(await guard.signCommitment(KEY, executionOf(place, { receiptHash: hashOf(9) }))).toMatchObject(
      refused('otherContent'),
    )
  })

  test('are settled with the block', async () => {
    await guard.signBlock(KEY, blockOf(place))
    place.l1.landed = { number: 100n, timestamp: place.l1.timestamp }
    expect(await guard.signCommitment(KEY, executionOf(place))).toMatchObject(refused('settled'))
  })
})

describe('stream messages', () => {
  test('are signed by their root in our domain', async () => {
    const { message, ...rest } = messageOf(place, 'env')
    const hash = streamMessageHash(streamMessageRoot(message), DOMAIN)
    expect(await guard.signStream(KEY, { message, ...rest })).toEqual({
      type: 'signed',
      hash,
      signature: sign(hash),
    })
  })

  test('of one sequence are not said twice, whichever type they are', async () => {
    for (const what of ['env', 0, 1, 'seal'] as const) {
      expect(await guard.signStream(KEY, messageOf(place, what))).toMatchObject({ type: 'signed' })
      expect(await guard.signStream(KEY, messageOf(place, what, { content: 2 }))).toMatchObject(
        refused('otherContent'),
      )
    }
    const { signed } = (await guard.export()).data[0]!
    expect(signed.map(({ index }) => index)).toEqual([undefined, '1', '2', '4294967295'])
  })

  test('about another parent than is said are a mistake, and nothing is recorded', async () => {
    for (const what of ['env', 'seal'] as const)
      await expect(
        guard.signStream(KEY, { ...messageOf(place, what), parentHash: hashOf(98) }),
      ).rejects.toThrow(RangeError)
    expect((await guard.export()).data).toEqual([])
  })

  test('a frag has a sequence below that of the seal, and a number that a block can have', async () => {
    for (const change of [{ seq: 2n ** 32n - 2n }, { number: 2n ** 48n }])
      await expect(guard.signStream(KEY, messageOf(place, 0, change))).rejects.toThrow(RangeError)
    expect(await guard.signStream(KEY, messageOf(place, 0, { seq: 2n ** 32n - 3n }))).toMatchObject({
      type: 'signed',
    })
  })
})

describe('a number has one parent, for whatever speaks of its block', () => {
  const speak = {
    block: (parent: Hex) => guard.signBlock(KEY, blockOf(place, { parentBlockHash: parent })),
    execution: (parent: Hex) => guard.signCommitment(KEY, executionOf(place, { parentBlockHash: parent })),
    frag: (parent: Hex) => guard.signStream(KEY, messageOf(place, 0, { parent })),
  }
  const kinds = Object.keys(speak) as (keyof typeof speak)[]

  test.each(kinds.flatMap((first) => kinds.map((second) => [first, second] as const)))(
    'after %s on one parent, %s on another one waits until L1 has removed it',
    async (first, second) => {
      expect(await speak[first](hashOf(99))).toMatchObject({ type: 'signed' })
      expect(await speak[second](hashOf(98))).toMatchObject(refused('parentNotRemoved'))
      expect(place.askedRemoved).toEqual([[hashOf(99), 99n]])
      place.removed.add(hashOf(99))
      expect(await speak[second](hashOf(98))).toMatchObject({ type: 'signed' })
      expect(await speak[first](hashOf(97))).toMatchObject(refused('parentNotRemoved'))
    },
  )

  test('also for what was signed before a restart', async () => {
    await speak.frag(hashOf(99))
    await guard.close()
    guard = await place.open()
    expect(await speak.block(hashOf(98))).toMatchObject(refused('parentNotRemoved'))
  })

  test('and what one kind was imported up to, holds for the others', async () => {
    const { metadata } = await guard.export()
    await guard.import({
      metadata,
      data: [{ key: KEY, kind: 'stream', l2_chain_id: '167', watermark: '105', signed: [] }],
    })
    place.passWindow()
    expect(await guard.signBlock(KEY, blockOf(place, { blockNumber: 105n }))).toMatchObject(
      refused('settled'),
    )
    expect(await guard.signBlock(KEY, blockOf(place, { blockNumber: 106n }))).toMatchObject({
      type: 'signed',
    })
  })
})

describe('inclusions', () => {
  test.each([
    [4n, 'inclusion'],
    [1n, 'l1Inclusion'],
  ] as const)('of type %d are signed once for a slot and a transaction', async (type, kind) => {
    const commitment = inclusionOf(place, type)
    const hash = inclusionHash(commitment, DOMAIN)
    const answer = await guard.signCommitment(KEY, commitment)
    expect(answer).toEqual({ type: 'signed', hash, signature: sign(hash) })
    expect(await guard.signCommitment(KEY, { ...commitment })).toEqual(answer)
    expect(place.signed).toEqual([hash])
    expect((await guard.export()).data).toMatchObject([
      { kind, l2_chain_id: '0', signed: [{ number: '1000396', parent: keccak256Hex(place.transaction) }] },
    ])
  })

  test('of other transactions, and by other slots, stand beside each other', async () => {
    for (const change of [{}, { slot: 75_034n }, { transaction: Uint8Array.of(2, 3) }])
      expect(await guard.signCommitment(KEY, inclusionOf(place, 4n, change))).toMatchObject({
        type: 'signed',
      })
  })

  test('by a slot that is further away than a window, or past by finality, are refused', async () => {
    const far = place.l1.timestamp / 12n
    expect(await guard.signCommitment(KEY, inclusionOf(place, 4n, { slot: far }))).toMatchObject(
      refused('windowTooFar'),
    )
    place.l1.finalizedTimestamp = 1_000_396n
    expect(await guard.signCommitment(KEY, inclusionOf(place))).toMatchObject(refused('settled'))
  })
})

describe('what is malformed is a mistake of the caller, and takes no position', () => {
  test.each([
    [
      'another slasher',
      (): Parameters<Guard['signCommitment']>[1] => ({
        ...inclusionOf(place),
        slasher: `0x${'11'.repeat(20)}`,
      }),
    ],
    ['a type that answers no request', () => ({ ...inclusionOf(place), commitmentType: 2n })],
    ['an unknown type', () => ({ ...inclusionOf(place), commitmentType: 7n })],
    ['a payload that is none', () => ({ ...inclusionOf(place), payload: '0x' as const })],
    [
      'a payload with bytes behind it',
      () => ({ ...executionOf(place), payload: `${executionOf(place).payload}00` as Hex }),
    ],
    ['an inclusion that answers another request', () => ({ ...inclusionOf(place), requestHash: ZERO_HASH })],
    ['a slot past all times', () => inclusionOf(place, 4n, { slot: 2n ** 63n })],
  ])('%s', async (_what, make) => {
    await expect(guard.signCommitment(KEY, make())).rejects.toThrow(RangeError)
    expect((await guard.export()).data).toEqual([])
  })
})

test('a signer is told the object root of every kind, whose signing root it signs', async () => {
  await guard.signBlock(KEY, blockOf(place))
  await guard.signList(KEY, listOf(place))
  expect(place.objectRoots).toEqual([
    blockCommitmentObjectRoot(blockOf(place), DOMAIN.slasher),
    inclusionListObjectRoot(listOf(place), DOMAIN.slasher),
  ])
  const answer = await guard.signStream(KEY, messageOf(place, 0))
  if (answer.type === 'refused') throw new Error(answer.refusal.reason)
  expect(recoverCommitter(answer.hash, answer.signature)).toBe(KEY)
  expect(bytesToHex(place.transaction)).toBe('0x02f8')
})
