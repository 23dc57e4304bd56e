/** A one-block chain for tests of the transport: what is asked does not matter there. */
import type { StoredBlock } from '../../src/chain/chain.ts'
import type { StateSource } from '../../src/engine/state/source.ts'
import { EMPTY_OMMERS_HASH, headerHash } from '../../src/primitives/header.ts'
import { ZERO_ADDRESS, ZERO_HASH } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../src/primitives/keccak.ts'
import type { RpcDeps } from '../../src/rpc/deps.ts'

export function emptyBlock(number: bigint, parentHash = ZERO_HASH): StoredBlock {
  const header = {
    parentHash,
    ommersHash: EMPTY_OMMERS_HASH,
    coinbase: ZERO_ADDRESS,
    stateRoot: EMPTY_TRIE_ROOT,
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: new Uint8Array(256),
    difficulty: 0n,
    number,
    gasLimit: 30_000_000n,
    gasUsed: 0n,
    timestamp: 1_000n + number,
    extraData: new Uint8Array(0),
    mixHash: ZERO_HASH,
    nonce: new Uint8Array(8),
    baseFeePerGas: 5_000_000n,
    withdrawalsRoot: EMPTY_TRIE_ROOT,
  }
  return { hash: headerHash(header), header, transactions: [], size: 548 }
}

/** `count` blocks from `first`, each the child of the one before. */
export function emptyBlocks(first: bigint, count: number, parentHash = ZERO_HASH): StoredBlock[] {
  const blocks: StoredBlock[] = []
  for (let i = 0; i < count; i++)
    blocks.push(emptyBlock(first + BigInt(i), blocks.at(-1)?.hash ?? parentHash))
  return blocks
}

const nothing: StateSource = {
  stateRoot: EMPTY_TRIE_ROOT,
  account: () => null,
  storage: () => new Uint8Array(0),
  code: () => new Uint8Array(0),
  rootAfter: () => Promise.reject(new Error('read-only')),
}

export const emptyState: RpcDeps['state'] = {
  at: async () => nothing,
  proof: async () => ({ account: null, accountProof: [], storageProofs: [] }),
}

export const noCaller: RpcDeps['caller'] = {
  run: () => Promise.reject(new Error('nothing runs here')),
  close: async () => {},
}
