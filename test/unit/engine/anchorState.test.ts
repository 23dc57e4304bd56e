import { expect, test } from 'vitest'
import { readAnchorBlockNumber, readAnchorNonce, readFeeSlot } from '../../../src/engine/anchorState.ts'
import { createEmptyState, createWitnessState } from '../../../src/engine/state/witness.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import { bytesToBigint } from '../../../src/primitives/bytes.ts'
import { hasGuestInputs, loadGuestInput } from '../../support/engineFixtures.ts'

/** First word after the selector of anchorV4. */
const anchorOf = (input: Uint8Array) => bytesToBigint(input.subarray(4, 36))

test.skipIf(!hasGuestInputs)(
  'reads from the parent state the anchor that the parent block was given',
  async () => {
    const cases = loadGuestInput('surge')
    // The prover's input names the anchor before the first block: 0.
    let expected = 0n
    for (const { spec, witness, parent, ancestorHash, json } of cases) {
      const state = createWitnessState(witness)
      const engine = createEngine({ spec })
      const input = { spec, engine, state, header: parent, ancestorHash }
      expect(await readAnchorBlockNumber(input)).toBe(expected)
      const [anchor] = json.block.body.transactions
      expected = anchorOf(Buffer.from(anchor.Eip1559.transaction.input.slice(2), 'hex'))
      expect(expected).toBeGreaterThan(0n)
    }
  },
)

test.skipIf(!hasGuestInputs)('reads the golden touch nonce that the anchor transaction has', async () => {
  for (const name of ['surge', 'hekla', 'ontake'] as const) {
    for (const { witness, json } of loadGuestInput(name)) {
      const anchor = json.block.body.transactions?.[0].Eip1559 ?? json.block.body[0]
      const { nonce } = anchor.transaction.Eip1559 ?? anchor.transaction
      expect(await readAnchorNonce(createWitnessState(witness))).toBe(BigInt(nonce))
    }
  }
})

test.skipIf(!hasGuestInputs)('reads the fee slot of the older base-fee curve', async () => {
  const [{ spec, witness, parent }] = loadGuestInput('ontake') as [ReturnType<typeof loadGuestInput>[0]]
  const slot = await readFeeSlot(spec, createWitnessState(witness))
  // Its second quarter is the parent's timestamp, in seconds. taiko.md §3.2.
  expect((slot >> 128n) & (2n ** 64n - 1n)).toBe(parent.timestamp)
})

test('an anchor contract that is not there is an error, not block 0', async () => {
  const [{ spec, parent, ancestorHash }] = loadGuestInput('surge') as [ReturnType<typeof loadGuestInput>[0]]
  const input = {
    spec,
    engine: createEngine({ spec }),
    state: createEmptyState(),
    header: parent,
    ancestorHash,
  }
  await expect(readAnchorBlockNumber(input)).rejects.toThrow('did not tell its block state')
})
