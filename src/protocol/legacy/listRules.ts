/** What of a transaction list differed between the clients of one fork and the next. D-31, D-38, D-39. */
import type { RollupSpec } from '../../spec/rollupSpec.ts'

export type ListRules = {
  /** A zlib stream that ends too early counts as far as it goes. */
  readonly keepsTruncated: boolean
  /** The bound of a list in calldata holds for its inflated bytes, not for the compressed ones. */
  readonly boundsInflatedCalldata: boolean
}

/** Before Ontake, and in Ontake. */
export function firstListRules(spec: RollupSpec): ListRules {
  return { keepsTruncated: true, boundsInflatedCalldata: spec.l2.boundsInflatedCalldata ?? false }
}

export const PACAYA_LIST_RULES: ListRules = { keepsTruncated: false, boundsInflatedCalldata: false }
