/** The lookahead as bytes: SSZ of a vector of uint64, eight bytes a slot, the lowest first (EIP-7917). */

export function encodeLookahead(proposers: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(8 * proposers.length)
  const view = new DataView(bytes.buffer)
  for (const [i, index] of proposers.entries()) view.setBigUint64(8 * i, index, true)
  return bytes
}

/** Undefined for bytes that are no vector of `length` values. */
export function decodeLookahead(bytes: Uint8Array, length: number): readonly bigint[] | undefined {
  if (bytes.length !== 8 * length) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length }, (_, i) => view.getBigUint64(8 * i, true))
}
