/** From a block parameter to a block of the canonical chain and its state. */
import type { ChainReader, StoredBlock } from '../chain/chain.ts'
import { MissingStateError, type StateSource } from '../engine/state/source.ts'
import type { BlockHeader } from '../primitives/header.ts'
import type { Hash } from '../primitives/hex.ts'
import type { RpcDeps } from './deps.ts'
import { RpcError } from './errors.ts'
import type { BlockParameter } from './params.ts'

export type ResolvedHeader = { readonly hash: Hash; readonly header: BlockHeader }

/** Undefined when the chain has no such block. `pending` is `latest`: nothing is built in the open here. */
export async function resolveNumber(chain: ChainReader, block: BlockParameter): Promise<bigint | undefined> {
  const heads = chain.heads()
  if (block.type === 'hash') return chain.blockNumberOf(block.hash)
  // Numbers past the head are foreign and may be of any size; the chain is only asked for what it can hold.
  if (block.type === 'number') return block.number <= heads.latest.number ? block.number : undefined
  switch (block.tag) {
    case 'earliest':
      return 0n
    case 'safe':
      return heads.safe.number
    case 'finalized':
      return heads.finalized.number
    default:
      return heads.latest.number
  }
}

export async function findBlock(chain: ChainReader, block: BlockParameter): Promise<StoredBlock | undefined> {
  if (block.type === 'hash') return chain.blockByHash(block.hash)
  const number = await resolveNumber(chain, block)
  return number === undefined ? undefined : chain.blockByNumber(number)
}

export async function findHeader(chain: ChainReader, block: BlockParameter): Promise<ResolvedHeader> {
  const number = await resolveNumber(chain, block)
  const found = number === undefined ? undefined : await chain.headerByNumber(number)
  if (found === undefined) throw new RpcError({ code: 'resourceNotFound', message: 'block not found' })
  return found
}

/** Attempts to read one block's state while reorgs replace it; each failure means the chain moved meanwhile. */
const STATE_READ_ATTEMPTS = 3

/**
 * Reads the state after a block. State is kept by block number, so what was read while a reorg replaced the block
 * may be a mixture: it is thrown away and read again.
 */
export async function readState<T>(
  deps: Pick<RpcDeps, 'chain' | 'state'>,
  block: BlockParameter,
  read: (state: StateSource, at: ResolvedHeader) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const at = await findHeader(deps.chain, block)
    const outcome = await settle(readAt(deps, at, read))
    const after = await deps.chain.headerByNumber(at.header.number)
    if (after?.hash === at.hash) return outcome()
    if (attempt === STATE_READ_ATTEMPTS)
      throw new RpcError({
        code: 'resourceUnavailable',
        message: 'the chain is being reorganised; ask again',
      })
  }
}

async function readAt<T>(
  deps: Pick<RpcDeps, 'state'>,
  at: ResolvedHeader,
  read: (state: StateSource, at: ResolvedHeader) => Promise<T>,
): Promise<T> {
  let state: StateSource
  try {
    state = await deps.state.at(at.header.number)
  } catch (error) {
    throw unavailable(error, at)
  }
  return read(state, at)
}

/** A state or proof older than what is kept is the asker's bad luck, not damage. */
export function unavailable(error: unknown, at: ResolvedHeader): unknown {
  if (!(error instanceof MissingStateError)) return error
  const message = `the state of block ${at.header.number} is not kept on this node`
  return new RpcError({ code: 'resourceUnavailable', message })
}

/** The outcome, good or bad, to be looked at later. */
async function settle<T>(work: Promise<T>): Promise<() => T> {
  try {
    const value = await work
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}
