import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeLookahead, encodeLookahead } from '../../../src/schedule/vector.ts'
import { type LookaheadWindow, windowsOf } from '../../../src/schedule/windows.ts'

const PER_EPOCH = 4n
const lookahead = (epoch: bigint, proposers: readonly number[]) => ({
  epoch,
  slotsPerEpoch: PER_EPOCH,
  proposers: proposers.map(BigInt),
})
/** Validators below 100 have opted in. */
const isIn = (validator: bigint) => (validator < 100n ? `operator ${validator}` : undefined)
const shape = (windows: readonly LookaheadWindow<string>[]) =>
  windows.map(({ firstSlot, lastSlot, ...rest }) => [
    Number(firstSlot),
    Number(lastSlot),
    rest.type === 'owned' ? rest.owner : rest.type,
  ])

describe('windows of a lookahead', () => {
  test('an opted-in proposer owns its slot and the empty ones before it, over the epoch boundary too', () => {
    expect(shape(windowsOf(lookahead(10n, [900, 1, 900, 900, 900, 2, 3, 4]), isIn))).toEqual([
      [40, 41, 'operator 1'],
      [42, 45, 'operator 2'],
      [46, 46, 'operator 3'],
      [47, 47, 'operator 4'],
    ])
  })

  test('two slots of one operator are two windows', () => {
    expect(shape(windowsOf(lookahead(0n, [1, 1, 1, 1, 900, 900, 900, 1]), isIn))).toEqual([
      [0, 0, 'operator 1'],
      [1, 1, 'operator 1'],
      [2, 2, 'operator 1'],
      [3, 3, 'operator 1'],
      [4, 7, 'operator 1'],
    ])
  })

  test('the end of the second epoch waits for the next lookahead', () => {
    expect(shape(windowsOf(lookahead(1n, [1, 900, 900, 900, 900, 2, 900, 900]), isIn))).toEqual([
      [4, 4, 'operator 1'],
      [5, 9, 'operator 2'],
      [10, 11, 'unsettled'],
    ])
  })

  test('nobody up to the end of the next epoch: the fallback has the first, the second waits', () => {
    expect(shape(windowsOf(lookahead(0n, [900, 1, 900, 900, 900, 900, 900, 900]), isIn))).toEqual([
      [0, 1, 'operator 1'],
      [2, 3, 'fallback'],
      [4, 7, 'unsettled'],
    ])
    expect(shape(windowsOf(lookahead(0n, Array(8).fill(900)), isIn))).toEqual([
      [0, 3, 'fallback'],
      [4, 7, 'unsettled'],
    ])
  })

  test('who opted in is asked for the epoch in which he proposes', () => {
    const from6 = (_validator: bigint, epoch: bigint) => (epoch >= 6n ? 'late' : undefined)
    expect(shape(windowsOf(lookahead(5n, Array(8).fill(1)), from6))).toEqual([
      [20, 24, 'late'],
      [25, 25, 'late'],
      [26, 26, 'late'],
      [27, 27, 'late'],
    ])
  })
})

const inputs = fc.record({
  epoch: fc.bigInt({ min: 0n, max: 2n ** 40n }),
  slotsPerEpoch: fc.constantFrom(2n, 8n, 32n),
  seeds: fc.array(fc.nat(40), { minLength: 64, maxLength: 64 }),
  optedIn: fc.uniqueArray(fc.nat(40)),
})

/** `ownerAt` of the contract, word for word, with the lookahead of `firstEpoch`. */
function ownerAt(
  slot: bigint,
  input: { firstEpoch: bigint; slotsPerEpoch: bigint; proposers: readonly bigint[] },
  isOptedIn: (validator: bigint) => boolean,
): string {
  const firstSlot = input.firstEpoch * input.slotsPerEpoch
  for (let i = slot - firstSlot; i < 2n * input.slotsPerEpoch; i++) {
    const validator = input.proposers[Number(i)]!
    if (isOptedIn(validator)) return `${validator} until ${firstSlot + i}`
  }
  return slot / input.slotsPerEpoch === input.firstEpoch ? 'fallback' : 'unsettled'
}

test('windows are a partition of both epochs, and each slot is in the window the contract names', () => {
  fc.assert(
    fc.property(inputs, ({ epoch, slotsPerEpoch, seeds, optedIn }) => {
      const proposers = seeds.slice(0, Number(2n * slotsPerEpoch)).map(BigInt)
      const isOptedIn = (validator: bigint) => optedIn.includes(Number(validator))
      const windows = windowsOf({ epoch, slotsPerEpoch, proposers }, (validator) =>
        isOptedIn(validator) ? validator : undefined,
      )
      let next = epoch * slotsPerEpoch
      for (const window of windows) {
        expect(window.firstSlot).toBe(next)
        expect(window.lastSlot).toBeGreaterThanOrEqual(window.firstSlot)
        for (let slot = window.firstSlot; slot <= window.lastSlot; slot++) {
          const named = window.type === 'owned' ? `${window.owner} until ${window.lastSlot}` : window.type
          expect(named).toBe(ownerAt(slot, { firstEpoch: epoch, slotsPerEpoch, proposers }, isOptedIn))
        }
        next = window.lastSlot + 1n
      }
      expect(next).toBe((epoch + 2n) * slotsPerEpoch)
    }),
  )
})

test('the lookahead of the epoch before says the same, where it says anything', () => {
  fc.assert(
    fc.property(inputs, ({ epoch, slotsPerEpoch, seeds, optedIn }) => {
      const perEpoch = Number(slotsPerEpoch)
      const all = [...seeds, ...seeds].slice(0, 3 * perEpoch).map(BigInt)
      const isOptedIn = (validator: bigint) => (optedIn.includes(Number(validator)) ? validator : undefined)
      const early = windowsOf({ epoch, slotsPerEpoch, proposers: all.slice(0, 2 * perEpoch) }, isOptedIn)
      const late = windowsOf({ epoch: epoch + 1n, slotsPerEpoch, proposers: all.slice(perEpoch) }, isOptedIn)
      const firstSlot = (epoch + 1n) * slotsPerEpoch
      for (let slot = firstSlot; slot < firstSlot + slotsPerEpoch; slot++) {
        const at = (windows: typeof early) =>
          windows.find((window) => window.firstSlot <= slot && slot <= window.lastSlot)!
        if (at(early).type === 'owned')
          expect([at(late).type, at(late).lastSlot]).toEqual(['owned', at(early).lastSlot])
      }
    }),
  )
})

test('a vector is eight bytes a slot, the lowest first, and comes back as it was', () => {
  expect(Buffer.from(encodeLookahead([1n, 258n])).toString('hex')).toBe('01000000000000000201000000000000')
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 64 }), (proposers) => {
      expect(decodeLookahead(encodeLookahead(proposers), proposers.length)).toEqual(proposers)
    }),
  )
  expect(decodeLookahead(new Uint8Array(511), 64)).toBeUndefined()
})
