/** Ancestors of an L1 block, found by walking parent hashes: no server's word about block numbers counts, but for block 0. */
import { CriticalError, TemporaryError } from '../primitives/errors.ts'
import { toQuantity } from '../primitives/hex.ts'
import type { L1Header, L1Position } from './l1.ts'
import type { L1Provider } from './provider.ts'
import type { L1Reader } from './reader.ts'
import { verifyHeader } from './rpcHeader.ts'

/** Longest walk. The farthest a rule looks back is an anchor offset of 512 blocks; the rest is for reorgs and slow finality. */
export const ANCESTOR_DEPTH_MAX = 8192n
/** Headers read ahead in one go while walking. */
const HINT_BLOCKS = 128n

/**
 * The ancestor of `descendant` with this number (the block itself, if the number is its own).
 * Throws TemporaryError while a header of the walk is not to be had, CriticalError past ANCESTOR_DEPTH_MAX.
 */
export async function findAncestor(
  reader: L1Reader,
  descendant: L1Position,
  number: bigint,
  signal?: AbortSignal,
): Promise<L1Header> {
  if (number > descendant.number || descendant.number - number > ANCESTOR_DEPTH_MAX) {
    throw new CriticalError(
      `internal error: asked for L1 block ${number} as an ancestor of block ${descendant.number}; ` +
        `ancestors are looked up at most ${ANCESTOR_DEPTH_MAX} blocks back. Please report it`,
    )
  }
  let header = await readHeader(reader, descendant, signal)
  let hintedFrom = descendant.number + 1n
  while (header.number > number) {
    const parent = { number: header.number - 1n, hash: header.parentHash }
    if (parent.number < hintedFrom && parent.number > number && !reader.known(parent.hash)) {
      hintedFrom = parent.number - number > HINT_BLOCKS ? parent.number - HINT_BLOCKS : number
      await readHints(reader, hintedFrom, parent.number, signal)
    }
    header = await readHeader(reader, parent, signal)
  }
  return header
}

/**
 * Block 0 of L1, for a chain whose first block is a default one: it inherits the anchor of L2's genesis, which is 0, however old
 * L1 is by then. No walk reaches it, so it rests on the providers: all that answer must name the same one, else TemporaryError.
 */
export async function findL1Genesis(provider: L1Provider, signal?: AbortSignal): Promise<L1Header> {
  const answers = await provider.askEach(
    [{ method: 'eth_getBlockByNumber', params: [toQuantity(0n), false] }],
    ([json]) => (json === null ? null : verifyHeader(json, { number: 0n })),
    signal,
  )
  const found = answers.flatMap(({ answer }) => answer ?? [])
  const [first] = found
  if (first === undefined) throw new TemporaryError('no L1 provider has block 0')
  if (found.some(({ hash }) => hash !== first.hash)) {
    const named = answers.map(({ from, answer }) => `${from}: ${answer?.hash ?? 'none'}`).join('; ')
    throw new TemporaryError(
      `L1 providers disagree about block 0 (${named}); remove the wrong one from --l1.rpc`,
    )
  }
  return first
}

async function readHeader(reader: L1Reader, at: L1Position, signal?: AbortSignal): Promise<L1Header> {
  const header = reader.known(at.hash) ?? (await reader.headerByHash(at.hash, signal))
  if (header === null) throw new TemporaryError(`no L1 provider has block ${at.number} (${at.hash})`)
  return header
}

/** Fills the reader's store of headers by number. Only those the walk then meets by hash are used. */
async function readHints(reader: L1Reader, from: bigint, to: bigint, signal?: AbortSignal): Promise<void> {
  try {
    await reader.headersByNumber(from, to, signal)
  } catch (error) {
    if (!(error instanceof TemporaryError)) throw error
  }
}
