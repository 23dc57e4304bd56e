/**
 * A block's transactions one after the other, as whoever makes, checks, traces or simulates the block runs them: admitted by the rules of its
 * chain, charged, and described. Rules D-70..D-89.
 */
import { CriticalError } from '../primitives/errors.ts'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import type { Log } from '../primitives/receipt.ts'
import { chainIdOf, type ExecutionSpec } from '../spec/executionSpec.ts'
import { type AdmittedTransaction, admitTransaction } from './admission.ts'
import { meterSteps, type StepMeter } from './check/stepMeter.ts'
import type { AddResult, AncestorHashes, ExecutedTransaction } from './engine.ts'
import type { RunLoop } from './evm/frame.ts'
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
  /** Default: our own. On EthereumJS's zk gas is what a plain meter counts on its steps, if `countsSteps`; a block without is not ended by it. */
  readonly loop?: 'own' | 'stock'
  readonly countsSteps?: boolean
  /** In place of our loop: one that can be watched. */
  readonly runLoop?: RunLoop
  /** The block has no limit of zk gas. For looking at what runs, never for deriving. */
  readonly isUnlimited?: boolean
  /** Of a transaction that exceeds the zk gas it is found out whether it would with nothing but the anchor transaction before it. */
  readonly asksAlone?: boolean
  /** Gas and zk gas that the block has used already, with `state` the one after it: nothing is its anchor transaction any more. */
  readonly behind?: { readonly gasUsed: bigint; readonly zkGas: number }
}

/** The block ends before this transaction, whatever else is listed: its zk gas would exceed the limit. unzen.md §1.2. */
export const ZK_GAS_RULE = 'D-92'

const FITS_NO_BLOCK = 'its zk gas is more than any block has beside the anchor transaction'

export type BlockRun = {
  /** Tracers listen to its EVM. Another one after a transaction that exceeded the zk gas. */
  readonly context: RunContext
  readonly state: OverlayState
  /** Those that were added, in order. */
  readonly transactions: readonly ExecutedTransaction[]
  gasUsed(): bigint
  /** Zk gas of the block so far; 0 where none is counted. */
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
  const { rules, ancestorHash, loop = 'own' } = input
  const state = new OverlayState(input.state)
  const isMetered = loop === 'own' || input.countsSteps === true
  const meter = isMetered ? createBlockMeter(rules, input.isUnlimited) : undefined
  if (meter !== undefined) meter.used = input.behind?.zkGas ?? 0
  let steps: StepMeter | undefined
  const openContext = async () => {
    const opened = await createRunContext({
      ...{ chainId: chainIdOf(execution), rules, state, info, ancestorHash, loop },
      ...(meter && loop === 'own' && { meter }),
      ...(input.runLoop && { runLoop: input.runLoop }),
    })
    const isStepped = meter !== undefined && loop === 'stock' && rules.zkGas !== undefined
    steps = isStepped ? meterSteps(opened, rules.fork, rules.zkGas) : undefined
    return opened
  }
  let context = await openContext()
  /** Zk gas of the anchor transaction. */
  let zkOfAnchor = 0
  const creditsOf = createCredits(input)
  const transactions: ExecutedTransaction[] = []
  let gasUsed = input.behind?.gasUsed ?? 0n

  const add = (executed: ExecutedTransaction): AddResult => {
    gasUsed += executed.gasUsed
    transactions.push(executed)
    return { type: 'added', transaction: executed }
  }

  type Executed = { readonly type: 'executed'; readonly transaction: ExecutedTransaction }
  type Refused = Extract<AddResult, { type: 'refused' }>

  /** With zk gas counted, if it is; a transaction that exceeds it never was. */
  const counted = async (execute: () => Promise<Executed | Refused>): Promise<Executed | Refused> => {
    if (meter === undefined) return execute()
    try {
      meter.beginTransaction()
      await state.checkpoint()
      const result = await execute()
      if (result.type === 'executed') meter.used += steps?.take() ?? 0
      if (meter.used > meter.max) throw new ZkGasExceededError()
      await state.commit()
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

  /** As if it came right behind the anchor transaction, in the state that there is; leaves no trace. */
  const exceedsAlone = async (raw: Uint8Array): Promise<boolean> => {
    if (meter === undefined || transactions.length === 1) return true
    const before = meter.used
    meter.used = zkOfAnchor
    await state.checkpoint()
    const result = await counted(() => executeListed(raw))
    await state.revertAll()
    meter.used = before
    context = await openContext()
    return result.type === 'refused' && result.rule === ZK_GAS_RULE
  }

  const executeAnchor = async (raw: Uint8Array): Promise<Executed> => {
    const admission = await admitTransaction(context, senders, raw, info.gasLimit, { checksBalance: false })
    if (admission.type === 'refused')
      throw new CriticalError(
        `the anchor transaction of block ${info.number} is invalid (${admission.refusal.reason}); the chain was derived or configured wrongly`,
      )
    const { admitted } = admission
    const price = effectiveGasPrice(admitted.transaction, info.baseFeePerGas)
    const result = await runMessage(context, messageOf(admitted, price, { isCharged: false }), () => [])
    return { type: 'executed', transaction: describe(admitted, price, result, 0n) }
  }

  const executeListed = async (raw: Uint8Array): Promise<Executed | Refused> => {
    const admission = await admitTransaction(context, senders, raw, info.gasLimit - gasUsed)
    if (admission.type === 'refused') return { type: 'refused', ...admission.refusal }
    const { admitted } = admission
    const price = effectiveGasPrice(admitted.transaction, info.baseFeePerGas)
    const message = messageOf(admitted, price, {
      isCharged: true,
      ...(info.blobBaseFee !== undefined && { blobBaseFee: info.blobBaseFee }),
    })
    const result = await runMessage(context, message, (used) => creditsOf(used, price))
    return { type: 'executed', transaction: describe(admitted, price, result, gasUsed) }
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
      steps?.take()
      if (meter !== undefined) meter.used = before
      return result
    },
    async run(raw, listedIndex) {
      if (execution.type === 'ethereum' || input.behind !== undefined || transactions.length > 0) {
        const result = await counted(() => executeListed(raw))
        if (result.type === 'executed')
          return add(listedIndex === undefined ? result.transaction : { ...result.transaction, listedIndex })
        const isOver = result.rule === ZK_GAS_RULE && (input.asksAlone === true || transactions.length === 1)
        return isOver && (await exceedsAlone(raw))
          ? { ...result, reason: FITS_NO_BLOCK, fitsNoBlock: true }
          : result
      }
      const anchor = await counted(() => executeAnchor(raw))
      if (anchor.type === 'refused')
        throw new CriticalError(
          `the anchor transaction of block ${info.number} exceeds the zk gas of a block`,
        )
      zkOfAnchor = meter?.used ?? 0
      return add(anchor.transaction)
    },
  }
}

function createBlockMeter({ fork, zkGas }: EvmRules, isUnlimited = false): BlockZkMeter | undefined {
  const opcodes = opcodesOf(fork)
  if (zkGas === undefined || opcodes === undefined) return undefined
  return createZkMeter(isUnlimited ? { ...zkGas, blockMax: Number.MAX_SAFE_INTEGER } : zkGas, opcodes)
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
