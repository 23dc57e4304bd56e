/** A block of the chain once more on both interpreters, because somebody says that it is another one. */
import type { StateSource } from '../state/source.ts'
import { BlockDiffersError, openStoredScript, type StoredBlockInput } from '../storedBlock.ts'
import { reviewScript } from './judge.ts'

/**
 * Resolves where both make of its transactions what is stored. Throws an EngineDisagreementError where they differ, and a BlockDiffersError
 * where they agree on something else. `state` is the one after its parent.
 */
export async function reviewStoredBlock(
  input: StoredBlockInput & { readonly state: StateSource },
): Promise<void> {
  const { state, block } = input
  const { header } = block
  const found = await reviewScript(openStoredScript(input), state)
  const gasUsed = found.transactions.at(-1)?.receipt.cumulativeGasUsed ?? 0n
  const made = {
    gasUsed,
    difficulty: found.zkGas ?? header.difficulty,
    stateRoot: await state.rootAfter(found.changes),
  }
  for (const field of ['gasUsed', 'difficulty', 'stateRoot'] as const)
    if (made[field] !== header[field])
      throw new BlockDiffersError({
        block: header.number,
        what: `${field} is ${made[field]} by both interpreters, not ${header[field]}`,
      })
}
