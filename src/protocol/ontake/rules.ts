/** The Ontake contract checks a block when it is proposed; nothing is left for derivation to check. D-51. */
import type { Protocol } from '../protocol.ts'

export const checkSource: Protocol['checkSource'] = ({ decoded }) => decoded
