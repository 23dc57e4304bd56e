/** Integers of the protocol are bigint; counts, indexes and byte lengths are number. This is the border. */

/** Throws a RangeError unless `value` is in [0, 2^53 − 1]. */
export function toSafeNumber(value: bigint): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new RangeError(`${value} is not a safe number`)
  return Number(value)
}

export function minBigint(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

export function maxBigint(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
