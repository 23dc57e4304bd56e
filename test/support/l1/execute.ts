/** The transactions of a block one after the other: receipts, the inbox's state and the accounts after them. */
import type { Address } from '../../../src/primitives/hex.ts'
import type { Log, Receipt } from '../../../src/primitives/receipt.ts'
import { type AccountState, type AccountWriter, writeAccounts } from './accountState.ts'
import type { L1Transaction } from './calls.ts'
import { effectiveGasPrice, GAS_PER_BLOB, intrinsicGas } from './fees.ts'
import { type BlockContext, callInbox, type InboxConfig } from './inbox.ts'
import type { InboxErrorName } from './inboxAbi.ts'
import { tokenTransferLog } from './inboxEvents.ts'
import type { InboxState } from './inboxState.ts'

export type ExecutionContext = BlockContext & {
  /** Wei. */
  readonly baseFee: bigint
  readonly blobBaseFee: bigint
  readonly coinbase: Address
}

export type WorldState = { readonly inbox: InboxState; readonly accounts: AccountState }

export type Executed = WorldState & {
  readonly receipts: readonly Receipt[]
  /** Why each failed transaction failed, by index. */
  readonly reverts: ReadonlyMap<number, string>
}

export type Outcome =
  | {
      readonly type: 'done'
      readonly inbox: InboxState
      readonly logs: readonly Log[]
      readonly pays?: { readonly to: Address; readonly wei: bigint }
    }
  | { readonly type: 'reverted'; readonly reason: string; readonly error?: InboxErrorName }

/**
 * Gas of the inbox's functions without the calldata, on a warm queue and a used ring: near what the contracts take, no more.
 * The figures only decide whether a limit is enough.
 */
const CALL_GAS: Partial<Record<L1Transaction['call']['type'], bigint>> = {
  propose: 90_000n,
  saveForcedInclusion: 70_000n,
}
const GAS_PER_FORCED_INCLUSION = 12_000n

export function executeBlock(
  config: InboxConfig,
  before: WorldState,
  transactions: readonly L1Transaction[],
  context: ExecutionContext,
): Executed {
  let { inbox } = before
  const accounts = writeAccounts(before.accounts)
  let cumulativeGasUsed = 0n
  const receipts: Receipt[] = []
  const reverts = new Map<number, string>()
  for (const [index, tx] of transactions.entries()) {
    const outcome = runCall(config, inbox, tx, context)
    if (outcome.type === 'done') {
      inbox = outcome.inbox
      accounts.move(tx.from, tx.to, tx.value)
      if (outcome.pays) accounts.move(config.inbox, outcome.pays.to, outcome.pays.wei)
    } else reverts.set(index, outcome.reason)
    const gasUsed = gasUsedBy(tx)
    cumulativeGasUsed += gasUsed
    charge(accounts, tx, gasUsed, context)
    const logs = outcome.type === 'done' ? outcome.logs : []
    receipts.push({ type: tx.type, succeeded: outcome.type === 'done', cumulativeGasUsed, logs })
  }
  return { inbox, accounts: accounts.state(), receipts, reverts }
}

/** What the transaction would do to the inbox, whoever pays for it. */
export function runCall(
  config: InboxConfig,
  inbox: InboxState,
  tx: Pick<L1Transaction, 'call' | 'from' | 'gas' | 'input'>,
  context: BlockContext,
): Outcome {
  const { call, from } = tx
  switch (call.type) {
    case 'transfer':
      return { type: 'done', inbox, logs: [] }
    case 'tokenTransfer': {
      const logs = Array.from({ length: call.logs }, () =>
        tokenTransferLog(call.token, from, call.to, call.value),
      )
      return { type: 'done', inbox, logs }
    }
    case 'revert':
      return { type: 'reverted', reason: 'reverted' }
    default: {
      if (tx.gas < gasNeeded(tx)) return { type: 'reverted', reason: 'out of gas' }
      const result = callInbox(config, inbox, call, context)
      if (result.type === 'reverted') return result
      const { state, logs, pays } = result
      return { type: 'done', inbox: state, logs, ...(pays && { pays }) }
    }
  }
}

/** Gas below which the call runs out. */
export function gasNeeded({ call, input }: Pick<L1Transaction, 'call' | 'input'>): bigint {
  const taken = call.type === 'propose' ? Math.min(call.forcedInclusions, 10) : 0
  return intrinsicGas({ input }) + (CALL_GAS[call.type] ?? 0n) + BigInt(taken) * GAS_PER_FORCED_INCLUSION
}

/** A plain transfer uses what it must; of the others any figure up to the limit is as good. */
function gasUsedBy(tx: L1Transaction): bigint {
  return tx.call.type === 'transfer' ? intrinsicGas(tx) : (tx.gas * 3n) / 4n
}

function charge(
  accounts: AccountWriter,
  tx: L1Transaction,
  gasUsed: bigint,
  context: ExecutionContext,
): void {
  const price = effectiveGasPrice(tx, context.baseFee)
  const tip = price > context.baseFee ? price - context.baseFee : 0n
  accounts.useNonce(tx.from, tx.nonce)
  accounts.move(tx.from, context.coinbase, gasUsed * tip)
  accounts.burn(tx.from, gasUsed * (price - tip))
  accounts.burn(tx.from, BigInt(tx.blobHashes.length) * GAS_PER_BLOB * context.blobBaseFee)
}
