/** What a scenario is. Each is one small file in scenarios/, with its line in scenarios/index.ts. */
import type { ProtocolPromise } from '../../research/outage/promise.ts'
import type { PhaseName } from '../../research/outage/run.ts'
import type { RunningNode } from './nodes.ts'
import type { DrawTurn } from './steppedL1.ts'
import type { World } from './world.ts'

export type ScenarioOptions = {
  /** Of operators who collude, 0 to 1. */
  readonly share: number
  /** Operators that can take over from the one who stops. */
  readonly successors: number
}

export type PhasePlan = { readonly name: PhaseName; readonly what: string; readonly slots: number }

/** A slot of the run. */
export type At = {
  readonly phase: PhaseName | 'warmUp'
  /** Since the beginning of the phase. */
  readonly index: number
  readonly slot: number
}

export type Actors = {
  /** Its clocks are what is reported. */
  readonly measured: RunningNode
  /** Whether the slot has no L1 block. Default: it has. */
  isMissed?(at: At): boolean
  /** Before the slot's L1 block. */
  before?(at: At): Promise<void>
  /** A third into the slot, whose L1 block every node knows by then. */
  during?(at: At): Promise<void>
  /** After the last slot: what only shows in the end. */
  finish?(): Promise<void>
}

export type Scenario = {
  readonly id: string
  /** As one sentence. */
  readonly title: string
  /** Of the options, those that it heeds. */
  readonly heeds: readonly (keyof ScenarioOptions)[]
  readonly operators: (options: ScenarioOptions) => number
  readonly slotsPerEpoch: number
  /** Who has an epoch. `draw` is by the seed, uniform in [0, 1). */
  readonly drawTurn: (options: ScenarioOptions, draw: (label: string) => number) => DrawTurn
  /** Slots before the run in which guards learn that they may sign, and the first proposal lands. */
  readonly warmUpSlots: number
  /** The steady phase begins with the first epoch of this remainder. */
  readonly beginsWith?: { readonly epoch: number; readonly of: number }
  readonly phases: (options: ScenarioOptions) => readonly PhasePlan[]
  readonly open: (world: World, options: ScenarioOptions, draw: (label: string) => number) => Promise<Actors>
  readonly promises: readonly ProtocolPromise[]
}
