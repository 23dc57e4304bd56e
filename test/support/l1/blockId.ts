/** Which block a caller means. */
import type { Hash } from '../../../src/primitives/hex.ts'
import type { L1Block } from './block.ts'
import { RpcError } from './rpcError.ts'
import type { View } from './tree.ts'

export function blockByTag(view: View, tag: unknown): L1Block | undefined {
  switch (tag) {
    case 'latest':
      return view.head()
    case 'safe':
      return view.safe()
    case 'finalized':
      return view.finalized()
    case 'earliest':
      return view.at(0)
    case 'pending':
      return undefined
  }
  if (typeof tag !== 'string' || !/^0x(0|[1-9a-f][0-9a-f]*)$/i.test(tag))
    throw new RpcError(-32602, `invalid argument 0: not a block number: ${String(tag)}`)
  return view.at(Number(tag))
}

/** A tag, a number, a hash, or EIP-1898's object. */
export function blockById(view: View, id: unknown): L1Block | undefined {
  if (typeof id === 'object' && id !== null) {
    const { blockHash, blockNumber } = id as { blockHash?: unknown; blockNumber?: unknown }
    return blockHash === undefined ? blockByTag(view, blockNumber) : view.block(toHash(blockHash))
  }
  return typeof id === 'string' && id.length === 66 ? view.block(toHash(id)) : blockByTag(view, id)
}

export function requireBlock(block: L1Block | undefined): L1Block {
  if (block === undefined) throw new RpcError(-32000, 'header not found')
  return block
}

export function toHash(value: unknown): Hash {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{64}$/i.test(value))
    throw new RpcError(-32602, 'invalid argument 0: hex string of 32 bytes expected')
  return value.toLowerCase() as Hash
}
