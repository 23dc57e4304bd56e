/** The contract makes the block's metadata itself; nothing is left for derivation to check. D-51. */
import type { Protocol } from '../protocol.ts'

export const checkSource: Protocol['checkSource'] = ({ decoded }) => decoded
