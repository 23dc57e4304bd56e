/**
 * The judge between what a block has come to here and what somebody else says of it, or nobody yet (`--engine.check`): the block runs once
 * more on EthereumJS's own loop, and where the two differ the first transaction and the first step that do are found.
 */
import { CriticalError } from '../../primitives/errors.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { ZK_GAS_RULE } from '../blockRun.ts'
import type { AddResult } from '../engine.ts'
import type { StateSource } from '../state/source.ts'
import { compareChanges, compareOutcomes, type Difference, type Outcome } from './compare.ts'
import { type BlockScript, runScript, runStock } from './script.ts'
import { findFirstStep, type StepDifference } from './trace.ts'

/** Our interpreter and EthereumJS's make different blocks of one list: ours is wrong. */
export class EngineDisagreementError extends CriticalError {
  override readonly name = 'EngineDisagreementError'
  readonly block: bigint
  readonly difference: Difference
  /** Undefined where no single transaction shows it. */
  readonly transaction: TransactionDifference | undefined

  constructor(data: {
    readonly block: bigint
    readonly difference: Difference
    readonly transaction: TransactionDifference | undefined
  }) {
    const { block, difference, transaction } = data
    super(
      `block ${block}: this version's interpreter and EthereumJS's disagree. ${sentenceOf(difference)}. ` +
        `${transaction === undefined ? 'No transaction by itself shows it' : describeTransaction(transaction)}. ` +
        'Nothing is derived on it. Please report this sentence; until it is mended `--engine.loop stock` runs the node on EthereumJS, some thirty times slower',
    )
    this.block = block
    this.difference = difference
    this.transaction = transaction
  }
}

export type TransactionDifference = {
  /** Among those listed; the anchor transaction is 0. */
  readonly place: number
  readonly hash: string
  readonly difference: Difference
  readonly step?: StepDifference
}

/**
 * Throws an EngineDisagreementError; otherwise both loops make the same of the list. `ours` where it has run already.
 * `state` is the one it runs on.
 */
export async function reviewScript(
  script: BlockScript,
  state: Pick<StateSource, 'rootAfter'>,
  ours?: Outcome,
): Promise<Outcome> {
  const our = ours ?? (await runScript(script, { loop: 'own' }))
  const stock = await runStock(script, our)
  const difference = compareOutcomes(our, stock)
  if (difference === undefined) return our
  const isOfChanges = compareOutcomes({ ...our, changes: stock.changes }, stock) === undefined
  // One may have written down what it left as it was.
  if (isOfChanges && (await state.rootAfter(our.changes)) === (await state.rootAfter(stock.changes)))
    return our
  const transaction = await findTransaction(script)
  throw new EngineDisagreementError({ block: script.number, difference, transaction })
}

/** The first that the two loops make something else of, one after the other on states that were the same until then. */
async function findTransaction(script: BlockScript): Promise<TransactionDifference | undefined> {
  try {
    return await compareOneByOne(script)
  } catch (error) {
    // As in `runStock`: where EthereumJS's steps cannot be had nothing more is found.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

async function compareOneByOne(script: BlockScript): Promise<TransactionDifference | undefined> {
  const ours = await script.open({ loop: 'own' })
  const stock = await script.open({ loop: 'stock', countsSteps: true })
  for (const [place, raw] of script.raws.entries()) {
    const results = [await ours.run(raw), await stock.run(raw)] as const
    const difference =
      compareResults(...results) ??
      compareNumbers('zk gas of the block so far', ours.zkGas(), stock.zkGas()) ??
      compareChanges(ours.state.takeChanges(), stock.state.takeChanges())
    if (difference === undefined && endsBlock(results[0])) return undefined
    if (difference === undefined) continue
    const step = await findFirstStep(script, place)
    return { place, hash: keccak256Hex(raw), difference, ...(step && { step }) }
  }
  return undefined
}

function compareResults(ours: AddResult, stock: AddResult): Difference | undefined {
  const nothing = { dropped: [], zkGas: undefined, changes: NO_CHANGES }
  if (ours.type === 'added' && stock.type === 'added')
    return compareOutcomes(
      { ...nothing, transactions: [ours.transaction] },
      { ...nothing, transactions: [stock.transaction] },
    )
  const verdict = (result: AddResult) => (result.type === 'added' ? 'added' : `refused by ${result.rule}`)
  const [our, their] = [verdict(ours), verdict(stock)]
  return our === their ? undefined : { what: 'what becomes of it', ours: our, stock: their }
}

function endsBlock(result: AddResult): boolean {
  return result.type === 'refused' && result.rule === ZK_GAS_RULE
}

const NO_CHANGES = { accounts: new Map(), storage: new Map(), code: new Map() }

function compareNumbers(what: string, ours: number, stock: number): Difference | undefined {
  return ours === stock ? undefined : { what, ours: `${ours}`, stock: `${stock}` }
}

function sentenceOf({ what, ours, stock }: Difference): string {
  return `The ${what} is ${ours} by ours and ${stock} by EthereumJS's`
}

function describeTransaction({ place, hash, difference, step }: TransactionDifference): string {
  const at = step === undefined ? 'their steps are the same' : `the first step to differ is ${step.sentence}`
  return `Transaction ${place} (${hash}) is the first: ${sentenceOf(difference)}; ${at}`
}
