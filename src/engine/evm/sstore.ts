/** What a write to storage costs and gives back. EIP-2200 with the prices of EIP-2929 and EIP-3529. */
import { equal, isZero, type Word } from './word.ts'

const SET_GAS = 19_900
const RESET_GAS = 2800
const CLEAR_REFUND = 4800

/** Gas beyond the warm access. `original`: before the transaction. */
export function sstoreGas(original: Word, current: Word, value: Word): number {
  if (equal(current, value) || !equal(original, current)) return 0
  return isZero(original) ? SET_GAS : RESET_GAS
}

/** May be negative: what was given back before is taken again. */
export function sstoreRefund(original: Word, current: Word, value: Word): number {
  if (equal(current, value)) return 0
  if (equal(original, current)) return !isZero(original) && isZero(value) ? CLEAR_REFUND : 0
  let refund = 0
  if (!isZero(original)) {
    if (isZero(current)) refund -= CLEAR_REFUND
    else if (isZero(value)) refund += CLEAR_REFUND
  }
  if (equal(original, value)) refund += isZero(original) ? SET_GAS : RESET_GAS
  return refund
}
