/** What stands between a promise and its answer: the guard, the book, the price, the builder of L1. */
import { decodeAbiParameters } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '../../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../../src/primitives/keccak.ts'
import { requestHash } from '../../../../src/promise/commitment.ts'
import { recoverCommitter } from '../../../../src/promise/signature.ts'
import { inclusionHash } from '../../../../src/promise/transactionPromise.ts'
import {
  COMMITTER,
  type CommitmentsWorld,
  createCommitmentsWorld,
  createTakingBuilder,
  pay,
} from '../../../support/preconfCommitments.ts'
import { signTransaction } from '../../../support/proposeTransactions.ts'

const builder = createTakingBuilder()
let world: CommitmentsWorld
let window: number
beforeAll(async () => {
  world = await createCommitmentsWorld({ seed: 'keeping', deps: { l1Builder: builder } })
  window = world.nextWindow()
  await world.until(window, 3000)
  await world.fund([21, 22, 23, 24, 25, 26, 27])
})
afterAll(() => world.close())

test('an L1 inclusion is promised for our own slot only, once our builder has the transaction', async () => {
  const chainId = Number(world.spec.l1.chainId)
  const raw = await signTransaction(30, {
    chainId,
    maxPriorityFeePerGas: 10n ** 9n,
    maxFeePerGas: 10n ** 10n,
  })
  const request = world.request(1, window + 15, raw)
  const { signed } = await world.service.request(request)
  expect(builder.taken).toEqual([raw])
  expect(recoverCommitter(inclusionHash(request, world.domain), signed.signature)).toBe(COMMITTER)
  expect((await world.service.slots()).filter(({ offerings }) => offerings.length === 2)).toEqual([
    {
      slot: BigInt(window + 15),
      offerings: [
        { chainId: world.spec.l2.chainId, commitmentTypes: [4n, 5n] },
        { chainId: world.spec.l1.chainId, commitmentTypes: [1n] },
      ],
    },
    expect.objectContaining({ slot: BigInt(window + 31) }),
  ])
  const refusals = [
    [world.request(1, window + 14, await signTransaction(31, { chainId })), 'notOurWindow'],
    [world.request(1, window + 31, raw), 'alreadyPromised'],
    [world.request(1, window + 15, await pay(21)), 'wrongChain'],
    [
      world.request(1, window + 15, await signTransaction(30, { chainId, maxPriorityFeePerGas: 1n })),
      'underpriced',
    ],
    [world.request(1, window + 15, Uint8Array.of(3, 0xc0)), 'blobTransaction'],
    [world.request(1, window + 15, Uint8Array.of(2, 0xc0)), 'malformedTransaction'],
  ] as const
  for (const [bad, code] of refusals) await expect(world.service.request(bad)).rejects.toMatchObject({ code })
})

test('builderRefused: our builder does not take it', async () => {
  const raw = await signTransaction(32, { chainId: Number(world.spec.l1.chainId) })
  builder.take = async () => {
    throw new Error('nonce too low')
  }
  await expect(world.service.request(world.request(1, window + 15, raw))).rejects.toMatchObject({
    code: 'builderRefused',
    message: 'L1 block builder does not take it',
  })
  expect(await world.book.byTransaction(keccak256Hex(raw))).toEqual([])
})

test('a quote names the hash of its request, and holds while the price goes up', async () => {
  const request = world.request(5, window + 6, await pay(22))
  const quote = await world.service.fee(request)
  expect(quote.commitmentType).toBe(5n)
  const [[hash, priceGwei]] = decodeAbiParameters(
    [{ type: 'tuple', components: [{ type: 'bytes32' }, { type: 'uint64' }] }],
    quote.feePayload,
  ) as [[string, bigint]]
  expect(hash).toBe(requestHash(request))
  expect(priceGwei).toBe((quote.priceWei + 10n ** 9n - 1n) / 10n ** 9n)
  expect(quote.validUntil).toBe(BigInt(Math.floor(world.clock.now() / 1000) + 12))
  const paid = await pay(22, { maxPriorityFeePerGas: quote.tipWei })
  await world.service.request(world.request(5, window + 6, paid))
})

test('where the guard refuses nothing is answered, and nothing is left in the book and the pool', async () => {
  const raw = await pay(23)
  const request = world.request(4, window + 9, raw)
  const hash = inclusionHash(request, world.domain)
  await world.withGuard(
    async () => ({ type: 'refused', refusal: { reason: 'waiting', until: 1n } }),
    async () => {
      await expect(world.service.request(request)).rejects.toMatchObject({
        code: 'signingRefused',
        message: 'Signature refused: waiting',
      })
    },
  )
  expect(await world.service.result(requestHash(request))).toBeUndefined()
  expect((await world.book.byTransaction(keccak256Hex(raw))).map((each) => each.hash)).not.toContain(hash)
  expect(world.service.owed(BigInt(world.timeOf(window + 15) / 1000)).map(bytesToHex)).not.toContain(
    bytesToHex(raw),
  )
  expect(world.pool.get(keccak256Hex(raw))).toBeUndefined()
})

test('a promise that stood in the book without its signature is answered as it was made', async () => {
  const raw = await pay(24)
  const request = world.request(5, window + 9, raw)
  const { signed, receipt } = await world.service.request(request)
  await world.store.transaction((transaction) =>
    transaction.run('UPDATE promises SET signature = NULL, answered_at = NULL WHERE request_hash = ?', [
      requestHash(request),
    ]),
  )
  await world.restart()
  expect(await world.service.request(request)).toEqual({ signed, receipt })
  expect((await world.book.byRequest(requestHash(request)))?.signature).toBe(signed.signature)
})

test('when the guard fails, the transaction is not executed twice: asking again gets the answer', async () => {
  const raw = await pay(25)
  const request = world.request(5, window + 9, raw)
  await world.withGuard(
    async () => {
      throw new Error('the remote signer does not answer')
    },
    () => expect(world.service.request(request)).rejects.toThrow('does not answer'),
  )
  const { signed } = await world.service.request(request)
  expect(hexToBytes(signed.signature)).toHaveLength(65)
})

test('when the guard fails, an inclusion stays owed: asking again gets the answer', async () => {
  const raw = await pay(27)
  const slot = window + 20
  const request = world.request(4, slot, raw)
  await world.withGuard(
    async () => {
      throw new Error('the remote signer does not answer')
    },
    () => expect(world.service.request(request)).rejects.toThrow('does not answer'),
  )
  await world.service.request(request)
  const windowEnd = BigInt(world.timeOf(window + 31) / 1000)
  expect(world.service.owed(windowEnd)).toEqual([raw])
  await world.until(window + 17)
  expect(await world.chain.transactionPosition(keccak256Hex(raw))).toBeDefined()
})

test('what is owed comes first in the next blocks, after a restart too', async () => {
  const raw = await pay(26)
  const slot = window + 20
  await world.service.request(world.request(4, slot, raw))
  const windowEnd = BigInt(world.timeOf(window + 31) / 1000)
  await world.restart()
  expect(world.service.owed(windowEnd)).toEqual([raw])
  await world.until(window + 17)
  expect(world.service.owed(windowEnd)).toEqual([])
  const position = (await world.chain.transactionPosition(keccak256Hex(raw)))!
  expect(position.index).toBe(1)
})
