/** Keeps a pool at the head of the chain: included transactions leave it, those of removed blocks come back. */
import type { ChainChange, ChainReader, StoredBlock } from '../../chain/chain.ts'
import type { MaybePromise, StateSource } from '../../engine/state/source.ts'
import { defined } from '../../primitives/assert.ts'
import type { Address } from '../../primitives/hex.ts'
import { nextBaseFee } from '../../protocol/shasta/baseFee.ts'
import { gasLimitWithoutAnchor } from '../../protocol/shasta/rules.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Logger } from '../../telemetry/log.ts'
import { chooseGasLimit } from '../plan.ts'
import type { PoolHead, PoolState, TxPool } from '../txPool.ts'

/** The pool's view of a state that moves with the head. */
export function createPoolState(source: () => StateSource): PoolState {
  const read = <T>(
    address: Address,
    pick: (account: { nonce: bigint; balance: bigint }) => T,
  ): MaybePromise<T> => {
    const answer = (account: { nonce: bigint; balance: bigint } | null) =>
      pick(account ?? { nonce: 0n, balance: 0n })
    const account = source().account(address)
    return account instanceof Promise ? account.then(answer) : answer(account)
  }
  return {
    nonce: (address) => read(address, ({ nonce }) => nonce),
    balance: (address) => read(address, ({ balance }) => balance),
  }
}

/** What the block after `latest` will ask of a transaction. `gasLimitTarget` as in the builder's options. */
export async function readPoolHead(
  chain: ChainReader,
  spec: RollupSpec,
  gasLimitTarget: bigint,
): Promise<PoolHead> {
  const { latest } = chain.heads()
  const { header } = defined(await chain.headerByNumber(latest.number), 'the latest block')
  const grandparent = header.number === 0n ? undefined : await chain.headerByNumber(header.number - 1n)
  const parent = {
    ...header,
    baseFeePerGas: defined(header.baseFeePerGas, 'the base fee of an L2 header'),
    grandparentTimestamp: grandparent?.header.timestamp ?? 0n,
  }
  return {
    baseFeePerGas: nextBaseFee(parent, spec.shasta.baseFeeMin),
    gasLimit: chooseGasLimit(gasLimitWithoutAnchor(header), gasLimitTarget),
  }
}

/** Returns the unsubscribe function. Updates are made in the order of the commits. */
export function followChain(deps: {
  readonly pool: Pick<TxPool, 'update'>
  readonly chain: ChainReader
  readonly spec: RollupSpec
  readonly gasLimitTarget: bigint
  readonly logger: Logger
}): () => void {
  const { pool, chain, logger } = deps
  let last: Promise<void> = Promise.resolve()

  const apply = async ({ added, removed }: ChainChange): Promise<void> => {
    const blocks: StoredBlock[] = []
    for (const { hash } of added) {
      const block = await chain.blockByHash(hash)
      // Already gone again: a later change says so, and its transactions were never missed here.
      if (block !== undefined) blocks.push(block)
    }
    await pool.update({
      head: await readPoolHead(chain, deps.spec, deps.gasLimitTarget),
      removed: removed.map(({ hash }) => hash),
      added: blocks.map(({ hash, transactions }) => ({
        hash,
        transactions: transactions
          .filter(({ listedIndex }) => listedIndex !== undefined)
          .map(({ raw }) => raw),
      })),
    })
  }

  return chain.onChange((change) => {
    if (change.added.length === 0 && change.removed.length === 0) return
    last = last
      .then(() => apply(change))
      .catch((error) =>
        logger.error({ error: String(error) }, 'the transaction pool could not follow the chain'),
      )
  })
}
