/**
 * Headers before the first block of a chain that begins with a snapshot: for the hashes that later blocks may ask for, and nothing else is
 * known of these blocks. A chain from its genesis has none.
 */
import { toSafeNumber } from '../primitives/bigint.ts'
import { type BlockHeader, encodeHeader } from '../primitives/header.ts'
import { type Hash, hexToBytes } from '../primitives/hex.ts'
import type { StoreTransaction } from '../store/store.ts'

export async function writeAncestors(
  transaction: StoreTransaction,
  headers: readonly { readonly hash: Hash; readonly header: BlockHeader }[],
): Promise<void> {
  for (const { hash, header } of headers)
    await transaction.run('INSERT INTO ancestors (number, hash, header) VALUES (?, ?, ?)', [
      toSafeNumber(header.number),
      hexToBytes(hash),
      encodeHeader(header),
    ])
}
