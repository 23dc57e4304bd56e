/**
 * Stage and risks in L2BEAT's terms, walked as its code walks them, from facts that somebody states with a source: L1 data does not show
 * who can change the rules. https://l2beat.com/stages
 */
import { z } from 'zod'
import { CriticalError } from '../../primitives/errors.ts'

const item = z.strictObject({
  /** What is asked. */
  question: z.string().min(1),
  /** Null: does not apply. */
  answer: z.boolean().nullable(),
  /** Where the answer comes from. */
  source: z.string().min(1),
})

const RISKS = [
  'State validation',
  'Data availability',
  'Exit window',
  'Sequencer failure',
  'Proposer failure',
] as const

const facts = z.strictObject({
  stages: z.strictObject({ 0: z.array(item).min(1), 1: z.array(item).min(1), 2: z.array(item).min(1) }),
  risks: z
    .array(
      z.strictObject({
        risk: z.enum(RISKS),
        answer: z.string().min(1),
        sentiment: z.enum(['good', 'warning', 'bad']),
        source: z.string().min(1),
      }),
    )
    .refine((risks) => RISKS.every((risk) => risks.filter((each) => each.risk === risk).length === 1), {
      message: `must name each of ${RISKS.join(', ')} once`,
    }),
})
export type StageFacts = z.infer<typeof facts>
type Item = z.infer<typeof item>

export type StageCard = {
  /** Null: not even a stage; an unmet item of stage 0 says why. */
  readonly stage: 0 | 1 | 2
  /** Unmet items of stage 0: L2BEAT warns of them, and does not take the stage away. */
  readonly warnings: readonly string[]
  /** What the next stage lacks; empty at stage 2. */
  readonly missing: readonly string[]
  readonly items: readonly (Item & { readonly stage: 0 | 1 | 2 })[]
  readonly risks: StageFacts['risks']
}

/** CriticalError with the place of what is wrong. */
export function parseStageFacts(json: unknown, file: string): StageFacts {
  const parsed = facts.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new CriticalError(`${file}: ${issue?.path.join('.') || 'it'} ${issue?.message}`)
}

/** An unmet item (neither true nor null) of stage 1 or 2 stops the walk there. */
export function walkStages({ stages, risks }: StageFacts): StageCard {
  const unmet = (items: readonly Item[]) =>
    items.filter(({ answer }) => answer === false).map(({ question }) => question)
  const one = unmet(stages[1])
  const two = unmet(stages[2])
  const stage = one.length > 0 ? 0 : two.length > 0 ? 1 : 2
  return {
    stage,
    warnings: unmet(stages[0]),
    missing: stage === 0 ? one : stage === 1 ? two : [],
    items: ([0, 1, 2] as const).flatMap((at) => stages[at].map((each) => ({ ...each, stage: at }))),
    risks,
  }
}
