/** What a block's own header says of the base fee's share: nobody has to know the proposal it came from. taiko.md §2.5. */
import type { ForkName } from '../spec/rollupSpec.ts'

/**
 * Percent of the base fee that the coinbase receives, in [0, 255] as far as the bytes go. Shasta begins the extra data with it; before, it is
 * the last byte of a 32-byte number. 0 where there are no bytes, and before Ontake, whose extra data is the proposer's own text.
 */
export function basefeeSharingPctgOf(fork: ForkName, extraData: Uint8Array): number {
  if (fork === 'genesis') return 0
  const isNumber = fork === 'ontake' || fork === 'pacaya'
  return (isNumber ? extraData.at(-1) : extraData[0]) ?? 0
}
