/** The Pacaya contract checks a batch when it is proposed; nothing is left for derivation to check. D-51. */
import type { Protocol } from '../protocol.ts'

export const checkSource: Protocol['checkSource'] = ({ decoded }) => decoded
