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
import { opcodesOf } from './evm/opcodes.ts'
import { type BlockZkMeter, createZkMeter, ZkGasExceededError } from './evm/zkMeter.ts'
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

/** The block ends before this transaction, whatever else is listed: its zk gas would exceed the limit. unzen.md §1.2. */
export const ZK_GAS_RULE = 'D-92'

export type BlockRun = {
  /** Tracers listen to its EVM. Another one after a transaction that exceeded the zk gas. */
  readonly context: RunContext
  readonly state: OverlayState
  /** Those that were added, in order. */
  readonly transactions: readonly ExecutedTransaction[]
  gasUsed(): bigint
  /** Zk gas of `transactions`; 0 where none is counted. */
  zkGas(): number
  /** What runs in `work` counts no zk gas: the protocol's own calls. */
  unmetered<T>(work: () => Promise<T>): Promise<T>
  /**
   * Executes a transaction if the rules admit it; one that is refused leaves no trace. The first of a rollup block is its anchor transaction
   * and has no `listedIndex`. Throws a CriticalError for an anchor transaction that is refused: derivation made it.
   */
  run(raw: Uint8Array, listedIndex?: number): Promise<AddResult>
}

export async function createBlockRun(input: BlockRunInput): Promise<BlockRun> {
  const { execution, senders, info } = input
  const { rules, ancestorHash } = input
  const state = new OverlayState(input.state)
  const meter = createBlockMeter(rules)
  const openContext = () =>
    createRunContext({
      ...{ chainId: chainIdOf(execution), rules, state, info, ancestorHash },
      ...(meter && { meter }),
    })
  let context = await openContext()
  const creditsOf = createCredits(input)
  const transactions: ExecutedTransaction[] = []
  let gasUsed = 0n

  const add = (executed: ExecutedTransaction): AddResult => {
    gasUsed += executed.gasUsed
    transactions.push(executed)
    return { type: 'added', transaction: executed }
  }

  /** With zk gas counted, if it is; a transaction that exceeds it never was. */
  const metered = async (run: () => Promise<AddResult>): Promise<AddResult> => {
    if (meter === undefined) return run()
    try {
      meter.beginTransaction()
      const result = await run()
      if (result.type === 'refused') meter.dropTransaction()
      return result
    } catch (error) {
      if (!(error instanceof ZkGasExceededError)) throw error
      meter.dropTransaction()
      await state.revertAll()
      context = await openContext()
      return { type: 'refused', reason: error.message, rule: ZK_GAS_RULE }
    }
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

  const runListed = async (raw: Uint8Array, listedIndex?: number): Promise<AddResult> => {
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
  }

  return {
    get context() {
      return context
    },
    state,
    transactions,
    gasUsed: () => gasUsed,
    zkGas: () => meter?.used ?? 0,
    async unmetered(work) {
      const before = meter?.used ?? 0
      const result = await work()
      if (meter !== undefined) meter.used = before
      return result
    },
    async run(raw, listedIndex) {
      if (execution.type === 'ethereum' || transactions.length > 0)
        return metered(() => runListed(raw, listedIndex))
      const anchor = await metered(() => runAnchor(raw))
      if (anchor.type === 'refused')
        throw new CriticalError(
          `the anchor transaction of block ${info.number} exceeds the zk gas of a block`,
        )
      return anchor
    },
  }
}

function createBlockMeter({ fork, zkGas }: EvmRules): BlockZkMeter | undefined {
  const opcodes = opcodesOf(fork)
  return zkGas === undefined || opcodes === undefined ? undefined : createZkMeter(zkGas, opcodes)
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
