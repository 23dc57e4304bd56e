/** Promises that a stop left in the book without a signature: what can still be true is answered, and nothing else is signed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keccak256Hex } from '../../../../src/primitives/keccak.ts'
import { type CommitmentRequest, requestHash } from '../../../../src/promise/commitment.ts'
import {
  commitmentHash,
  executionCommitment,
  inclusionCommitment,
} from '../../../../src/promise/transactionPromise.ts'
import {
  COMMITTER,
  type CommitmentsWorld,
  createCommitmentsWorld,
  pay,
} from '../../../support/preconfCommitments.ts'

let world: CommitmentsWorld
let window: number
beforeAll(async () => {
  world = await createCommitmentsWorld({ seed: 'unanswered' })
  window = world.nextWindow()
  await world.until(window, 3000)
  await world.fund([41, 42, 43])
})
afterAll(() => world.close())

const seconds = (slot: number) => BigInt(Math.floor(world.timeOf(slot) / 1000))

/** As a crash leaves it that comes before the answer. */
async function leaveInBook(request: CommitmentRequest, raw: Uint8Array, slot: number, execution?: object) {
  const commitment = execution
    ? executionCommitment(request, execution as Parameters<typeof executionCommitment>[1])
    : inclusionCommitment(request)
  await world.book.keep({
    hash: commitmentHash(commitment, world.domain),
    commitment,
    signer: COMMITTER,
    isOurs: true,
    requestedAt: world.clock.now(),
    slot: BigInt(slot),
    deadline: seconds(slot),
    windowEnd: seconds(window + 15),
    transactionHash: keccak256Hex(raw),
    ...execution,
  })
}

test('an execution that is not in the block it names is not signed: the transaction is executed anew', async () => {
  const raw = await pay(41)
  const request = world.request(5, window + 9, raw)
  const { number } = world.chain.heads().latest
  const { header } = (await world.chain.headerByNumber(number))!
  await leaveInBook(request, raw, window + 9, {
    l2ChainId: world.spec.l2.chainId,
    blockNumber: number,
    parentBlockHash: header.parentHash,
    parentHash: header.parentHash,
    transactionIndex: 1,
    transactionHash: keccak256Hex(raw),
    receiptHash: `0x${'77'.repeat(32)}`,
    windowEnd: seconds(window + 15),
  })
  expect(await world.service.result(requestHash(request))).toBeUndefined()
  await world.service.request(request)
  const promise = await world.book.byRequest(requestHash(request))
  expect(promise!.blockNumber).toBeGreaterThan(number)
})

test('an execution in a block that is not finished again yet is neither signed nor forgotten', async () => {
  const raw = await pay(42)
  const request = world.request(5, window + 9, raw)
  await leaveInBook(request, raw, window + 9, {
    l2ChainId: world.spec.l2.chainId,
    blockNumber: world.chain.heads().latest.number + 100n,
    parentBlockHash: `0x${'55'.repeat(32)}`,
    parentHash: `0x${'55'.repeat(32)}`,
    transactionIndex: 1,
    transactionHash: keccak256Hex(raw),
    receiptHash: `0x${'77'.repeat(32)}`,
    windowEnd: seconds(window + 15),
  })
  await expect(world.service.result(requestHash(request))).rejects.toMatchObject({ code: 'syncing' })
  await expect(world.service.request(request)).rejects.toMatchObject({ code: 'syncing' })
  expect(await world.book.byTransaction(keccak256Hex(raw))).toHaveLength(1)
})

test('an inclusion is not signed when its time is over and nothing was included', async () => {
  const raw = await pay(43)
  const slot = window + 2
  const request = world.request(4, slot, raw)
  await leaveInBook(request, raw, slot)
  await world.until(slot + 1)
  for (const ask of [() => world.service.result(requestHash(request)), () => world.service.request(request)])
    await expect(ask()).rejects.toMatchObject({ code: 'notEnoughTime' })
  expect((await world.book.byRequest(requestHash(request)))!.signature).toBeUndefined()
  expect(await world.chain.transactionPosition(keccak256Hex(raw))).toBeUndefined()
})
