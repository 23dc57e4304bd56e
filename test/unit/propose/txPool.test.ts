import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rollupRules } from '../../../src/engine/rules/evmRules.ts'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { effectiveTip, mayReplace } from '../../../src/propose/pool/price.ts'
import { createTxPool, type TxPool, type TxPoolOptions } from '../../../src/propose/txPool.ts'
import { signTransaction, testAddress } from '../../support/proposeTransactions.ts'

const CHAIN_ID = 1670042
const GWEI = 1_000_000_000n
const HEAD = { baseFeePerGas: 10_000_000n, gasLimit: 14_000_000n }
/** What a default transfer may cost at most. */
const TRANSFER_COST = 21_000n * 2n * GWEI + 1n

type State = Map<Address, { nonce: bigint; balance: bigint }>

function createPool(state: State, options: Partial<TxPoolOptions> = {}, now = () => 0): TxPool {
  const account = (address: Address) => state.get(address) ?? { nonce: 0n, balance: 0n }
  return createTxPool(
    { state: { nonce: (a) => account(a).nonce, balance: async (a) => account(a).balance }, now },
    {
      rules: { chainId: BigInt(CHAIN_ID), evm: rollupRules('shasta'), minTip: 1n },
      head: HEAD,
      ...options,
    },
  )
}

const rich = (...indexes: number[]): State =>
  new Map(indexes.map((index) => [testAddress(index), { nonce: 0n, balance: 10n ** 20n }]))

const sign = (index: number, fields: object = {}) => signTransaction(index, { chainId: CHAIN_ID, ...fields })
const priced = (index: number, nonce: number, gwei: bigint) =>
  sign(index, { nonce, maxFeePerGas: gwei * GWEI, maxPriorityFeePerGas: gwei * GWEI })

async function refusal(pool: TxPool, raw: Uint8Array): Promise<string> {
  return pool.add(raw).then(
    () => 'admitted',
    (error) => error.message,
  )
}

const hashesByPrice = (pool: TxPool, baseFee = HEAD.baseFeePerGas): Hash[] =>
  [...pool.pendingByPrice(baseFee)].map(({ hash }) => hash)

describe('admission by state', () => {
  test('refuses what is known already', async () => {
    const pool = createPool(rich(1))
    const raw = await sign(1)
    expect(await pool.add(raw)).toBe(keccak256Hex(raw))
    expect(await refusal(pool, raw)).toBe('already known')
  })

  test('refuses a used nonce', async () => {
    const pool = createPool(new Map([[testAddress(1), { nonce: 5n, balance: 10n ** 20n }]]))
    expect(await refusal(pool, await sign(1, { nonce: 4 }))).toBe('nonce too low: next nonce 5, tx nonce 4')
    expect(await refusal(pool, await sign(1, { nonce: 5 }))).toBe('admitted')
  })

  test('refuses who cannot pay gas at the highest price plus value', async () => {
    const pool = createPool(new Map([[testAddress(1), { nonce: 0n, balance: TRANSFER_COST - 1n }]]))
    expect(await refusal(pool, await sign(1))).toBe(
      `insufficient funds for gas * price + value: balance ${TRANSFER_COST - 1n}, tx cost ${TRANSFER_COST}, overshot 1`,
    )
  })

  test('refuses what all pending transactions together overdraw, but not a queued one', async () => {
    const pool = createPool(new Map([[testAddress(1), { nonce: 0n, balance: 2n * TRANSFER_COST - 1n }]]))
    await pool.add(await sign(1))
    expect(await refusal(pool, await sign(1, { nonce: 1 }))).toMatch(
      /^insufficient funds for gas \* price \+ value: balance \d+, queued cost \d+, tx cost \d+, overshot 1$/,
    )
    // A replacement counts instead of what it replaces.
    expect(
      await refusal(pool, await sign(1, { maxFeePerGas: 3n * GWEI, maxPriorityFeePerGas: 2n * GWEI })),
    ).toBe('admitted')
  })

  test('adds at the same time see one another', async () => {
    const pool = createPool(new Map([[testAddress(1), { nonce: 0n, balance: TRANSFER_COST }]]))
    const answers = await Promise.all([
      refusal(pool, await sign(1)),
      refusal(pool, await sign(1, { nonce: 1 })),
    ])
    expect(answers[0]).toBe('admitted')
    expect(answers[1]).toMatch(/^insufficient funds/)
  })
})

describe('pending and queued', () => {
  test('a gap queues what comes after it, and filling it makes all executable', async () => {
    const pool = createPool(rich(1))
    await pool.add(await sign(1, { nonce: 0 }))
    await pool.add(await sign(1, { nonce: 2 }))
    await pool.add(await sign(1, { nonce: 3 }))
    expect(pool.status()).toEqual({ pending: 1, queued: 2 })
    expect(pool.pendingNonce(testAddress(1))).toBe(1n)
    await pool.add(await sign(1, { nonce: 1 }))
    expect(pool.status()).toEqual({ pending: 4, queued: 0 })
    expect(pool.pendingNonce(testAddress(1))).toBe(4n)
    expect(pool.pendingNonce(testAddress(2))).toBeUndefined()
  })

  test('lists content by sender and nonce', async () => {
    const pool = createPool(rich(1))
    for (const nonce of [3, 0]) await pool.add(await sign(1, { nonce }))
    const { pending, queued } = pool.content().get(testAddress(1))!
    expect([pending.map((t) => t.nonce), queued.map((t) => t.nonce)]).toEqual([[0n], [3n]])
    expect(pool.contentOf(testAddress(1))).toEqual({ pending, queued })
    expect(pool.contentOf(testAddress(2))).toEqual({ pending: [], queued: [] })
  })

  test('tells listeners of each transaction once', async () => {
    const pool = createPool(rich(1))
    const heard: Hash[] = []
    const stop = pool.onAdded(({ hash }) => heard.push(hash))
    const hash = await pool.add(await sign(1))
    await refusal(pool, await sign(1))
    stop()
    await pool.add(await sign(1, { nonce: 1 }))
    expect(heard).toEqual([hash])
  })
})

describe('replacement', () => {
  test.each([
    ['both fees by 10 %', 110n, 110n, 'admitted'],
    ['the fee cap alone', 200n, 109n, 'replacement transaction underpriced'],
    ['the tip alone', 109n, 109n, 'replacement transaction underpriced'],
    ['neither', 100n, 99n, 'replacement transaction underpriced'],
  ])('needs %s more', async (_name, feePercent, tipPercent, answer) => {
    const pool = createPool(rich(1))
    const first = await pool.add(await sign(1, { maxFeePerGas: GWEI, maxPriorityFeePerGas: GWEI }))
    const next = await sign(1, {
      maxFeePerGas: (GWEI * feePercent) / 100n,
      maxPriorityFeePerGas: (GWEI * tipPercent) / 100n,
      value: 2n,
    })
    expect(await refusal(pool, next)).toBe(answer)
    expect(pool.get(first) === undefined).toBe(answer === 'admitted')
    expect(pool.status()).toEqual({ pending: 1, queued: 0 })
  })

  test('replaces a queued transaction by the same rule', async () => {
    const pool = createPool(rich(1))
    await pool.add(await priced(1, 5, 10n))
    expect(
      await refusal(pool, await sign(1, { nonce: 5, maxFeePerGas: 10n * GWEI, maxPriorityFeePerGas: GWEI })),
    ).toBe('replacement transaction underpriced')
    await pool.add(await priced(1, 5, 11n))
    expect(pool.status()).toEqual({ pending: 0, queued: 1 })
  })

  test('is monotone and never free', () => {
    const fee = fc.bigInt(0n, 10n ** 30n)
    const transaction = fc.record({ maxFeePerGas: fee, maxPriorityFeePerGas: fee })
    fc.assert(
      fc.property(transaction, transaction, fee, (old, next, more) => {
        const replaces = mayReplace(old as never, next as never)
        if (replaces) {
          // geth's arithmetic: at least the old fee · 110 / 100 rounded down, and more than it.
          expect(next.maxFeePerGas * 100n).toBeGreaterThan(old.maxFeePerGas * 110n - 100n)
          expect(next.maxFeePerGas).toBeGreaterThan(old.maxFeePerGas)
          expect(next.maxPriorityFeePerGas).toBeGreaterThan(old.maxPriorityFeePerGas)
          const higher = {
            maxFeePerGas: next.maxFeePerGas + more,
            maxPriorityFeePerGas: next.maxPriorityFeePerGas + more,
          }
          expect(mayReplace(old as never, higher as never)).toBe(true)
        }
      }),
    )
  })
})

describe('limits', () => {
  const limits = { accountSlots: 2, globalSlots: 3, accountQueue: 2, globalQueue: 1 }

  test('a full pool takes only what pays more than its cheapest, which it drops', async () => {
    const pool = createPool(rich(1, 2, 3, 4, 5, 6), { limits: { ...limits, globalSlots: 4, globalQueue: 0 } })
    const cheapest = await pool.add(await priced(1, 0, 2n))
    for (const index of [2, 3, 4]) await pool.add(await priced(index, 0, 5n))
    expect(await refusal(pool, await priced(5, 0, 2n))).toBe('transaction underpriced')
    expect(await refusal(pool, await priced(5, 0, 3n))).toBe('admitted')
    expect(pool.get(cheapest)).toBeUndefined()
    expect(pool.status().pending).toBe(4)
  })

  test('counts a large transaction as several slots', async () => {
    const pool = createPool(rich(1, 2, 3), { limits: { ...limits, globalSlots: 3, globalQueue: 0 } })
    await pool.add(await priced(1, 0, 1n))
    await pool.add(await priced(2, 0, 1n))
    const large = await sign(3, {
      data: `0x${'11'.repeat(40_000)}`,
      gas: 1_000_000n,
      maxFeePerGas: 9n * GWEI,
      maxPriorityFeePerGas: 9n * GWEI,
    })
    await pool.add(large)
    expect(pool.status().pending).toBe(2)
  })

  test('a gapped transaction cannot push out an executable one', async () => {
    const pool = createPool(rich(1, 2, 3, 4), { limits: { ...limits, globalSlots: 3, globalQueue: 0 } })
    for (const index of [1, 2, 3]) await pool.add(await priced(index, 0, 1n))
    expect(await refusal(pool, await priced(4, 7, 9n))).toBe('future transaction tries to replace pending')
  })

  test('one account cannot queue more than its share', async () => {
    const pool = createPool(rich(1), { limits: { ...limits, globalSlots: 10, globalQueue: 10 } })
    for (const nonce of [5, 6]) await pool.add(await sign(1, { nonce }))
    expect(await refusal(pool, await sign(1, { nonce: 7 }))).toBe('txpool is full')
    // Room for a lower nonce is made at the far end.
    await pool.add(await sign(1, { nonce: 4 }))
    expect(
      pool
        .content()
        .get(testAddress(1))!
        .queued.map((t) => t.nonce),
    ).toEqual([4n, 5n])
  })

  test('past the limit the largest sender loses his last pending transactions, no one his guaranteed ones', async () => {
    const pool = createPool(rich(1, 2), { limits: { ...limits, globalQueue: 5 } })
    for (const nonce of [0, 1, 2]) await pool.add(await sign(1, { nonce }))
    await pool.add(await sign(2))
    expect(pool.pendingNonce(testAddress(1))).toBe(2n)
    expect(pool.pendingNonce(testAddress(2))).toBe(1n)
  })

  test('past the limit of queued ones the account quiet for longest loses his', async () => {
    let time = 0
    const pool = createPool(rich(1, 2), { limits: { ...limits, globalSlots: 10 } }, () => time)
    await pool.add(await sign(1, { nonce: 5 }))
    time = 1000
    await pool.add(await sign(2, { nonce: 5 }))
    expect([...pool.content().keys()]).toEqual([testAddress(2)])
  })

  test('queued transactions expire, executable ones do not', async () => {
    let time = 0
    const pool = createPool(rich(1), {}, () => time)
    await pool.add(await sign(1))
    await pool.add(await sign(1, { nonce: 4 }))
    time = 3 * 60 * 60 * 1000 + 1
    await pool.update({ head: HEAD, added: [], removed: [] })
    expect(pool.status()).toEqual({ pending: 1, queued: 0 })
  })
})

describe('following the chain', () => {
  test('drops what was included, what can no longer be paid, and what no block can hold', async () => {
    const state = rich(1, 2, 3)
    const pool = createPool(state)
    const included = await sign(1)
    for (const raw of [
      included,
      await sign(1, { nonce: 1 }),
      await sign(2),
      await sign(3, { gas: 5_000_000n }),
    ])
      await pool.add(raw)
    state.set(testAddress(1), { nonce: 1n, balance: 10n ** 20n })
    state.set(testAddress(2), { nonce: 0n, balance: 1n })
    await pool.update({
      head: { ...HEAD, gasLimit: 4_000_000n },
      added: [{ hash: '0xaa', transactions: [included] }],
      removed: [],
    })
    expect([...pool.content().keys()]).toEqual([testAddress(1)])
    expect(pool.pendingNonce(testAddress(1))).toBe(2n)
  })

  test('a reorg brings the transactions of removed blocks back, once and in order', async () => {
    const state = rich(1)
    const pool = createPool(state)
    const [first, second] = [await sign(1), await sign(1, { nonce: 1 })]
    for (const raw of [first, second]) await pool.add(raw)
    state.set(testAddress(1), { nonce: 2n, balance: 10n ** 20n })
    const added = [
      { hash: '0xaa' as Hash, transactions: [first] },
      { hash: '0xbb' as Hash, transactions: [second] },
    ]
    await pool.update({ head: HEAD, added, removed: [] })
    expect(pool.status()).toEqual({ pending: 0, queued: 0 })
    // The new branch holds the first one again.
    state.set(testAddress(1), { nonce: 1n, balance: 10n ** 20n })
    await pool.update({
      head: HEAD,
      removed: ['0xbb', '0xaa'],
      added: [{ hash: '0xcc', transactions: [first] }],
    })
    expect(hashesByPrice(pool)).toEqual([keccak256Hex(second)])
  })

  test('a transaction that the new branch made invalid does not return', async () => {
    const state = rich(1)
    const pool = createPool(state)
    const raw = await sign(1)
    await pool.update({ head: HEAD, added: [{ hash: '0xaa', transactions: [raw] }], removed: [] })
    state.set(testAddress(1), { nonce: 0n, balance: 0n })
    await pool.update({ head: HEAD, added: [], removed: ['0xaa'] })
    expect(pool.status()).toEqual({ pending: 0, queued: 0 })
  })

  test('forgets what it is told to', async () => {
    const pool = createPool(rich(1))
    const hash = await pool.add(await sign(1))
    await pool.add(await sign(1, { nonce: 1 }))
    await pool.remove([hash, '0xunknown'])
    expect(pool.status()).toEqual({ pending: 0, queued: 1 })
  })
})

describe('order', () => {
  test('takes the best tip first, a sender by nonce, equals by arrival, and nothing below the base fee', async () => {
    const pool = createPool(rich(1, 2, 3, 4))
    const slow = await pool.add(await priced(1, 0, 1n))
    const high = await pool.add(await priced(1, 1, 9n))
    const middle = await pool.add(await priced(2, 0, 5n))
    const later = await pool.add(await priced(3, 0, 5n))
    await pool.add(await sign(4, { maxFeePerGas: HEAD.baseFeePerGas - 1n, maxPriorityFeePerGas: 1n }))
    expect(hashesByPrice(pool)).toEqual([middle, later, slow, high])
    expect(hashesByPrice(pool, 6n * GWEI)).toEqual([])
  })

  test('is a merge of the senders: always the best head, for any fees', async () => {
    const offers = fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 4,
    })
    await fc.assert(
      fc.asyncProperty(offers, fc.bigInt(1n, 9n), async (senders, baseFeeGwei) => {
        const pool = createPool(rich(1, 2, 3, 4))
        for (const [sender, fees] of senders.entries())
          for (const [nonce, fee] of fees.entries())
            await pool.add(await priced(sender + 1, nonce, BigInt(fee)))
        const baseFee = baseFeeGwei * GWEI
        const order = [...pool.pendingByPrice(baseFee)]
        const next = new Map<string, bigint>()
        for (const [at, transaction] of order.entries()) {
          expect(transaction.nonce).toBe(next.get(transaction.sender) ?? 0n)
          next.set(transaction.sender, transaction.nonce + 1n)
          const heads = order.slice(at).filter((other) => other.nonce === (next.get(other.sender) ?? 0n))
          for (const head of heads) {
            if (head.sender !== transaction.sender)
              expect(effectiveTip(transaction, baseFee)).toBeGreaterThanOrEqual(effectiveTip(head, baseFee))
          }
        }
      }),
      { numRuns: 25 },
    )
  })
})
