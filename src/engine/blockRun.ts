/**
 * A block's transactions one after the other, as whoever makes, checks, traces or simulates the block runs them: admitted by the rules of its
 * chain, charged, and described. Rules D-70..D-89.
 */
import { CriticalError } from '../primitives/errors.ts'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import type { Log } from '../primitives/receipt.ts'
import { chainIdOf, type ExecutionSpec } from '../spec/executionSpec.ts'
import { type AdmittedTransaction, admitTransaction } from './admission.ts'
import type { AddResult, AncestorHashes, ExecutedTransaction } from './engine.ts'
import { createRunContext, type EvmBlockInfo, type RunContext } from './evm.ts'
import { effectiveGasPrice, messageOf } from './message.ts'
import type { EvmRules } from './rules/evmRules.ts'
import { splitFees } from './rules/fees.ts'
import { type Credits, type MessageResult, runMessage } from './runMessage.ts'
import type { SenderPool } from './senderPool.ts'
import { OverlayState } from './state/overlay.ts'
import type { StateSource } from './state/source.ts'

export type BlockRunInput = {
  readonly execution: ExecutionSpec
  readonly rules: EvmRules
  readonly senders: Pick<SenderPool, 'senderOf'>
  readonly info: EvmBlockInfo
  /** Percent of the base fee that the coinbase of a rollup block receives. */
  readonly basefeeSharingPctg: number
  /** After the parent. */
  readonly state: StateSource
  readonly ancestorHash: AncestorHashes
}

export type BlockRun = {
  /** Tracers listen to its EVM. */
  readonly context: RunContext
  readonly state: OverlayState
  /** Those that were added, in order. */
  readonly transactions: readonly ExecutedTransaction[]
  gasUsed(): bigint
  /**
   * Executes a transaction if the rules admit it; one that is refused leaves no trace. The first of a rollup block is its anchor transaction
   * and has no `listedIndex`. Throws a CriticalError for an anchor transaction that is refused: derivation made it.
   */
  run(raw: Uint8Array, listedIndex?: number): Promise<AddResult>
}

export async function createBlockRun(input: BlockRunInput): Promise<BlockRun> {
  const { execution, senders, info } = input
  const state = new OverlayState(input.state)
  const context = await createRunContext({
    chainId: chainIdOf(execution),
    rules: input.rules,
    state,
    info,
    ancestorHash: input.ancestorHash,
  })
  const creditsOf = createCredits(input)
  const transactions: ExecutedTransaction[] = []
  let gasUsed = 0n

  const add = (executed: ExecutedTransaction): AddResult => {
    gasUsed += executed.gasUsed
    transactions.push(executed)
    return { type: 'added', transaction: executed }
  }

  const runAnchor = async (raw: Uint8Array): Promise<AddResult> => {
    const admission = await admitTransaction(context, senders, raw, info.gasLimit, { checksBalance: false })
    if (admission.type === 'refused')
      throw new CriticalError(
        `the anchor transaction of block ${info.number} is invalid (${admission.refusal.reason}); the chain was derived or configured wrongly`,
      )
    const { admitted } = admission
    const price = effectiveGasPrice(admitted.transaction, info.baseFeePerGas)
    const result = await runMessage(context, messageOf(admitted, price, { isCharged: false }), () => [])
    return add(describe(admitted, price, result, 0n))
  }

  return {
    context,
    state,
    transactions,
    gasUsed: () => gasUsed,
    async run(raw, listedIndex) {
      if (execution.type === 'rollup' && transactions.length === 0) return runAnchor(raw)
      const admission = await admitTransaction(context, senders, raw, info.gasLimit - gasUsed)
      if (admission.type === 'refused') return { type: 'refused', ...admission.refusal }
      const { admitted } = admission
      const price = effectiveGasPrice(admitted.transaction, info.baseFeePerGas)
      const message = messageOf(admitted, price, {
        isCharged: true,
        ...(info.blobBaseFee !== undefined && { blobBaseFee: info.blobBaseFee }),
      })
      const result = await runMessage(context, message, (used) => creditsOf(used, price))
      const executed = describe(admitted, price, result, gasUsed)
      return add(listedIndex === undefined ? executed : { ...executed, listedIndex })
    },
  }
}

/** Who receives what a transaction pays for its gas: on a rollup nothing is burnt (D-71). */
export function createCredits({
  execution,
  info,
  basefeeSharingPctg,
}: Pick<BlockRunInput, 'execution' | 'info' | 'basefeeSharingPctg'>): (
  gasUsed: bigint,
  price: bigint,
) => Credits {
  const coinbase = hexToBytes(info.coinbase)
  const { baseFeePerGas } = info
  if (execution.type === 'ethereum')
    return (gasUsed, price) => [[coinbase, gasUsed * (price - baseFeePerGas)]]
  const treasury = hexToBytes(execution.spec.l2.anchor)
  return (gasUsed, price) => {
    const tipPerGas = price - baseFeePerGas
    const shares = splitFees({ gasUsed, baseFeePerGas, tipPerGas, basefeeSharingPctg })
    return [
      [coinbase, shares.coinbase],
      [treasury, shares.treasury],
    ]
  }
}

function describe(
  { transaction, hash, sender }: AdmittedTransaction,
  price: bigint,
  result: MessageResult,
  gasUsedBefore: bigint,
): ExecutedTransaction {
  return {
    raw: transaction.raw,
    hash,
    sender: bytesToHex(sender),
    to: transaction.to === null ? null : bytesToHex(transaction.to),
    gasUsed: result.gasUsed,
    effectiveGasPrice: price,
    createdContract:
      transaction.to === null && result.createdContract !== null ? bytesToHex(result.createdContract) : null,
    receipt: {
      type: transaction.type,
      succeeded: result.succeeded,
      cumulativeGasUsed: gasUsedBefore + result.gasUsed,
      logs: result.logs.map(toLog),
    },
  }
}

function toLog([address, topics, data]: MessageResult['logs'][number]): Log {
  return { address: bytesToHex(address), topics: topics.map(bytesToHex), data }
}
