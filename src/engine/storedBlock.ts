/**
 * A block of the chain executed once more, transaction by transaction. What was dropped from its list left no trace, so the transactions
 * that are in it make the block again.
 */
import { CriticalError } from '../primitives/errors.ts'
import type { BlockHeader } from '../primitives/header.ts'
import { type Address, type Hash, hexToBytes } from '../primitives/hex.ts'
import type { Withdrawal } from '../primitives/withdrawal.ts'
import { basefeeSharingPctgOf } from '../protocol/sharedBaseFee.ts'
import type { ExecutionSpec } from '../spec/executionSpec.ts'
import { forkAt } from '../spec/rollupSpec.ts'
import type { BlockRun } from './blockRun.ts'
import type { BlockScript, RunOptions } from './check/script.ts'
import type { AncestorHashes, ExecutedTransaction } from './engine.ts'
import { openEthereumBlock } from './ethereum/openBlock.ts'
import { openRollupRun } from './execute.ts'
import { rulesAt } from './rules/rulesAt.ts'
import type { StateChanges, StateSource } from './state/source.ts'

/** Survives a structured clone. */
export type BlockToRun = {
  readonly header: BlockHeader
  readonly transactions: readonly {
    readonly raw: Uint8Array
    readonly hash: Hash
    readonly sender: Address
    /** As stored, where it is known. */
    readonly gasUsed?: bigint
  }[]
  readonly ommers?: readonly BlockHeader[]
  readonly withdrawals?: readonly Withdrawal[]
}

/** The block executed to something else than what is stored: a bug, or a damaged database. */
export class BlockDiffersError extends CriticalError {
  override readonly name = 'BlockDiffersError'

  constructor(data: { readonly block: bigint; readonly what: string }) {
    super(`block ${data.block} executes differently from how it is stored: ${data.what}`)
  }
}

export type StoredBlockRun = Pick<BlockRun, 'context' | 'state' | 'transactions' | 'gasUsed' | 'zkGas'> & {
  /** The first that has not run yet. Throws a BlockDiffersError for one that is refused, or uses other gas than is stored. */
  runNext(): Promise<ExecutedTransaction>
  /** After the last transaction: all that the block changes. On plain Ethereum what comes after the transactions is made, and nothing can run any more. */
  finish(): Promise<StateChanges>
}

export type StoredBlockInput = {
  readonly execution: ExecutionSpec
  readonly block: BlockToRun
  /** After its parent. */
  readonly state: StateSource
  readonly ancestorHash: AncestorHashes
}

/** Begins the block. On plain Ethereum the system calls before the transactions are made. */
export async function openStoredBlock(input: StoredBlockInput): Promise<StoredBlockRun> {
  const { header, transactions } = input.block
  const { run, finish } = await openRun(input)
  return {
    ...run,
    finish,
    async runNext() {
      const index = run.transactions.length
      const transaction = transactions[index]
      const result = transaction && (await run.run(transaction.raw, index))
      const differs = (how: string) =>
        new BlockDiffersError({ block: header.number, what: `transaction ${index} ${how}` })
      if (transaction === undefined || result === undefined) throw differs('is missing')
      if (result.type === 'refused') throw differs(`is refused (${result.reason})`)
      const { gasUsed = result.transaction.gasUsed } = transaction
      if (result.transaction.gasUsed === gasUsed) return result.transaction
      throw differs(`uses ${result.transaction.gasUsed} gas, not ${gasUsed}`)
    },
  }
}

/** After its last transaction. Throws a BlockDiffersError unless the block used as much gas as its header says. */
export function assertSameGas(run: Pick<BlockRun, 'gasUsed'>, header: BlockHeader): void {
  if (run.gasUsed() === header.gasUsed) return
  const what = `it uses ${run.gasUsed()} gas, not ${header.gasUsed}`
  throw new BlockDiffersError({ block: header.number, what })
}

type OpenRun = { readonly run: BlockRun; readonly finish: () => Promise<StateChanges> }

/** To be run as often as it takes. A rollup's. */
export function openStoredScript(input: StoredBlockInput): BlockScript {
  const { header, transactions } = input.block
  return {
    number: header.number,
    raws: transactions.map(({ raw }) => raw),
    open: async (options) => (await openRun(input, options)).run,
  }
}

async function openRun(input: StoredBlockInput, options?: RunOptions): Promise<OpenRun> {
  const { execution, state, ancestorHash, block } = input
  const { header, ommers = [], withdrawals } = block
  const senderByHash = new Map(block.transactions.map(({ hash, sender }) => [hash, hexToBytes(sender)]))
  const senders = { senderOf: (hash: Hash) => senderByHash.get(hash) ?? null }
  if (execution.type === 'ethereum') {
    const environment = { ...header, ommers, ...(withdrawals !== undefined && { withdrawals }) }
    const { spec } = execution
    const open = await openEthereumBlock({ spec, senders, environment, state, ancestorHash })
    return { run: open.run, finish: async () => (await open.seal()).changes }
  }
  const fork = forkAt(execution.spec, header)
  const { number, parentHash, coinbase, timestamp, gasLimit, mixHash, baseFeePerGas = 0n } = header
  const run = await openRollupRun({
    ...{ execution, senders, state, ancestorHash, rules: rulesAt(execution, header) },
    info: { number, parentHash, coinbase, timestamp, gasLimit, mixHash, baseFeePerGas },
    basefeeSharingPctg: fork === undefined ? 0 : basefeeSharingPctgOf(fork, header.extraData),
    ...options,
  })
  return { run, finish: async () => run.state.takeChanges() }
}
