/** A block's list, run as often as it takes: on our loop, on EthereumJS's, in step, or to be watched. */
import type { BlockRun } from '../blockRun.ts'
import type { RunLoop } from '../evm/frame.ts'
import { runListed } from '../runListed.ts'
import type { Outcome } from './compare.ts'

export type RunOptions = {
  readonly loop: 'own' | 'stock'
  /** Of EthereumJS's loop: zk gas is counted by steps. */
  readonly countsSteps?: boolean
  /** In place of our loop: one that says where it stands. */
  readonly runLoop?: RunLoop
  /** The block has no limit of zk gas. */
  readonly isUnlimited?: boolean
}

export type BlockScript = {
  readonly number: bigint
  /** The block from its beginning, nothing run yet. */
  open(options: RunOptions): Promise<BlockRun>
  /** Of a rollup block the anchor transaction is the first. */
  readonly raws: readonly Uint8Array[]
}

/** The whole list, as derivation runs it. */
export async function runScript({ open, raws }: BlockScript, options: RunOptions): Promise<Outcome> {
  const run = await open(options)
  const [anchor, ...listed] = raws
  if (anchor !== undefined) await run.run(anchor)
  const dropped = await runListed(
    listed.map((raw) => ({ raw })),
    (raw, listedIndex) => run.run(raw, listedIndex),
  )
  const isCounted = options.loop === 'own' || options.countsSteps === true
  return {
    transactions: run.transactions,
    dropped,
    zkGas: isCounted ? BigInt(run.zkGas()) : undefined,
    changes: run.state.takeChanges(),
  }
}

/** The same on EthereumJS's loop, with its zk gas if its steps can be had. */
export async function runStock(script: BlockScript, ours: Outcome): Promise<Outcome> {
  try {
    return await runScript(script, { loop: 'stock', countsSteps: true })
  } catch (error) {
    // Its step hook reads what a REVERT is to return before anyone has paid for it, and has no room for so much.
    if (!(error instanceof RangeError)) throw error
    // Uncounted, no transaction ends the block: it gets those that are in it.
    const raws = ours.transactions.map(({ raw }) => raw)
    const stock = await runScript({ ...script, raws }, { loop: 'stock' })
    const places = ours.transactions.map(({ listedIndex }) => listedIndex)
    const transactions = stock.transactions.map((transaction, i) => {
      const { listedIndex: _, ...rest } = transaction
      const place = places[i]
      return place === undefined ? rest : { ...rest, listedIndex: place }
    })
    return { ...stock, transactions, dropped: ours.dropped }
  }
}
