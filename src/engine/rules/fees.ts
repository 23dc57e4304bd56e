/** Who receives what a transaction pays for gas. docs/derivation.md D-71. */

export type FeeShares = { readonly coinbase: bigint; readonly treasury: bigint }

/**
 * Shares of one executed transaction, in wei; `gasUsed` is after refunds. The base fee is not burnt: the coinbase has its
 * percentage, rounded down per transaction, and the treasury the rest. The tip is the coinbase's. taiko.md §2.8.
 */
export function splitFees(input: {
  readonly gasUsed: bigint
  readonly baseFeePerGas: bigint
  readonly tipPerGas: bigint
  /** Percent, in [0, 100]. */
  readonly basefeeSharingPctg: number
}): FeeShares {
  const baseFee = input.gasUsed * input.baseFeePerGas
  const share = (baseFee * BigInt(input.basefeeSharingPctg)) / 100n
  return { coinbase: share + input.gasUsed * input.tipPerGas, treasury: baseFee - share }
}
