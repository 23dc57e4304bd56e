/** A comparison as JSON: everything of the first seed, and the spread over all. The same input gives the same bytes. */
import { ARRIVAL_DEFINITIONS } from './arrival.ts'
import type { Comparison, RuleReport, Run } from './compareRules.ts'
import { measuresOf, PLAIN_SENTENCE } from './reportText.ts'

export function toReportJson(comparison: Comparison): string {
  const { input, canonical, rules } = comparison
  const { history, arrival, seeds, jitterMs, sequencers } = input
  const report = {
    ...{ title: history.title, caveat: PLAIN_SENTENCE, notes: history.notes },
    arrival: { model: arrival, definitions: ARRIVAL_DEFINITIONS, jitterMs },
    seeds,
    sequencers,
    measures: measuresOf(comparison),
    slots: history.slots,
    canonical,
    rules: rules.map(ruleOf),
  }
  return JSON.stringify(report, (_key, value) => (typeof value === 'bigint' ? String(value) : value), 1)
}

function ruleOf({ chosen, seeds, measured, sensitivity, run }: RuleReport) {
  const { rule, name, parameter } = chosen
  const { id, title, definition, source, isRandom } = rule
  return {
    ...{ name, id, title, definition, source, isRandom, seeds, measured, sensitivity },
    parameters: Object.fromEntries(rule.parameters.map((each) => [each.name, parameter(each.name)])),
    firstSeed: firstSeedOf(run),
  }
}

function firstSeedOf({ turns, order, delays, difference }: Run) {
  return {
    turns,
    order: order.map(({ slot, sequencer, payment, transactions }) => ({
      slot,
      ...(sequencer !== undefined && { sequencer }),
      ...(payment && { payment }),
      transactions: transactions.map(({ hash }) => hash),
    })),
    delays: [...delays].map(([hash, delay]) => ({ hash, ...delay })),
    ...(difference && { difference }),
  }
}
