/** Every rule by its id. A rule is one small file: write it, and name it here. */
import { defined } from '../../../primitives/assert.ts'
import type { OrderingRule } from '../rule.ts'
import { astria } from './astria.ts'
import { decentralisedTimeboost } from './decentralisedTimeboost.ts'
import { encrypted } from './encrypted.ts'
import { espresso } from './espresso.ts'
import { firstCome } from './firstCome.ts'
import { withInclusionList } from './inclusionList.ts'
import { lookahead } from './lookahead.ts'
import { posRotation } from './posRotation.ts'
import { priorityFee } from './priorityFee.ts'
import { sealedBidAuction } from './sealedBidAuction.ts'
import { timeboost } from './timeboost.ts'
import { totalAnarchy } from './totalAnarchy.ts'
import { whitelistRotation } from './whitelistRotation.ts'

export const RULES: readonly OrderingRule[] = [
  totalAnarchy,
  lookahead,
  whitelistRotation,
  posRotation,
  espresso,
  astria,
  decentralisedTimeboost,
  timeboost,
  firstCome,
  priorityFee,
  sealedBidAuction,
  encrypted,
]

/** A rule with values for all its parameters. */
export type ChosenRule = {
  /** As it was asked for. */
  readonly name: string
  readonly rule: OrderingRule
  readonly parameter: (name: string) => number
}

const OVERLAY = 'inclusion-list+'

/** `ID[:parameter=value…]`, with `inclusion-list+` before it where lists are laid over. Throws RangeError with what there is. */
export function chooseRule(name: string): ChosenRule {
  const [id = '', ...given] = name.split(':')
  const isOverlaid = id.startsWith(OVERLAY)
  const found = RULES.find((rule) => rule.id === (isOverlaid ? id.slice(OVERLAY.length) : id))
  if (found === undefined)
    throw new RangeError(
      `there is no rule ${id}: ${RULES.map((rule) => rule.id).join(', ')}, or ${OVERLAY} before one of them`,
    )
  const rule = isOverlaid ? withInclusionList(found) : found
  const values = new Map(rule.parameters.map((parameter) => [parameter.name, parameter.default]))
  for (const text of given) {
    const [parameter = '', value = ''] = text.split('=')
    if (!values.has(parameter) || !/^[0-9]{1,12}$/.test(value))
      throw new RangeError(
        `${text} is no parameter of ${rule.id}: ${[...values.keys()].map((each) => `${each}=NUMBER`).join(', ') || 'it has none'}`,
      )
    values.set(parameter, Number(value))
  }
  return { name, rule, parameter: (parameter) => defined(values.get(parameter), `parameter ${parameter}`) }
}
