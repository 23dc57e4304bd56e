/** Each transaction of a list by the window's blocks, and by the state after the last of them. */
import { createAncestorHash } from '../../chain/ancestorHash.ts'
import type { BlockRef, ChainReader } from '../../chain/chain.ts'
import { ZK_GAS_RULE } from '../../engine/blockRun.ts'
import type { Engine } from '../../engine/engine.ts'
import type { FlatState } from '../../engine/state/flatState.ts'
import { MissingStateError, type StateSource } from '../../engine/state/source.ts'
import { defined } from '../../primitives/assert.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH, keccak256Hex } from '../../primitives/keccak.ts'
import {
  type AccountFacts,
  certainlyFitsZkGas,
  judgeInclusion,
  type ListedTransaction,
  type WindowFacts,
} from '../../promise/inclusionRule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { readListed } from './listedTransaction.ts'
import type { ListedOutcome } from './verdict.ts'

export type ListedDeps = {
  readonly spec: Pick<RollupSpec, 'l2'>
  readonly chain: Pick<ChainReader, 'headerByNumber' | 'transactionPosition'>
  readonly state: Pick<FlatState, 'at'>
  readonly engine: Pick<Engine, 'runBehind'>
}

/** A window's blocks. */
export type WindowBlocks = {
  /** Runs of block numbers, ends included; newest first. */
  readonly runs: readonly { readonly first: bigint; readonly last: bigint }[]
  readonly last: BlockRef & { readonly header: BlockHeader }
}

/** Undefined when the state after the last block is no longer kept. */
export async function judgeListed(
  deps: ListedDeps,
  blocks: WindowBlocks,
  transactions: readonly Uint8Array[],
): Promise<ListedOutcome[] | undefined> {
  const listed = transactions.map((raw) => ({ raw, read: readListed(raw, deps.spec.l2.chainId) }))
  const outcomes: ListedOutcome[] = []
  try {
    const state = await deps.state.at(blocks.last.number)
    for (const { raw, read } of listed)
      outcomes.push({
        transaction: keccak256Hex(raw),
        outcome:
          read.type === 'listed'
            ? await judgeInclusion(
                read.transaction,
                await readFacts(deps, blocks, state, raw, read.transaction),
              )
            : read,
      })
  } catch (error) {
    if (error instanceof MissingStateError) return undefined
    throw error
  }
  return outcomes
}

async function readFacts(
  { chain, engine }: ListedDeps,
  { runs, last }: WindowBlocks,
  state: StateSource,
  raw: Uint8Array,
  transaction: ListedTransaction,
): Promise<WindowFacts> {
  const { header } = last
  const { gasLimit, gasUsed, baseFeePerGas, difficulty } = header
  const ancestorHash = createAncestorHash(chain)
  return {
    isIncluded: await isInRuns(chain, runs, transaction.hash),
    gasLeft: gasLimit - gasUsed,
    baseFeePerGas: defined(baseFeePerGas, 'the base fee of an L2 header'),
    account: await readAccount(state, transaction.sender),
    async fitsZkGas() {
      if (certainlyFitsZkGas(transaction, difficulty)) return true
      const result = await engine.runBehind({ raw, header, state, ancestorHash })
      return result.type === 'added' || result.rule !== ZK_GAS_RULE
    },
  }
}

async function readAccount(state: StateSource, sender: Address): Promise<AccountFacts> {
  const account = await state.account(sender)
  if (account === null) return { nonce: 0n, balance: 0n, hasCode: false }
  const { nonce, balance, codeHash } = account
  return { nonce, balance, hasCode: codeHash !== EMPTY_CODE_HASH }
}

async function isInRuns(
  chain: Pick<ChainReader, 'transactionPosition'>,
  runs: WindowBlocks['runs'],
  transaction: Hash,
): Promise<boolean> {
  const position = await chain.transactionPosition(transaction)
  if (position === undefined) return false
  return runs.some(({ first, last }) => first <= position.blockNumber && position.blockNumber <= last)
}
