/** One run of a scenario, from an empty directory to what was seen. Time is L1's: a slot begins when everybody is done with the one before. */
import { createDraw } from '../../research/ordering/draw.ts'
import type { Phase, Run } from '../../research/outage/run.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Actors, At, Scenario, ScenarioOptions } from './scenario.ts'
import { SECONDS_PER_SLOT } from './steppedL1.ts'
import { startWorld, type World } from './world.ts'

export type RunOptions = {
  readonly seed: number
  /** Nodes keep their files there; empty at first. */
  readonly dataDir: string
  readonly options: ScenarioOptions
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly onSlot?: (done: number, of: number) => void
}

const TICKS = 3
const TICK_MS = (SECONDS_PER_SLOT * 1_000) / TICKS

export async function runScenario(scenario: Scenario, input: RunOptions): Promise<Run> {
  const { options, seed, signal } = input
  const draw = createDrawByLabel(seed)
  const world = await startWorld({
    ...{ dataDir: input.dataDir, logger: input.logger, signal, seed: String(seed) },
    operators: scenario.operators(options),
    slotsPerEpoch: scenario.slotsPerEpoch,
    drawTurn: scenario.drawTurn(options, draw),
  })
  try {
    const actors = await scenario.open(world, options, draw)
    const watch = world.measure(actors.measured)
    const firstSlot = firstSlotOf(scenario, world.l1.slot())
    const phases = placePhases(scenario.phases(options), firstSlot)
    const lastSlot = phases.at(-1)?.lastSlot ?? firstSlot
    const beforeSlots = world.l1.slot()
    for (let slot = beforeSlots + 1; slot <= lastSlot; slot++) {
      if (slot === firstSlot) await watch.begin()
      const at = placeOf(phases, slot, firstSlot)
      const l1Block = await stepSlot(world, actors, at)
      if (slot >= firstSlot)
        await watch.sample({ l1Block, turn: l1Block === null ? undefined : await world.turn() })
      input.onSlot?.(slot - beforeSlots, lastSlot - beforeSlots)
    }
    await actors.finish?.()
    return {
      scenario: scenario.id,
      seed: String(seed),
      options: Object.fromEntries(scenario.heeds.map((name) => [name, options[name]])),
      constants: world.constants,
      phases,
      ...watch.result(),
      facts: world.facts(),
    }
  } finally {
    await world.close()
  }
}

async function stepSlot(world: World, actors: Actors, at: At): Promise<number | null> {
  const { l1, clock, settle } = world
  const startMs = Number(l1.timeOf(at.slot)) * 1_000
  await actors.before?.(at)
  const l1Block = await l1.begin(actors.isMissed?.(at) ?? false)
  // L1's block first, as everybody would rather decide with it than without.
  await settle()
  for (let tick = 0; tick < TICKS; tick++) {
    await clock.advance(startMs + tick * TICK_MS)
    await settle()
    if (tick === 1) {
      await actors.during?.(at)
      await settle()
    }
  }
  return l1Block
}

function firstSlotOf({ warmUpSlots, slotsPerEpoch, beginsWith }: Scenario, now: number): number {
  const { epoch, of } = beginsWith ?? { epoch: 0, of: 1 }
  let first = Math.ceil((now + warmUpSlots) / slotsPerEpoch)
  while (first % of !== epoch) first++
  return first * slotsPerEpoch
}

function placePhases(plans: ReturnType<Scenario['phases']>, firstSlot: number): readonly Phase[] {
  let next = firstSlot
  return plans.map(({ name, what, slots }) => {
    const phase = { name, what, firstSlot: next, lastSlot: next + slots - 1 }
    next += slots
    return phase
  })
}

function placeOf(phases: readonly Phase[], slot: number, firstSlot: number): At {
  const phase = phases.find((each) => each.firstSlot <= slot && slot <= each.lastSlot)
  if (phase === undefined) return { phase: 'warmUp', index: slot - firstSlot, slot }
  return { phase: phase.name, index: slot - phase.firstSlot, slot }
}

function createDrawByLabel(seed: number): (label: string) => number {
  const draw = createDraw(seed)
  return (label) => draw(label)()
}
