/** What both interpreters make of blocks that L1 says are others: whether it is how they were executed, or what they were derived from. */
import { createAncestorHash } from '../chain/ancestorHash.ts'
import type { ChainReader } from '../chain/chain.ts'
import { reviewStoredBlock } from '../engine/check/storedReview.ts'
import type { FlatState } from '../engine/state/flatState.ts'
import { CriticalError } from '../primitives/errors.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { Disagreement } from './proofs.ts'

export type SecondLookDeps = {
  readonly spec: RollupSpec
  readonly chain: Pick<ChainReader, 'blockByNumber' | 'headerByNumber'>
  readonly state: Pick<FlatState, 'at'>
}

/** Answers a sentence, without a full stop. As many blocks as a source may have (D-26) take minutes. */
export function createSecondLook({ spec, chain, state }: SecondLookDeps) {
  const execution = { type: 'rollup', spec } as const
  const ancestorHash = createAncestorHash(chain)

  return async ({
    firstBlock,
    lastBlock,
  }: Pick<Disagreement, 'firstBlock' | 'lastBlock'>): Promise<string> => {
    for (let number = firstBlock; number <= lastBlock; number++) {
      const block = await chain.blockByNumber(number)
      if (block === undefined)
        return `L2 block ${number} is not written yet, so neither interpreter could run it again`
      try {
        await reviewStoredBlock({ execution, block, state: await state.at(number - 1n), ancestorHash })
      } catch (error) {
        // Another one than that was being looked for is as worth knowing.
        if (error instanceof CriticalError) return error.message
        throw error
      }
    }
    const which =
      firstBlock === lastBlock ? `L2 block ${firstBlock}` : `L2 blocks ${firstBlock} to ${lastBlock}`
    return `Both interpreters make of ${which} what is stored here, so how they were executed is not in question`
  }
}
