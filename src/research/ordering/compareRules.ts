/** Rules beside each other and beside history: over seeds where lots are drawn, and under every model of arrival. */
import { assert } from '../../primitives/assert.ts'
import type { Hash } from '../../primitives/hex.ts'
import { quantile } from '../metrics/quantile.ts'
import { ARRIVAL_MODELS, type ArrivalModel, arrive } from './arrival.ts'
import { createDraw } from './draw.ts'
import { canonicalOrder, type History } from './history.ts'
import { countTurns, type Measured, measureOrder, type Turns } from './measure.ts'
import { compareOutcomes, type Difference, type Executed, measureOutcomes } from './outcomes.ts'
import type { Reexecution } from './reexecute.ts'
import type { OrderedSlot, Sequencer } from './rule.ts'
import type { ChosenRule } from './rules/index.ts'

export type CompareInput = {
  readonly history: History
  readonly rules: readonly ChosenRule[]
  readonly sequencers: readonly Sequencer[]
  readonly arrival: ArrivalModel
  /** Mean, for the model that draws it. */
  readonly jitterMs: number
  /** Runs of a rule, or a model, that draws lots. */
  readonly seeds: number
  /** Absent: nothing can be executed. */
  readonly reexecute?: Reexecution
  readonly onProgress?: (progress: {
    readonly done: number
    readonly of: number
    readonly rule: string
  }) => void
}

export type Spread = { readonly mean: number; readonly p5: number; readonly p95: number }
export type Spreads = Readonly<Record<string, Spread | null>>

/** One seed of one rule, in full. */
export type Run = {
  readonly turns: readonly Turns[]
  readonly order: readonly OrderedSlot[]
  /** Seconds from arrival to the end of its slot, on L1 and here; null here: in no slot of the range. */
  readonly delays: ReadonlyMap<Hash, { readonly canonical: number; readonly here: number | null }>
  readonly difference?: Difference
}

export type RuleReport = {
  readonly chosen: ChosenRule
  /** 1 where nothing was drawn. */
  readonly seeds: number
  readonly measured: Spreads
  /** By model of arrival. */
  readonly sensitivity: Readonly<Partial<Record<ArrivalModel, Spreads>>>
  /** Of the first seed. */
  readonly run: Run
}

export type Comparison = {
  readonly input: CompareInput
  readonly canonical: { readonly measured: Measured; readonly turns: readonly Turns[] }
  readonly rules: readonly RuleReport[]
}

/** Each rule over its seeds, then under the other models of arrival. Throws what executing throws. */
export async function compareRules(input: CompareInput): Promise<Comparison> {
  const { history, rules, arrival } = input
  const order = canonicalOrder(history)
  const canonical = await input.reexecute?.(order)
  const runs = createRuns(input, canonical)
  const models = ARRIVAL_MODELS.filter((model) => model !== 'first-seen' || knowsFirstSeen(history))
  const reports: RuleReport[] = []
  for (const [done, chosen] of rules.entries()) {
    input.onProgress?.({ done, of: rules.length, rule: chosen.name })
    const main = await runs.over(chosen, arrival, true)
    const sensitivity: Partial<Record<ArrivalModel, Spreads>> = {}
    for (const model of models) {
      const other = model === arrival ? main : await runs.over(chosen, model, false)
      sensitivity[model] = other.measured
    }
    reports.push({ ...{ chosen, sensitivity }, seeds: main.seeds, measured: main.measured, run: main.run })
  }
  const draw = createDraw(1)
  const transactions = arrive(history, arrival, { ...input, draw })
  const byHash = new Map(transactions.map((each) => [each.hash, each]))
  const arrived = order.map((slot) => ({
    ...slot,
    transactions: slot.transactions.map((each) => byHash.get(each.hash) ?? each),
  }))
  const outcomes = canonical && measureOutcomes(canonical, await compareOutcomes(canonical, canonical))
  const measured = { ...measureOrder(arrived, { ...history, transactions }), ...outcomes }
  return { input, canonical: { measured, turns: countTurns(arrived) }, rules: reports }
}

const knowsFirstSeen = ({ transactions }: History): boolean =>
  transactions.some(({ firstSeenMs }) => firstSeenMs !== undefined)

function createRuns(input: CompareInput, canonical: Executed | undefined) {
  const { history, sequencers, reexecute } = input
  /** Seeds often come to the same order. */
  const differences = new Map<string, { readonly executed: Executed; readonly difference: Difference }>()

  async function execute(order: readonly OrderedSlot[]) {
    if (reexecute === undefined || canonical === undefined) return undefined
    const key = order
      .map(({ sequencer = '', transactions }) => [sequencer, ...transactions.map(({ hash }) => hash)].join())
      .join(';')
    const known = differences.get(key)
    if (known !== undefined) return known
    const executed = await reexecute(order)
    const found = { executed, difference: await compareOutcomes(canonical, executed) }
    differences.set(key, found)
    return found
  }

  async function once({ rule, parameter }: ChosenRule, model: ArrivalModel, seed: number, executes: boolean) {
    const draws = createDraw(seed)
    let hasDrawn = false
    const draw = (label: string) => {
      hasDrawn = true
      return draws(label)
    }
    const transactions = arrive(history, model, { ...input, draw })
    const { slots } = history
    const order = rule.order(transactions, { slots, sequencers, draw, parameter })
    assertOnce(order, rule.id)
    const ran = executes ? await execute(order) : undefined
    const measured: Measured = {
      ...measureOrder(order, { slots, transactions }),
      ...(ran && measureOutcomes(ran.executed, ran.difference)),
    }
    const run = (): Run => {
      const endOf = (slot: number) => slots[slot]?.endMs ?? 0
      const slotOf = new Map(order.flatMap((each) => each.transactions.map(({ hash }) => [hash, each.slot])))
      return {
        ...{ turns: countTurns(order), order },
        delays: new Map(
          transactions.map(({ hash, arrivalMs, canonicalSlot }) => {
            const slot = slotOf.get(hash)
            const here = slot === undefined ? null : (endOf(slot) - arrivalMs) / 1_000
            return [hash, { canonical: (endOf(canonicalSlot) - arrivalMs) / 1_000, here }]
          }),
        ),
        ...(ran && { difference: ran.difference }),
      }
    }
    return { measured, hasDrawn, run }
  }

  return {
    /** `isMain`: every seed is executed, not the first alone. */
    async over(chosen: ChosenRule, model: ArrivalModel, isMain: boolean) {
      const first = await once(chosen, model, 1, true)
      const all = [first.measured]
      if (first.hasDrawn)
        for (let seed = 2; seed <= input.seeds; seed++)
          all.push((await once(chosen, model, seed, isMain)).measured)
      return { seeds: all.length, measured: spreadsOf(all), run: first.run() }
    },
  }
}

/** Over the runs that have the measure. */
function spreadsOf(runs: readonly Measured[]): Spreads {
  const ids = Object.keys(runs[0] ?? {})
  return Object.fromEntries(
    ids.map((id) => {
      const values = runs.map((run) => run[id]).filter((value) => value !== null && value !== undefined)
      const [p5, p95] = [quantile(values, 0.05), quantile(values, 0.95)]
      if (p5 === null || p95 === null) return [id, null]
      return [id, { mean: values.reduce((sum, value) => sum + value, 0) / values.length, p5, p95 }]
    }),
  )
}

function assertOnce(order: readonly OrderedSlot[], rule: string): void {
  const seen = new Set<Hash>()
  for (const { hash } of order.flatMap(({ transactions }) => transactions)) {
    assert(!seen.has(hash), `${rule} orders ${hash} twice`)
    seen.add(hash)
  }
}
