/** Hashes of blocks that are written, as execution asks for them (BLOCKHASH). */
import { defined } from '../primitives/assert.ts'
import type { Hash } from '../primitives/hex.ts'
import type { ChainReader } from './chain.ts'

/** It throws a CriticalError for a block that is not there. */
export function createAncestorHash(
  chain: Pick<ChainReader, 'headerByNumber'>,
): (number: bigint) => Promise<Hash> {
  return async (number) =>
    defined(await chain.headerByNumber(number), `the header of L2 block ${number}`).hash
}
