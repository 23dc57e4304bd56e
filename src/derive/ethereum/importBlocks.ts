/** Blocks of a plain Ethereum chain from a file: executed one after the other, and kept as the chain of this database. */
import type { Chain, StoredBlock } from '../../chain/chain.ts'
import { genesisHeads } from '../../chain/heads.ts'
import { decodeBlock, type EthereumBlock } from '../../engine/ethereum/block.ts'
import { executeEthereumBlock } from '../../engine/ethereum/executeBlock.ts'
import type { Genesis } from '../../engine/genesis.ts'
import type { SenderPool } from '../../engine/senderPool.ts'
import type { FlatState } from '../../engine/state/flatState.ts'
import { defined } from '../../primitives/assert.ts'
import { blockSize } from '../../primitives/blockSize.ts'
import { CriticalError } from '../../primitives/errors.ts'
import { type BlockHeader, headerHash } from '../../primitives/header.ts'
import type { Hash } from '../../primitives/hex.ts'
import { RlpError } from '../../primitives/rlp.ts'
import { splitRlpSequence } from '../../primitives/rlpSequence.ts'
import type { EthereumSpec } from '../../spec/ethereumSpec.ts'
import type { Store, StoreTransaction } from '../../store/store.ts'
import { commitFlush } from '../commit.ts'
import { WrongChainError } from '../genesis.ts'
import { createRecentHashes } from '../recentHashes.ts'

export type ImportDeps = {
  readonly spec: EthereumSpec
  readonly store: Store
  readonly chain: Chain
  readonly state: FlatState
  readonly senders: Pick<SenderPool, 'senderOf'>
}

/** Blocks of one transaction: what a fault in a later block costs to do again. */
const BLOCKS_PER_COMMIT = 64

/** Writes the first block into an empty database. Throws WrongChainError when there is another one already. */
export async function beginEthereumChain(deps: ImportDeps, genesis: Genesis): Promise<void> {
  const { store, chain, state } = deps
  const known = await chain.headerByNumber(0n)
  if (known !== undefined) {
    if (known.hash === genesis.hash) return
    throw new WrongChainError(
      `this data directory holds another chain: its first block is ${known.hash}, that of the genesis file ${genesis.hash}; use another --datadir`,
    )
  }
  const { header, hash } = genesis
  const block: StoredBlock = {
    ...{ hash, header, transactions: [], size: blockSize(header, []) },
    ...(header.withdrawalsRoot !== undefined && { withdrawals: [] }),
  }
  await store.transaction(async (transaction) => {
    await state.writeGenesis(transaction, genesis.changes)
    await chain.append(transaction, [{ block, origin: undefined }])
    await chain.setHeads(transaction, genesisHeads({ number: 0n, hash }))
  })
  state.settle()
  chain.settle()
}

/**
 * Executes the blocks of `file` (RLP, one after the other) that the chain does not have yet, and makes the last one the head. Answers how
 * many there were to execute. Throws an InvalidBlockError for a block that breaks a rule; blocks committed before it stay.
 */
export async function importBlocks(deps: ImportDeps, file: Uint8Array): Promise<number> {
  const { spec, senders, chain, state } = deps
  const { latest } = chain.heads()
  let parent = defined(await chain.headerByNumber(latest.number), 'the latest block').header
  const hashes = createRecentHashes(chain)
  await hashes.load(latest.number, latest.hash)
  let waiting: StoredBlock[] = []
  let executed = 0
  for (const { block, size } of readBlocks(file)) {
    const { header, ommers, withdrawals } = block
    if (header.number <= latest.number) {
      await requireKnown(chain, header)
      continue
    }
    const sealed = await executeEthereumBlock({
      ...{ spec, senders, block, parent, size },
      state: state.source(),
      ancestorHash: hashes.get,
    })
    await state.stage(header.number, sealed.changes)
    waiting.push({
      ...{ hash: sealed.hash, header, transactions: sealed.transactions, size, ommers },
      ...(withdrawals !== undefined && { withdrawals }),
    })
    hashes.add(header.number, sealed.hash)
    parent = header
    executed++
    if (waiting.length < BLOCKS_PER_COMMIT) continue
    await commit(deps, waiting)
    waiting = []
  }
  if (waiting.length > 0) await commit(deps, waiting)
  if (executed > 0) await commitFlush(deps)
  return executed
}

/** Throws a CriticalError for bytes that are no block. */
function* readBlocks(file: Uint8Array): Generator<{ readonly block: EthereumBlock; readonly size: number }> {
  let at = 0
  try {
    for (const bytes of splitRlpSequence(file)) {
      at++
      yield { block: decodeBlock(bytes), size: bytes.length }
    }
  } catch (cause) {
    if (!(cause instanceof RlpError)) throw cause
    throw new CriticalError(
      `the file of blocks is damaged, or another one (its RLP, item ${at}: ${cause.message})`,
      { cause },
    )
  }
}

/** What a consensus layer would say of the chain: its last safe and finalized block, by hash. */
export async function setEthereumHeads(
  { store, chain }: Pick<ImportDeps, 'store' | 'chain'>,
  heads: { readonly safe: Hash; readonly finalized: Hash },
): Promise<void> {
  const refOf = async (name: string, hash: Hash) => {
    const number = await chain.blockNumberOf(hash)
    if (number === undefined)
      throw new WrongChainError(`the ${name} block ${hash} is not in the chain that was imported`)
    return { number, hash }
  }
  const safe = await refOf('safe', heads.safe)
  const finalized = await refOf('finalized', heads.finalized)
  await store.transaction((transaction) =>
    chain.setHeads(transaction, { ...chain.heads(), safe, finalized, executable: finalized }),
  )
  chain.settle()
}

async function requireKnown(chain: Chain, header: BlockHeader): Promise<void> {
  if ((await chain.headerByNumber(header.number))?.hash === headerHash(header)) return
  throw new WrongChainError(
    `this data directory has another block ${header.number} than the file; use another --datadir`,
  )
}

async function commit({ store, chain, state }: ImportDeps, blocks: readonly StoredBlock[]): Promise<void> {
  const last = defined(blocks.at(-1), 'the last block of a commit')
  const write = async (transaction: StoreTransaction) => {
    await chain.append(
      transaction,
      blocks.map((block) => ({ block, origin: undefined })),
    )
    await state.write(transaction)
    await chain.setHeads(transaction, genesisHeads({ number: last.header.number, hash: last.hash }))
  }
  try {
    await store.transaction(write)
  } catch (error) {
    chain.discard()
    state.discard()
    throw error
  }
  state.settle()
  chain.settle()
}
