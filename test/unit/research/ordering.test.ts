import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import type { Dataset } from '../../../src/research/dataset/readDataset.ts'
import { arrive } from '../../../src/research/ordering/arrival.ts'
import { readDatasetHistory } from '../../../src/research/ordering/datasetHistory.ts'
import { createDraw } from '../../../src/research/ordering/draw.ts'
import { equalSequencers, slotTimes } from '../../../src/research/ordering/history.ts'
import { kendallTau } from '../../../src/research/ordering/kendall.ts'
import { measureOrder } from '../../../src/research/ordering/measure.ts'
import type {
  OrderableTransaction,
  OrderedSlot,
  OrderingContext,
  OrderingSlot,
  Sequencer,
} from '../../../src/research/ordering/rule.ts'
import { chooseRule, RULES } from '../../../src/research/ordering/rules/index.ts'
import { createRoundRobin } from '../../../src/research/ordering/rules/roundRobin.ts'
import { sellSecondPrice } from '../../../src/research/ordering/rules/timeboost.ts'
import { inputOf } from '../../support/dataset.ts'

const address = (digit: string): Address => `0x${digit.repeat(40)}`
const [A, B, C, D] = [address('a'), address('b'), address('c'), address('d')]

/** `name` is the first digit of the sender, and the number of his nonce: a0, a1, b0. */
function tx(name: string, arrivalMs: number, more: Partial<OrderableTransaction> = {}): OrderableTransaction {
  return {
    hash: `0x${Buffer.from(name).toString('hex').padEnd(64, '0')}`,
    sender: address(name[0]!),
    nonce: BigInt(name.slice(1)),
    arrivalMs,
    tip: 1n,
    gas: 10n,
    canonicalIndex: arrivalMs,
    canonicalSlot: 0,
    ...more,
  }
}

const nameOf = ({ sender, nonce }: OrderableTransaction) => `${sender[2]}${nonce}`
const names = (ordered: readonly OrderedSlot[]) =>
  ordered.map((slot) => slot.transactions.map(nameOf).join(' '))
const leaders = (ordered: readonly OrderedSlot[]) =>
  ordered.map(({ sequencer }) => sequencer?.[2] ?? '-').join('')

/** Slots of a second, with room for three transactions. */
function slots(count: number, more: Partial<OrderingSlot> = {}): readonly OrderingSlot[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ index, startMs: index * 1_000, endMs: (index + 1) * 1_000, gasLimit: 30n },
    ...more,
  }))
}

const staked = (address: Address, stake: bigint, faultProbability = 0): Sequencer => ({
  ...{ address, stake, faultProbability },
})

/** Lots are the numbers given, over and over. */
const lots = (...values: number[]): OrderingContext['draw'] => {
  return () => {
    let at = 0
    return () => values[at++ % values.length]!
  }
}

function order(
  name: string,
  transactions: readonly OrderableTransaction[],
  context: Partial<OrderingContext> = {},
) {
  const { rule, parameter } = chooseRule(name)
  return rule.order(transactions, {
    ...{ slots: slots(2), sequencers: [staked(A, 1n)], draw: createDraw(1), parameter },
    ...context,
  })
}

describe('total anarchy', () => {
  it('takes L1’s order, and of a nonce that comes twice the first', () => {
    const transactions = [
      tx('b0', 5, { canonicalIndex: 0 }),
      tx('a0', 900, { canonicalIndex: 1 }),
      tx('b0', 7, { canonicalIndex: 2, canonicalSlot: 1, hash: '0x01' }),
      tx('a1', 1, { canonicalIndex: 3, canonicalSlot: 1 }),
    ]
    const proposed = slots(2).map((slot, index) => ({ ...slot, proposer: index === 0 ? C : D }))
    const ordered = order('total-anarchy', transactions, { slots: proposed })
    expect(names(ordered)).toEqual(['b0 a0', 'a1'])
    expect(leaders(ordered)).toBe('cd')
  })

  it('leaves out what this order did not execute, and what it left did not use a nonce', () => {
    const transactions = [
      tx('a0', 5, { canonicalIndex: 0, isDropped: true }),
      tx('b9', 6, { canonicalIndex: 1, isDropped: true }),
      tx('b0', 7, { canonicalIndex: 2 }),
      tx('a0', 8, { canonicalIndex: 3, hash: '0x01' }),
    ]
    expect(names(order('total-anarchy', transactions))).toEqual(['b0 a0', ''])
  })
})

describe('lookahead', () => {
  it('gives slots to their proposers, and draws for those L1 does not name', () => {
    const proposed = slots(3).map((slot, index) => (index === 1 ? slot : { ...slot, proposer: C }))
    const sequencers = [staked(A, 1n), staked(B, 1n)]
    const ordered = order('lookahead', [tx('a0', 1), tx('b0', 2, { tip: 9n })], {
      ...{ slots: proposed, sequencers, draw: lots(0.7) },
    })
    expect(leaders(ordered)).toBe('cbc')
    expect(names(ordered)).toEqual(['b0 a0', '', ''])
  })
})

describe('whitelist rotation', () => {
  it('hands over before the end of the epoch', () => {
    // Epochs of 3 s, the last of them handed over: the second operator has slots 2, 3, 4.
    const ordered = order('whitelist-rotation:epoch-ms=3000:handover-ms=1000', [], {
      ...{ slots: slots(6), sequencers: [staked(A, 1n), staked(B, 1n), staked(C, 1n)] },
      draw: lots(0.1, 0.9, 0.5),
    })
    expect(leaders(ordered)).toBe('aacccb')
  })
})

describe('proof-of-stake rotation', () => {
  it('draws by stake, and leaves slots of faulty ones empty', () => {
    // Of 4 units A has the first, B the rest; B fails in the second slot.
    const sequencers = [staked(A, 1n), staked(B, 3n, 0.5)]
    const draw = (label: string) =>
      label.endsWith('fault') ? lots(0.9, 0.4, 0.6)('') : lots(0.24, 0.26, 0.9)('')
    const transactions = [tx('a0', 100), tx('b0', 1_100), tx('c0', 1_200, { tip: 5n })]
    const ordered = order('pos-rotation', transactions, { slots: slots(3), sequencers, draw })
    expect(leaders(ordered)).toBe('a-b')
    expect(names(ordered)).toEqual(['a0', '', 'c0 b0'])
  })

  it('draws each by its stake in the long run', () => {
    const sequencers = [staked(A, 1n), staked(B, 3n)]
    const drawn = leaders(order('pos-rotation', [], { slots: slots(4_000), sequencers }))
    // 3,000 expected; five standard deviations are 137.
    const ofB = [...drawn].filter((digit) => digit === 'b').length
    expect(Math.abs(ofB - 3_000)).toBeLessThan(137)
  })
})

describe('Espresso', () => {
  const transactions = [
    tx('a0', 1, { namespace: 'x' }),
    tx('b0', 2, { namespace: 'y', tip: 9n }),
    tx('c0', 3, { namespace: 'x', tip: 5n }),
  ]

  it('keeps each rollup together, in the builder’s order', () => {
    expect(names(order('espresso', transactions))[0]).toBe('a0 c0 b0')
    expect(names(order('espresso:greedy=1', transactions))[0]).toBe('b0 c0 a0')
  })
})

describe('CometBFT’s round robin', () => {
  it('lets a stake of 3 lead three turns of four', () => {
    // Priorities of A and B by turn: 1 3 → B, −1; 2 2 → A (the first of equals), −2; −1 5 → B, 1; 0 4 → B, 0; and again.
    const next = createRoundRobin([staked(A, 1n), staked(B, 3n)])
    const turns = Array.from({ length: 8 }, next)
    expect(turns.map((each) => each[2]).join('')).toBe('babbbabb')
  })
})

describe('Astria', () => {
  const transactions = [
    tx('a0', 1),
    tx('a1', 2),
    tx('b0', 3),
    tx('c0', 4, { group: 1, tip: 50n }),
    tx('d0', 5, { tip: 9n }),
  ]

  it('goes by group, then distance of the nonce, then time', () => {
    const wide = slots(1, { gasLimit: 100n })
    expect(names(order('astria', transactions, { slots: wide }))).toEqual(['a0 b0 d0 a1 c0'])
  })

  it('puts the highest bid on top, whatever its group', () => {
    const wide = slots(1, { gasLimit: 100n })
    expect(names(order('astria:auction=1', transactions, { slots: wide }))).toEqual(['c0 a0 b0 d0 a1'])
    const tied = [tx('a0', 1), tx('b0', 2, { tip: 7n }), tx('c0', 3, { tip: 7n })]
    expect(names(order('astria:auction=1', tied, { slots: wide }))).toEqual(['b0 a0 c0'])
  })
})

describe('decentralised Timeboost', () => {
  it('sorts by a hash of the list and the sender', () => {
    const transactions = [tx('a0', 1), tx('a1', 2), tx('b0', 3)]
    const hashes = transactions.map(({ hash }) => hash).sort()
    const digest = keccak256(concatBytes(...hashes.map(hexToBytes)))
    const keyOf = (sender: Address) => bytesToHex(keccak256(concatBytes(digest, hexToBytes(sender))))
    const expected = keyOf(A) < keyOf(B) ? 'a0 a1 b0' : 'b0 a0 a1'
    expect(names(order('decentralised-timeboost', transactions))[0]).toBe(expected)
  })
})

describe('Timeboost', () => {
  // Rounds of 2 s; the auction of the second closes at 1 s. In [−1 s, 1 s) A tips 3 × 10, B 2 × 10.
  const name = 'timeboost:round-ms=2000:closing-ms=1000:reserve-gwei=0'
  const before = [tx('a0', 10, { tip: 3n }), tx('b0', 20, { tip: 2n })]
  const after = [tx('b1', 2_100), tx('a1', 2_200), tx('c0', 2_850)]
  const context = { slots: slots(4), draw: lots(0.5) }

  it('sells the round to the highest bid for the second, and lets others wait 200 ms in it', () => {
    const ordered = order(name, [...before, ...after], context)
    // B's 2,100 counts as 2,300, C's 2,850 as 3,050: the slot after.
    expect(names(ordered)).toEqual(['a0 b0', '', 'a1 b1', 'c0'])
    expect(ordered.map(({ payment }) => payment)).toEqual([
      undefined,
      undefined,
      { payer: A, wei: 20n },
      undefined,
    ])
  })

  it('lets nobody wait while a round has no controller', () => {
    const ordered = order('timeboost:round-ms=2000:closing-ms=1000', [...before, ...after], context)
    expect(names(ordered)).toEqual(['a0 b0', '', 'b1 a1 c0', ''])
  })

  it('asks for the reserve of a lone bidder, and breaks ties by hash', () => {
    expect(sellSecondPrice([{ payer: A, wei: 9n }], 1, 5n)).toEqual({ payer: A, wei: 5n })
    expect(sellSecondPrice([{ payer: A, wei: 4n }], 1, 5n)).toBeUndefined()
    const rank = (payer: Address, round: number) =>
      bytesToHex(keccak256(concatBytes(hexToBytes(payer), new TextEncoder().encode(String(round)))))
    for (const round of [1, 2, 3, 4]) {
      const winner = rank(A, round) > rank(B, round) ? A : B
      const tied = [A, B].map((payer) => ({ payer, wei: 7n }))
      expect(sellSecondPrice(tied, round, 5n)).toEqual({ payer: winner, wei: 7n })
    }
  })
})

describe('first come', () => {
  const transactions = [tx('a0', 10), tx('b0', 40), tx('c0', 120)]

  it('goes by arrival', () => {
    expect(names(order('first-come', transactions, { draw: lots(0.9, 0.1, 0.5) }))[0]).toBe('a0 b0 c0')
  })

  it('draws among those in one grain of time', () => {
    const name = 'first-come:granularity-ms=100'
    expect(names(order(name, transactions, { draw: lots(0.9, 0.1, 0.5) }))[0]).toBe('b0 a0 c0')
  })
})

describe('priority fee', () => {
  it('takes what pays most and fits, but keeps nonces in order', () => {
    const transactions = [
      tx('a0', 1, { tip: 2n }),
      tx('a1', 2, { tip: 9n }),
      tx('b0', 3, { tip: 5n }),
      tx('c0', 4, { tip: 1n }),
    ]
    // By tip a1 b0 a0 c0; A's nonces swap places; the fourth has no room.
    expect(names(order('priority-fee', transactions))).toEqual(['a0 b0 a1', 'c0'])
  })
})

describe('sealed-bid auction', () => {
  const sequencers = [staked(A, 1n), staked(B, 1n), staked(C, 1n)]
  // 100 of tips in the first slot: bids 60, 140, 110 by these lots; nothing in the second.
  const context = { sequencers, draw: lots(0.1, 0.9, 0.6) }
  const transactions = [tx('a0', 1, { tip: 4n }), tx('b0', 2, { tip: 6n })]

  it('sells each slot for the second bid', () => {
    const ordered = order('sealed-bid-auction', transactions, context)
    expect(leaders(ordered)).toBe('ba')
    expect(ordered[0]?.payment).toEqual({ payer: B, wei: 110n })
    expect(names(ordered)[0]).toBe('b0 a0')
  })

  it('or for the first', () => {
    const [first] = order('sealed-bid-auction:first-price=1', transactions, context)
    expect(first?.payment).toEqual({ payer: B, wei: 140n })
  })
})

describe('encrypted ordering', () => {
  const transactions = [tx('a0', 1), tx('b0', 2), tx('c0', 3, { tip: 2n }), tx('d0', 4, { tip: 9n })]

  it('does not see what pays', () => {
    expect(names(order('encrypted', transactions))).toEqual(['a0 b0 c0', 'd0'])
  })

  it('leaves the bottom of the block to the builder', () => {
    // 40 % of 30 gas: the protected part has room for one.
    expect(names(order('encrypted:builder-percent=40', transactions))).toEqual(['a0 d0 c0', 'b0'])
  })
})

describe('inclusion lists', () => {
  const rich = ['b0', 'c0', 'd0', 'e0', 'f0', 'g0'].map((name, at) =>
    tx(name, 10 + 500 * Math.floor(at / 3), { tip: 9n }),
  )
  const poor = tx('a0', 1, { dueMs: 900 })

  it('put what is due into its slot, and what it displaces into the next', () => {
    const transactions = [poor, ...rich]
    expect(names(order('priority-fee', transactions, { slots: slots(3) }))).toEqual([
      'b0 c0 d0',
      'e0 f0 g0',
      'a0',
    ])
    const name = 'inclusion-list+priority-fee'
    expect(names(order(name, transactions, { slots: slots(3) }))).toEqual(['b0 c0 a0', 'd0 e0 f0', 'g0'])
    expect(names(order(`${name}:at-start=1`, transactions, { slots: slots(3) }))[0]).toBe('a0 b0 c0')
  })

  it('are due so long after arrival where nobody says', () => {
    const transactions = [tx('a0', 1), ...rich]
    const ordered = order('inclusion-list+priority-fee:due-ms=1500', transactions, { slots: slots(3) })
    expect(names(ordered)).toEqual(['b0 c0 d0', 'e0 f0 a0', 'g0'])
  })

  it('bring the nonces before with them', () => {
    const transactions = [tx('a0', 1, { dueMs: 5_000 }), tx('a1', 2, { dueMs: 900 }), ...rich]
    const [first] = names(order('inclusion-list+priority-fee:due-ms=5000', transactions, { slots: slots(3) }))
    expect(first).toContain('a0 a1')
  })

  it('wait where nobody orders the slot', () => {
    const sequencers = [staked(A, 1n, 0.5)]
    const draw = (label: string) => (label.endsWith('fault') ? lots(0.4, 0.6)('') : lots(0)(''))
    const ordered = order('inclusion-list+pos-rotation', [poor], { sequencers, draw })
    expect(names(ordered)).toEqual(['', 'a0'])
  })
})

describe('every rule', () => {
  const seeded = createDraw(7)('transactions')
  const transactions = Array.from({ length: 60 }, (_, index) =>
    tx(`${'abcdef'[index % 6]}${Math.floor(index / 6)}`, index * 40, {
      tip: BigInt(Math.floor(seeded() * 100)),
      canonicalSlot: Math.floor((index * 40) / 1_000),
    }),
  )
  const ids = RULES.flatMap(({ id }) => [id, `inclusion-list+${id}`])

  it.each(ids)('%s keeps nonces in order, orders nothing twice or early, and fits the gas', (id) => {
    const wide = slots(40, { gasLimit: 100n, proposer: A })
    const ordered = order(id, transactions, { slots: wide, sequencers: equalSequencers(3) })
    const next = new Map<Address, bigint>()
    const seen = new Set<Hash>()
    for (const { slot, transactions: inSlot } of ordered) {
      if (id !== 'total-anarchy' && id !== 'inclusion-list+total-anarchy')
        expect(inSlot.length).toBeLessThanOrEqual(10)
      for (const { hash, sender, nonce, arrivalMs } of inSlot) {
        expect(seen.has(hash)).toBe(false)
        expect(nonce).toBe(next.get(sender) ?? 0n)
        expect(arrivalMs).toBeLessThan((slot + 1) * 1_000)
        next.set(sender, nonce + 1n)
        seen.add(hash)
      }
    }
    expect(seen.size).toBe(60)
  })
})

describe('names of rules', () => {
  it('are refused where there is no such rule or parameter', () => {
    expect(() => chooseRule('anarchy')).toThrow('there is no rule anarchy: total-anarchy')
    expect(() => chooseRule('first-come:grain=5')).toThrow('granularity-ms=NUMBER')
    expect(() => chooseRule('first-come:granularity-ms=x')).toThrow('is no parameter')
  })
})

describe('arrival', () => {
  const times = slotTimes(100n, [102n, 104n, 104n])
  const history = {
    title: '',
    notes: [],
    sequencers: [],
    transactions: [
      tx('a0', 0),
      tx('b0', 0, { canonicalSlot: 1 }),
      tx('c0', 0, { canonicalSlot: 1 }),
      tx('d0', 0, { canonicalSlot: 1 }),
    ].map(({ arrivalMs: _, ...transaction }, canonicalIndex) => ({ ...transaction, canonicalIndex })),
    slots: times.map((slot) => ({ ...slot, gasLimit: 30n })),
    publicationOf: [0, 1, 2].map(() => ({ first: 0, last: 1 })),
  }
  const arrivals = (model: Parameters<typeof arrive>[1], draw = lots(0.5)) =>
    arrive(history, model, { draw, jitterMs: 1_000 }).map(({ arrivalMs }) => arrivalMs)

  it('has slots that each last', () => {
    expect(times.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [0, 2_000],
      [2_000, 4_000],
      [4_000, 4_001],
    ])
  })

  it('is spread over what a publication covers, at the end of the block, or before it by lot', () => {
    expect(arrivals('publication')).toEqual([0, 1_000, 2_000, 3_000])
    expect(arrivals('position')).toEqual([1_999, 3_999, 3_999, 3_999])
    // −ln(1 − 0.5) × 1,000 = 693.
    expect(arrivals('jitter')).toEqual([1_306, 3_306, 3_306, 3_306])
  })

  it('is what a node saw, but never after the block', () => {
    const seen = history.transactions.map((each, index) =>
      index < 2 ? { ...each, firstSeenMs: 3_000 } : each,
    )
    const arrived = arrive({ ...history, transactions: seen }, 'first-seen', { draw: lots(0), jitterMs: 1 })
    expect(arrived.map(({ arrivalMs }) => arrivalMs)).toEqual([1_999, 3_000, 3_999, 3_999])
  })
})

describe('a dataset', () => {
  const tables = inputOf({
    l2_blocks: [
      {
        block_number: 5n,
        timestamp: 100,
        gas_limit: 90n,
        base_fee_per_gas: 2n,
        proposer: C,
        proposal_id: 1n,
      },
      {
        block_number: 6n,
        timestamp: 103,
        gas_limit: 90n,
        base_fee_per_gas: 2n,
        proposer: D,
        proposal_id: 2n,
      },
    ],
    transactions: [
      {
        ...{ block_number: 6n, transaction_index: 1, transaction_hash: '0xb0', from_address: B, nonce: 4n },
        ...{ success: false, gas_used: 7n, effective_gas_price: 5n, is_forced_inclusion: true },
      },
      {
        ...{ block_number: 5n, transaction_index: 1, transaction_hash: '0xa0', from_address: A, nonce: 3n },
        ...{ success: true, gas_used: 6n, effective_gas_price: 9n, first_seen_at: 99_500 },
      },
      // Listed, but not executed.
      { block_number: 5n, transaction_hash: '0xc0', drop_reason: 'nonce' },
    ],
    forced_inclusions: [{ l2_block_number: 6n, due_at: 102 }],
  })
  const manifest = { network: 'devnet' } as Dataset['manifest']

  it('gives what executed, with the times that a node knew', () => {
    const { transactions, slots: read, sequencers } = readDatasetHistory({ manifest, rows: tables.rows }, {})
    expect(transactions).toEqual([
      {
        ...{ hash: '0xa0', sender: A, nonce: 3n, tip: 7n, gas: 6n },
        ...{ canonicalIndex: 0, canonicalSlot: 0, firstSeenMs: 500 },
      },
      {
        ...{ hash: '0xb0', sender: B, nonce: 4n, tip: 3n, gas: 7n },
        ...{ canonicalIndex: 1, canonicalSlot: 1, dueMs: 3_000 },
      },
    ])
    expect(read.map(({ startMs, endMs, proposer }) => [startMs, endMs, proposer])).toEqual([
      [0, 1_000, C],
      [1_000, 4_000, D],
    ])
    expect(sequencers.map(({ address, stake }) => [address, stake])).toEqual([
      [C, 1n],
      [D, 1n],
    ])
  })

  it('can be cut to a range of blocks, if there are any', () => {
    const read = readDatasetHistory({ manifest, rows: tables.rows }, { from: 6n })
    expect(read.transactions).toHaveLength(1)
    expect(() => readDatasetHistory({ manifest, rows: tables.rows }, { from: 7n })).toThrow('no L2 block')
  })
})

describe('what is measured', () => {
  it('is Kendall’s τ over all pairs', () => {
    expect(kendallTau([0, 1, 2, 3])).toBe(1)
    expect(kendallTau([3, 2, 1, 0])).toBe(-1)
    // Of six pairs 2-0, 2-1 are reversed.
    expect(kendallTau([2, 0, 1, 3])).toBeCloseTo(1 / 3, 12)
    expect(kendallTau([5])).toBeNull()
  })

  it('counts turns, delays and what is left out', () => {
    const transactions = [
      tx('a0', 500),
      tx('b0', 700, { tip: 3n }),
      tx('c0', 1_500, { canonicalSlot: 1 }),
      tx('d0', 1_900, { canonicalSlot: 1 }),
    ]
    const [a, b, c] = transactions
    const ordered: OrderedSlot[] = [
      { slot: 0, sequencer: A, transactions: [b!] },
      { slot: 1, sequencer: A, transactions: [c!, a!], payment: { payer: A, wei: 8n } },
      { slot: 2, transactions: [] },
      { slot: 3, sequencer: B, transactions: [] },
    ]
    const measured = measureOrder(ordered, { slots: slots(4), transactions })
    expect(measured).toMatchObject({
      'slots-missed': 0.25,
      'slots-empty': 0.5,
      'left-out': 1,
      sequencers: 2,
      'nakamoto-half': 1,
      'max-share': 2 / 3,
      'max-share-tips': 1,
      // One pair, in slot 1: c before a, and a came first; their tips are the same.
      'kendall-arrival': -1,
      'kendall-tip': null,
      payments: 8,
    })
    // In order b (index 700), c (1,500), a (500): two of three pairs are reversed.
    expect(measured['kendall-canonical']).toBeCloseTo(-1 / 3, 12)
    // a waits 1.5 s, b 0.3 s, c 0.5 s; only a is a slot later than on L1.
    expect(measured['delay-p50']).toBe(0.5)
    expect(measured.moved).toBeCloseTo(1 / 3, 12)
    expect(measured['delay-change']).toBeCloseTo(1 / 3, 12)
  })
})
