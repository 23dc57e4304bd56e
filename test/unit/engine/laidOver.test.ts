import { Account, Address as EvmAddress } from '@ethereumjs/util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeChanges, overlayState } from '../../../src/engine/state/laidOver.ts'
import { OverlayState } from '../../../src/engine/state/overlay.ts'
import type { StateChanges, StateSource } from '../../../src/engine/state/source.ts'
import { createEmptyState } from '../../../src/engine/state/witness.ts'
import { hexToBytes } from '../../../src/primitives/hex.ts'

type Operation =
  | { readonly type: 'account'; readonly who: number; readonly nonce: number }
  | { readonly type: 'slot'; readonly who: number; readonly slot: number; readonly value: number }
  | { readonly type: 'destroy'; readonly who: number }
  | { readonly type: 'recreate'; readonly who: number; readonly slot: number; readonly value: number }

const who = fc.integer({ min: 1, max: 3 })
const slot = fc.integer({ min: 0, max: 2 })
const value = fc.integer({ min: 0, max: 3 })
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant('account' as const), who, nonce: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ type: fc.constant('slot' as const), who, slot, value }),
  fc.record({ type: fc.constant('destroy' as const), who }),
  fc.record({ type: fc.constant('recreate' as const), who, slot, value }),
)

const addressOf = (who: number) => new EvmAddress(hexToBytes(`0x${who.toString(16).padStart(40, '0')}`))
const word = (n: number) => hexToBytes(`0x${n.toString(16).padStart(64, '0')}`)

/** What the engine's overlay finds changed after the operations, as after a block. */
async function run(source: StateSource, operations: readonly Operation[]): Promise<StateChanges> {
  const state = new OverlayState(source)
  for (const operation of operations) {
    const address = addressOf(operation.who)
    const account = await state.getAccount(address)
    if (operation.type === 'account') {
      await state.putAccount(
        address,
        new Account(BigInt(operation.nonce), 5n, account?.storageRoot, account?.codeHash),
      )
    } else if (operation.type === 'destroy') {
      await state.deleteAccount(address)
    } else if (operation.type === 'recreate') {
      await state.deleteAccount(address)
      await state.putAccount(address, new Account(1n, 1n))
      await state.clearStorage(address)
      await state.putStorage(address, word(operation.slot), word(operation.value))
    } else if (account !== undefined) {
      await state.putStorage(address, word(operation.slot), word(operation.value))
    }
  }
  return state.takeChanges()
}

test('blocks on the overlay end in the state that blocks on the real state end in', async () => {
  const block = fc.array(operation, { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(block, fc.array(block, { minLength: 1, maxLength: 4 }), async (genesis, blocks) => {
      const empty = createEmptyState()
      const base = empty.after(await run(empty, genesis))
      let real = base
      let overlay: StateSource = base
      let changes: StateChanges = { accounts: new Map(), storage: new Map(), code: new Map() }
      for (const operations of blocks) {
        const onOverlay = await run(overlay, operations)
        const root = await overlay.rootAfter(onOverlay)
        real = real.after(await run(real, operations))
        expect(root).toBe(real.stateRoot)
        changes = mergeChanges(changes, onOverlay)
        overlay = overlayState(base, changes, root)
      }
    }),
    { numRuns: 300 },
  )
})
