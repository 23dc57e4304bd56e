/** A request for each row of the table in docs/commitments.md. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Hex } from 'viem'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { rollupRules } from '../../../../src/engine/rules/evmRules.ts'
import { admitRaw } from '../../../../src/preconf/commitments/admit.ts'
import {
  CommitmentRefusedError,
  REFUSAL_CODES,
  type RefusalCode,
} from '../../../../src/preconf/commitments/errors.ts'
import { PAYLOAD_BYTES_MAX } from '../../../../src/preconf/commitments/readRequest.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import type { CommitmentRequest } from '../../../../src/promise/commitment.ts'
import { L2_CHAIN_ID } from '../../../support/derive/harness.ts'
import { type CommitmentsWorld, createCommitmentsWorld, pay } from '../../../support/preconfCommitments.ts'
import { signTransaction } from '../../../support/proposeTransactions.ts'
import { hashingCreation } from '../../../support/zkHeavy.ts'

let world: CommitmentsWorld
let ready: { isReady: boolean; reason?: string } = { isReady: true }
let window: number
beforeAll(async () => {
  world = await createCommitmentsWorld({
    seed: 'refusals',
    operators: [1, 1, 2],
    deps: { ready: () => ready },
  })
  window = world.nextWindow()
  // The first of our two epochs, before the other operator's one.
  while ((window / 16) % 3 !== 0) window += 16
  await world.until(window, 3000)
  await world.fund([3, 4, 5, 6, 7, 8, 9, 10, 11])
})
afterAll(() => world.close())

async function refused(request: CommitmentRequest): Promise<string> {
  try {
    await world.service.request(request)
  } catch (error) {
    if (error instanceof CommitmentRefusedError) return error.code
    throw error
  }
  return 'answered'
}

/** Of a wallet that has something, and that nothing is promised to. */
const transfer = (fields: Parameters<typeof pay>[1] = {}) => pay(3, fields)

test.each<[RefusalCode, string, () => Promise<CommitmentRequest>]>([
  [
    'wrongSlasher',
    'another slasher',
    async () => world.request(4, window + 3, await transfer(), { slasher: `0x${'5a'.repeat(20)}` }),
  ],
  ['typeNotOffered', 'a block commitment', async () => world.request(2, window + 3, await transfer())],
  ['typeNotOffered', 'an inclusion list', async () => world.request(3, window + 3, await transfer())],
  [
    'typeNotOffered',
    'L1, which this node does not build',
    async () => world.request(1, window + 15, await transfer()),
  ],
  [
    'oversized',
    'too many bytes',
    async () => world.request(4, window + 3, new Uint8Array(PAYLOAD_BYTES_MAX)),
  ],
  ['malformedPayload', 'nothing', async () => ({ ...world.request(4, 1, await transfer()), payload: '0x' })],
  [
    'malformedPayload',
    'garbage',
    async () => ({ ...world.request(4, 1, await transfer()), payload: `0x${'c0ffee'.repeat(100)}` }),
  ],
  [
    'malformedPayload',
    'a byte behind',
    async () => withPayload(world.request(4, window + 3, await transfer()), (hex) => `${hex}00`),
  ],
  ['slotPast', 'a slot that is over', async () => world.request(4, window - 1, await transfer())],
  ['slotPast', 'slot 1', async () => world.request(5, 1, await transfer())],
  ['slotTooFar', 'a slot in 65', async () => world.request(4, world.slotNow() + 65, await transfer())],
  ['slotTooFar', 'the last slot of all', async () => world.request(4, 2n ** 64n - 1n, await transfer())],
  [
    'notEnoughTime',
    'the slot that has begun',
    async () => world.request(4, world.slotNow(), await transfer()),
  ],
  [
    'malformedTransaction',
    'no transaction',
    async () => world.request(4, window + 3, Uint8Array.of(2, 0xc0)),
  ],
  ['malformedTransaction', 'noise', async () => world.request(5, window + 3, new Uint8Array(100).fill(0xab))],
  ['blobTransaction', 'blobs', async () => world.request(4, window + 3, Uint8Array.of(3, 0xf8))],
  [
    'wrongChain',
    'another chain',
    async () => world.request(4, window + 3, await signTransaction(5, { chainId: 1 })),
  ],
  [
    'wrongSignature',
    'a signature of nobody',
    async () => world.request(4, window + 3, unsign(await transfer())),
  ],
  [
    'gasOutOfRange',
    'less gas than it needs for itself',
    async () => world.request(4, window + 3, await transfer({ gas: 20_000n })),
  ],
  [
    'gasOutOfRange',
    'more gas than a block has',
    async () => world.request(4, window + 3, await transfer({ gas: 60_000_000n })),
  ],
  [
    'underpriced',
    'no tip',
    async () => world.request(4, window + 3, await transfer({ maxPriorityFeePerGas: 0n })),
  ],
  [
    'underpriced',
    'less than the base fee',
    async () => world.request(5, window + 3, await transfer({ maxFeePerGas: 1n, maxPriorityFeePerGas: 1n })),
  ],
  ['nonceGap', 'a nonce too high', async () => world.request(4, window + 3, await transfer({ nonce: 5 }))],
  [
    'nonceGap',
    'a nonce too high to execute',
    async () => world.request(5, window + 3, await transfer({ nonce: 5 })),
  ],
  [
    'unfunded',
    'an account without anything',
    async () => world.request(5, window + 3, await signTransaction(77, { chainId: Number(L2_CHAIN_ID) })),
  ],
  [
    'unfunded',
    'more than there is',
    async () => world.request(4, window + 3, await transfer({ value: 10n ** 30n })),
  ],
])('%s: %s', async (code, _what, make) => {
  expect(await refused(await make())).toBe(code)
})

test('unsupportedTransaction: an authorization before Osaka', async () => {
  const raw = await signTransaction(5, {
    ...{ type: 'eip7702', chainId: Number(L2_CHAIN_ID), authorizationList: [] },
  })
  const admitUnder = (fork: 'shasta' | 'unzen') =>
    admitRaw(raw, {
      rules: { chainId: L2_CHAIN_ID, evm: rollupRules(fork), minTip: 0n },
      next: { baseFeePerGas: 1n, gasLimit: 30_000_000n },
      tip: 0n,
    })
  expect(() => admitUnder('shasta')).toThrow(
    expect.objectContaining({ code: 'unsupportedTransaction' satisfies RefusalCode }),
  )
  expect(admitUnder('unzen')).toMatchObject({ nonce: 0n })
})

test('what is refused for its form, slot, transaction or price is refused without a look into the book', async () => {
  const looks = vi.spyOn(world.book, 'byTransaction')
  const requests: [RefusalCode, CommitmentRequest][] = [
    ['slotPast', world.request(4, window - 1, await transfer())],
    ['slotTooFar', world.request(4, world.slotNow() + 65, await transfer())],
    ['windowNotOpen', world.request(5, window + 18, await transfer())],
    ['malformedTransaction', world.request(5, window + 3, Uint8Array.of(2, 0xc0))],
    ['wrongChain', world.request(4, window + 3, await signTransaction(5, { chainId: 1 }))],
    ['underpriced', world.request(4, window + 3, await transfer({ maxPriorityFeePerGas: 0n }))],
    ['wrongSignature', world.request(4, window + 3, unsign(await transfer()))],
    ['unfunded', world.request(5, window + 3, await signTransaction(78, { chainId: Number(L2_CHAIN_ID) }))],
  ]
  for (const [code, request] of requests) expect(await refused(request)).toBe(code)
  expect(looks).not.toHaveBeenCalled()
  looks.mockRestore()
})

test('the same request again is answered without a look into the book, and another about the same transaction by one', async () => {
  const raw = await pay(10, { nonce: 0 })
  const request = world.request(5, window + 4, raw)
  const answer = await world.service.request(request)
  const looks = vi.spyOn(world.book, 'byTransaction')
  expect(await world.service.request(request)).toBe(answer)
  expect(looks).not.toHaveBeenCalled()
  expect(await refused(world.request(5, window + 5, raw))).toBe('alreadyPromised')
  expect(looks).toHaveBeenCalledTimes(1)
  looks.mockRestore()
})

test('the table in docs/commitments.md has a row for every refusal, and no other', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../../docs/commitments.md'), 'utf8')
  const [, table] = /## Bad requests\n([\s\S]*?)\n## /.exec(text)!
  const named = [...table!.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
  expect(named.filter((name) => name !== 'internal').sort()).toEqual([...REFUSAL_CODES].sort())
})

test('nonceTooLow: what is executed already', async () => {
  await world.service.request(world.request(5, window + 4, await pay(4, { nonce: 0 })))
  const again = await pay(4, { nonce: 0, data: '0x01', gas: 30_000n })
  expect(await refused(world.request(5, window + 4, again))).toBe('nonceTooLow')
  expect(await refused(world.request(4, window + 4, again))).toBe('nonceTooLow')
})

test('alreadyPromised: the same transaction by another slot, and another one for its nonce', async () => {
  const raw = await pay(5, { nonce: 0 })
  await world.service.request(world.request(4, window + 5, raw))
  expect(await refused(world.request(4, window + 6, raw))).toBe('alreadyPromised')

  const later = await pay(6)
  await world.service.request(world.request(4, window + 20, later))
  const other = await pay(6, { data: '0x02', gas: 30_000n })
  expect(await refused(world.request(4, window + 12, other))).toBe('alreadyPromised')
  expect(await refused(world.request(5, window + 12, other))).toBe('alreadyPromised')
})

test('notExecutable: its zk gas fits no block, and it is not tried in another one', async () => {
  const raw = await pay(11, hashingCreation)
  await expect(world.service.request(world.request(5, window + 5, raw))).rejects.toMatchObject({
    code: 'notExecutable' satisfies RefusalCode,
    message:
      'Transaction cannot be executed: its zk gas is more than any block has beside the anchor transaction (D-92)',
  })
  // The nonce is free, and the block under way goes on.
  expect(await refused(world.request(5, window + 5, await pay(11)))).toBe('answered')
})

test('windowNotOpen: an execution in a window to come', async () => {
  expect(await refused(world.request(5, window + 18, await transfer()))).toBe('windowNotOpen')
})

test('windowFull: more gas than a block has is promised ahead', async () => {
  const next = window + 18
  const { header } = (await world.chain.headerByNumber(world.chain.heads().latest.number))!
  const gas = (header.gasLimit * 2n) / 5n
  const results: string[] = []
  for (const sender of [7, 8, 9])
    results.push(await refused(world.request(4, next, await pay(sender, { gas }))))
  expect(results).toEqual(['answered', 'answered', 'windowFull'])
  const second = await pay(7, { gas, data: '0x07' })
  expect(await refused(world.request(4, next, second))).toBe('alreadyPromised')
})

test('syncing: the node does not follow L1 at its head', async () => {
  ready = { isReady: false, reason: 'the newest L1 block is 100 s old' }
  try {
    const request = world.request(4, window + 5, await transfer())
    await expect(world.service.request(request)).rejects.toMatchObject({
      code: 'syncing',
      message: 'Not ready to promise: the newest L1 block is 100 s old',
      isTemporary: true,
    })
    await expect(world.service.slots()).rejects.toMatchObject({ code: 'syncing' })
    await expect(world.service.fee(request)).rejects.toMatchObject({ code: 'syncing' })
  } finally {
    ready = { isReady: true }
  }
})

test('notEnoughTime: the window is closing', async () => {
  // Its sequencer stops 24 seconds before the last slot begins, and a promise needs four more.
  await world.until(window + 12, 9000)
  const raw = await transfer()
  expect(await refused(world.request(4, window + 15, raw))).toBe('notEnoughTime')
  const request = world.request(5, window + 15, raw)
  await expect(world.service.request(request)).rejects.toMatchObject({
    code: 'notEnoughTime',
    message: 'Not enough time to satisfy request',
    isTemporary: false,
  })
  const slots = await world.service.slots()
  expect(slots.map(({ slot }) => Number(slot)).slice(0, 2)).toEqual([window + 16, window + 17])
})

test('notOurWindow: a slot of another operator', async () => {
  await world.until(window + 17)
  expect(await refused(world.request(4, window + 35, await transfer()))).toBe('notOurWindow')
  const slots = await world.service.slots()
  expect(slots.every(({ slot }) => Number(slot) < window + 32)).toBe(true)
})

function withPayload(request: CommitmentRequest, change: (hex: string) => string): CommitmentRequest {
  return { ...request, payload: change(request.payload) as Hex }
}

/** `s` in the upper half: nobody's since EIP-2. */
function unsign(raw: Uint8Array): Uint8Array {
  const text = bytesToHex(raw)
  return Buffer.from(`${text.slice(2, -64)}${'ff'.repeat(32)}`, 'hex')
}
