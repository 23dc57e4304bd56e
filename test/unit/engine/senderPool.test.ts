import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createSenderPool } from '../../../src/engine/senderPool.ts'
import { decodeTransaction, type Transaction } from '../../../src/engine/transaction.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { workerUrl } from '../../../src/primitives/worker.ts'
import { signTransaction, testAddress } from '../../support/proposeTransactions.ts'

const COMPILED = workerUrl(
  new URL('../../../src/engine/senderPool.ts', import.meta.url).href,
  './senderWorker.ts',
)

const signed = (count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, i) =>
      signTransaction(1 + (i % 50), { chainId: 1, nonce: Math.floor(i / 50) }),
    ),
  )

function sendersOf(pool: ReturnType<typeof createSenderPool>, list: readonly Uint8Array[]) {
  return list.map((raw) => {
    const { transaction } = decodeTransaction(raw) as { transaction: Transaction }
    const sender = pool.senderOf(keccak256Hex(raw), transaction)
    return sender === null ? null : bytesToHex(sender)
  })
}

const expected = (count: number) => Array.from({ length: count }, (_, i) => testAddress(1 + (i % 50)))

test('recovers on the own thread, ahead or when asked', async () => {
  const list = await signed(60)
  const ahead = createSenderPool(0)
  await ahead.recover(list)
  expect(sendersOf(ahead, list)).toEqual(expected(60))
  expect(sendersOf(createSenderPool(0), list)).toEqual(expected(60))
  await ahead.close()
})

test('bytes that are no transaction, and signatures of nobody, do not disturb the others', async () => {
  const [first, second] = (await signed(2)) as [Uint8Array, Uint8Array]
  const nobody = first.slice()
  // The last byte of s: recovers to another key, or to none; never throws.
  nobody[nobody.length - 1]! ^= 1
  const pool = createSenderPool(0)
  await pool.recover([new Uint8Array(0), Uint8Array.of(0xc0), nobody, second])
  expect(sendersOf(pool, [second])).toEqual([testAddress(2)])
  expect(sendersOf(pool, [nobody])).not.toEqual([testAddress(1)])
})

describe.skipIf(!existsSync(fileURLToPath(COMPILED)))('in threads (after `npm run build`)', () => {
  test('recovers the same, in any number of threads, and can be asked many times at once', async () => {
    const list = await signed(130)
    for (const workers of [1, 2, 3]) {
      const pool = createSenderPool(workers)
      await Promise.all([pool.recover(list.slice(0, 70)), pool.recover(list.slice(50)), pool.recover([])])
      expect(sendersOf(pool, list)).toEqual(expected(130))
      await pool.close()
    }
  })

  test('a pool that was closed says so instead of waiting for ever', async () => {
    const pool = createSenderPool(1)
    await pool.close()
    await expect(pool.recover(await signed(1))).rejects.toThrow('signature recovery thread has ended')
  })
})
