/** Blocks and transactions that the `debug_` methods are asked for; what is not there is an error, in geth's words. */
import type { StoredBlock } from '../../chain/chain.ts'
import type { BlockToRun } from '../../engine/storedBlock.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { RpcDeps, StatePlace } from '../deps.ts'
import { RpcError } from '../errors.ts'
import type { BlockParameter } from '../params.ts'
import { findBlock, readCurrent, unavailable } from '../resolve.ts'

/** `read` is told the block of the moment, and where the state after its parent is; it is asked again when a reorg came in between. */
export async function withStoredBlock<T>(
  { chain }: Pick<RpcDeps, 'chain'>,
  parameter: BlockParameter,
  read: (block: StoredBlock, parent: StatePlace) => Promise<T>,
): Promise<T> {
  const { number } = (await wantBlock(chain, parameter)).header
  if (number === 0n) throw new RpcError({ code: 'invalidInput', message: 'genesis is not traceable' })
  const current: BlockParameter = parameter.type === 'hash' ? parameter : { type: 'number', number }
  return readCurrent(chain, current, async (at) => {
    const block = await wantBlock(chain, { type: 'hash', hash: at.hash })
    const place = { number: at.header.number - 1n, hash: at.header.parentHash }
    return read(block, place).catch((error) => {
      throw unavailable(error, at)
    })
  })
}

export async function wantBlock(chain: RpcDeps['chain'], parameter: BlockParameter): Promise<StoredBlock> {
  const block = await findBlock(chain, parameter)
  if (block !== undefined) return block
  throw new RpcError({ code: 'invalidInput', message: `${nameOf(parameter)} not found` })
}

function nameOf(parameter: BlockParameter): string {
  if (parameter.type === 'hash') return `block ${parameter.hash}`
  return parameter.type === 'number' ? `block #${parameter.number}` : `block ${parameter.tag}`
}

/** Throws where no block holds it. */
export async function wantTransaction(
  chain: RpcDeps['chain'],
  hash: Hash,
): Promise<{ readonly block: StoredBlock; readonly index: number }> {
  const position = await chain.transactionPosition(hash)
  const block = position && (await chain.blockByNumber(position.blockNumber))
  // A reorg between the two reads leaves the position pointing at another transaction.
  if (position === undefined || block?.transactions[position.index]?.hash !== hash)
    throw new RpcError({ code: 'invalidInput', message: 'transaction not found' })
  return { block, index: position.index }
}

/** What a process needs of a block to run it again. */
export function toRun(block: StoredBlock): BlockToRun & { readonly hash: Hash } {
  const { hash, header, transactions, withdrawals, ommers } = block
  return {
    hash,
    header,
    transactions: transactions.map((stored) => ({
      ...{ raw: stored.raw, hash: stored.hash, sender: stored.sender, gasUsed: stored.gasUsed },
    })),
    ...(withdrawals !== undefined && { withdrawals }),
    ...(ommers !== undefined && { ommers }),
  }
}
