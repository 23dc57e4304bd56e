import { describe, expect, test } from 'vitest'
import { StaleStateError } from '../../../../src/engine/state/flatState.ts'
import { createFlatState } from '../../../../src/engine/state/flatStateOnStore.ts'
import { STATE_LOGICAL_TABLES } from '../../../../src/engine/state/schema.ts'
import { MissingStateError } from '../../../../src/engine/state/source.ts'
import { addressOf, modelRoot } from '../../../support/stateBlocks.ts'
import { createTestChain, dumpOf, SMALL_CACHE } from '../../../support/stateChain.ts'

const SHAPE = { accounts: 40, slots: 25, touches: 9, deletes: 35 }

/** Blocks whose branches are kept: rewinds of up to 8 blocks put branches back, longer ones compute them. */
const WINDOW = 8

for (const seed of [21, 22, 23]) {
  test(`a rewound database is the one that never went further, seed ${seed}`, async () => {
    const options = { seed, shape: SHAPE, state: { nodeWindowBlocks: WINDOW } }
    const chain = await createTestChain(options)
    const fresh = await createTestChain(options)
    for (const [target, tip] of [
      [3, 5],
      [4, 12],
      [6, 40],
      [30, 45],
      [45, 45],
      [0, 20],
    ] as const) {
      await chain.grow(tip + 1 - chain.models.length)
      await chain.rewind(target)
      expect(chain.state.head).toEqual({
        blockNumber: BigInt(target),
        stateRoot: await modelRoot(chain.models[target]!),
      })
      if (target < fresh.models.length) await fresh.rewind(target)
      else await fresh.grow(target + 1 - fresh.models.length)
      expect(await dumpOf(chain, STATE_LOGICAL_TABLES)).toEqual(await dumpOf(fresh, STATE_LOGICAL_TABLES))
    }
    await chain.close()
    await fresh.close()
  })

  test(`a chain grown again after rewinds of any depth equals a fresh derivation, seed ${seed}`, async () => {
    const options = { seed, shape: SHAPE, state: { nodeWindowBlocks: WINDOW } }
    const chain = await createTestChain(options)
    for (const [tip, target] of [
      [10, 8],
      [20, 3],
      [25, 24],
      [30, 10],
    ] as const) {
      await chain.grow(tip + 1 - chain.models.length)
      await chain.rewind(target)
    }
    await chain.grow(36 - chain.models.length)
    const fresh = await createTestChain(options)
    await fresh.grow(35)
    expect(await dumpOf(chain, STATE_LOGICAL_TABLES)).toEqual(await dumpOf(fresh, STATE_LOGICAL_TABLES))
    await chain.close()
    await fresh.close()
  })
}

describe('a rewind', () => {
  test('that fails leaves everything, and after discard the node goes on', async () => {
    const chain = await createTestChain({ seed: 3, shape: SHAPE })
    await chain.grow(10)
    const before = await dumpOf(chain, STATE_LOGICAL_TABLES)
    const failing = chain.store.transaction(async (transaction) => {
      await chain.state.rewind(transaction, 2n)
      throw new Error('on purpose')
    })
    await expect(failing).rejects.toThrow('on purpose')
    chain.state.discard()
    expect(await dumpOf(chain, STATE_LOGICAL_TABLES)).toEqual(before)
    expect(chain.state.head.blockNumber).toBe(10n)
    await chain.grow(1)
    expect(chain.state.head.stateRoot).toBe(await modelRoot(chain.models[11]!))
    await chain.close()
  })

  test('survives a restart', async () => {
    const chain = await createTestChain({ seed: 4, shape: SHAPE })
    await chain.grow(10)
    await chain.rewind(6)
    const reopened = await createFlatState({ store: chain.store, options: { cache: SMALL_CACHE } })
    expect(reopened.head).toEqual(chain.state.head)
    await chain.close()
  })

  test('goes to a block that is there, and back only', async () => {
    const chain = await createTestChain({ seed: 5, shape: SHAPE })
    await chain.grow(3)
    await expect(chain.rewind(4)).rejects.toThrow(/rewind forward/)
    await expect(chain.rewind(-1)).rejects.toThrow(MissingStateError)
    await chain.close()
  })

  test('with a missing reverse diff stops instead of guessing', async () => {
    const chain = await createTestChain({ seed: 6, shape: SHAPE, state: { nodeWindowBlocks: 0 } })
    await chain.grow(5)
    await chain.store.transaction((transaction) =>
      transaction.run(
        'DELETE FROM state_history WHERE k = (SELECT k FROM state_history WHERE substr(k, 37) >= ? LIMIT 1)',
        [Buffer.from('0000000000000003', 'hex')],
      ),
    )
    await expect(chain.rewind(2)).rejects.toThrow(/the reverse diff of block .* is missing/)
    await chain.close()
  })

  test('makes sources of the blocks it took stale, and leaves those before it alone', async () => {
    const chain = await createTestChain({ seed: 7, shape: SHAPE })
    await chain.grow(10)
    const kept = await chain.state.at(4n)
    const gone = await chain.state.at(5n)
    const before = await kept.account(addressOf(1))
    await chain.rewind(4)
    expect(await kept.account(addressOf(1))).toEqual(before)
    await expect(gone.account(addressOf(2))).rejects.toThrow(StaleStateError)
    await expect(chain.state.at(5n)).rejects.toThrow(MissingStateError)
    await chain.close()
  })
})
