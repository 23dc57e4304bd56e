import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '../../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../../src/primitives/keccak.ts'
import { encodeReceipt } from '../../../../src/primitives/receipt.ts'
import { requestHash } from '../../../../src/promise/commitment.ts'
import { recoverCommitter } from '../../../../src/promise/signature.ts'
import {
  commitmentHash,
  decodeTransactionExecution,
  encodeTransactionRequest,
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
  world = await createCommitmentsWorld({ seed: 'commitments' })
  window = world.nextWindow()
  await world.until(window, 3000)
  await world.fund([11, 12, 13])
})
afterAll(() => world.close())

test('an execution is answered with a signed receipt, and the block that is sealed has it at that place', async () => {
  const raw = await pay(11)
  const request = world.request(5, window + 5, raw)
  const { signed, receipt } = await world.service.request(request)
  const { commitment } = signed
  expect(commitment.requestHash).toBe(requestHash(request))
  expect(recoverCommitter(commitmentHash(commitment, world.domain), signed.signature)).toBe(COMMITTER)
  expect(signed.nonce).toBe(0n)
  expect(signed.signingId).toBe(world.domain.signingId)

  const decoded = decodeTransactionExecution(hexToBytes(commitment.payload))
  if (decoded.type === 'fault') throw new Error(decoded.fault)
  const execution = decoded.value
  expect(receipt).toMatchObject({
    blockHash: null,
    transactionHash: keccak256Hex(raw),
    transactionIndex: `0x${execution.transactionIndex.toString(16)}`,
    status: '0x1',
    gasUsed: '0x5208',
  })
  await world.clock.wait(4000)
  const block = (await world.chain.blockByNumber(execution.blockNumber))!
  expect(block.header.parentHash).toBe(execution.parentBlockHash)
  const transaction = block.transactions[execution.transactionIndex]!
  expect(transaction.hash).toBe(keccak256Hex(raw))
  expect(keccak256Hex(encodeReceipt(transaction.receipt))).toBe(execution.receiptHash)
})

test('the same request again has the same answer, meanwhile, afterwards and after a restart', async () => {
  const request = world.request(5, window + 6, await pay(12))
  const [first, second] = await Promise.all([world.service.request(request), world.service.request(request)])
  expect(second).toEqual(first)
  expect(await world.service.request(request)).toEqual(first)
  const hash = requestHash(request)
  expect(await world.service.result(hash)).toEqual(first)
  await world.restart()
  expect(await world.service.result(hash)).toEqual(first)
  expect(await world.service.request(request)).toEqual(first)
})

test('an inclusion by a slot is in a block of that time, before better paying transactions', async () => {
  const raw = await pay(13)
  const slot = world.slotNow() + 3
  const { signed, receipt } = await world.service.request(world.request(4, slot, raw))
  expect(receipt).toBeUndefined()
  expect(signed.commitment.payload).toBe(
    bytesToHex(encodeTransactionRequest({ slot: BigInt(slot), transaction: raw })),
  )
  await world.until(slot)
  const position = (await world.chain.transactionPosition(keccak256Hex(raw)))!
  const { header } = (await world.chain.headerByNumber(position.blockNumber))!
  expect(Number(header.timestamp) * 1000).toBeLessThanOrEqual(world.timeOf(slot))
  expect(world.service.owed(BigInt(world.timeOf(window + 15) / 1000))).toEqual([])
})

test('slots are those of our windows that can still be satisfied', async () => {
  const slots = await world.service.slots()
  const now = world.slotNow()
  expect(Number(slots[0]!.slot)).toBe(now + 1)
  expect(slots.every(({ slot }) => Number(slot) <= now + 64)).toBe(true)
  const [l2] = slots[0]!.offerings
  expect(l2).toEqual({ chainId: world.spec.l2.chainId, commitmentTypes: [4n, 5n] })
  // The next window is ours too, but executions are of the one that runs.
  const next = slots.find(({ slot }) => Number(slot) === window + 20)
  expect(next?.offerings[0]?.commitmentTypes).toEqual([4n])
  // Its sequencer stops 24 seconds before the end: nothing is offered later than a slot that leaves time.
  expect(slots.some(({ slot }) => Number(slot) === window + 15)).toBe(true)
})
