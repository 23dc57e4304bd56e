import { expect, test } from 'vitest'
import { createWitnessState } from '../../../src/engine/state/witness.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import { type EngineCase, hasGuestInputs, loadGuestInput } from '../../support/engineFixtures.ts'

const run = ({ spec, attributes, witness, ancestorHash }: EngineCase) =>
  createEngine({ spec }).execute({ attributes, state: createWitnessState(witness), ancestorHash })

test.skipIf(!hasGuestInputs)('executes the ten Shasta blocks of Surge to the header', async () => {
  for (const captured of loadGuestInput('surge')) {
    const block = await run(captured)
    expect(block.header).toEqual(captured.expected)
  }
})

test.skipIf(!hasGuestInputs)('executes the Pacaya block of Hekla to the header', async () => {
  const [captured] = loadGuestInput('hekla')
  const block = await run(captured!)
  expect(block.header).toEqual(captured!.expected)
  expect(block.transactions).toHaveLength(2)
})

test.skipIf(!hasGuestInputs)('keeps two of the 799 transactions of mainnet block 780758', async () => {
  const [captured] = loadGuestInput('ontake')
  const block = await run(captured!)
  expect(block.header).toEqual(captured!.expected)
  expect(block.transactions.map(({ listedIndex }) => listedIndex)).toEqual([undefined, 778, 798])
  const reasons: Record<string, number> = {}
  for (const { rule } of block.dropped) reasons[rule] = (reasons[rule] ?? 0) + 1
  // execution-proof.md §3: 386 + 132 nonce too low, 278 + 1 fee too low.
  expect(reasons).toEqual({ 'D-78': 279, 'D-82': 518 })
})
