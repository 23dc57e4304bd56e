/**
 * The design of an experiment, fixed before anything is sent: groups of probes at drawn moments, each with one probe of every cell
 * (entry point and class) in drawn order. Whatever differs within a group differs by the cell alone, or by chance.
 */
import { isDeepStrictEqual } from 'node:util'
import { CriticalError } from '../../primitives/errors.ts'
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { keccak256 } from '../../primitives/keccak.ts'
import { createDraw } from '../ordering/draw.ts'
import type { Entry, TargetClass } from './classes.ts'

/** Clocks of an L2 transaction that a probe is watched at, in their order. */
export const CLOCKS = ['latest', 'safe', 'finalized'] as const
export type Clock = (typeof CLOCKS)[number]

export type Plan = {
  /** Of this experiment alone, 16 random bytes: the accounts that send are derived from it, so that none is used twice. */
  readonly run: Hex
  readonly chain: { readonly name: string; readonly l1ChainId: string; readonly l2ChainId: string }
  /** Whose key pays. */
  readonly payer: Address
  readonly seed: number
  readonly groups: number
  readonly entries: readonly Entry[]
  readonly classes: readonly TargetClass[]
  /** Mean wait before a group, ms. */
  readonly intervalMs: number
  /** A probe that is not there so long after it was sent is missing, ms. */
  readonly cutoffMs: number
  /** The last clock that is waited for. */
  readonly until: Clock
  readonly sensitive: readonly Address[]
  /** Null: one of our own is made in the beginning. */
  readonly contract: Address | null
}

export type Cell = { readonly entry: Entry; readonly class: TargetClass }

export type DrawnProbe = Cell & {
  /** An address that nobody has. */
  readonly drawn: Address
  /** For the class `sensitive`. */
  readonly listed?: Address
}

export type DrawnGroup = {
  /** Before it is sent, ms. Exponential, so that nothing periodic, such as slots, is met more often than its share. */
  readonly waitMs: number
  /** In the order in which they are sent. */
  readonly probes: readonly DrawnProbe[]
}

/** So many mean waits at most: longer ones are drawn once in 22,000. */
const WAITS_MAX = 10

export function cellsOf({ entries, classes }: Pick<Plan, 'entries' | 'classes'>): readonly Cell[] {
  return entries.flatMap((entry) => classes.map((each) => ({ entry, class: each })))
}

/** The same for the same seed, whatever was drawn before. */
export function drawGroup(plan: Plan, group: number): DrawnGroup {
  const draw = createDraw(plan.seed)
  const wait = draw(`group ${group} wait`)()
  const nextOrder = draw(`group ${group} order`)
  const listed = plan.sensitive[Math.floor(draw(`group ${group} sensitive`)() * plan.sensitive.length)]
  const probes = inDrawnOrder(cellsOf(plan), nextOrder).map(
    (cell): DrawnProbe => ({
      ...cell,
      drawn: addressOf(`probe ${plan.seed} ${group} ${cell.entry} ${cell.class}`),
      ...(cell.class === 'sensitive' && listed !== undefined && { listed }),
    }),
  )
  return { waitMs: Math.round(Math.min(-Math.log(1 - wait), WAITS_MAX) * plan.intervalMs), probes }
}

/** Fisher and Yates: every order is as likely. */
function inDrawnOrder<T>(items: readonly T[], next: () => number): readonly T[] {
  const left = [...items]
  return items.flatMap(() => left.splice(Math.floor(next() * left.length), 1))
}

function addressOf(label: string): Address {
  return bytesToHex(keccak256(new TextEncoder().encode(label)).subarray(12))
}

/** Private key of the account that sends one probe, and nothing else ever. */
export function senderKey(payerKey: Hex, { run }: Pick<Plan, 'run'>, group: number, cell: Cell): Hex {
  const label = new TextEncoder().encode(`plumbline probe ${run} ${group} ${cell.entry} ${cell.class}`)
  return bytesToHex(keccak256(Uint8Array.from([...hexToBytes(payerKey), ...label])))
}

/** Throws CriticalError where a folder's experiment is another than the one that is asked for. */
export function assertSamePlan(kept: Plan, asked: Plan, path: string): void {
  const differing = (Object.keys(asked) as (keyof Plan)[]).filter(
    (key) => key !== 'run' && !isDeepStrictEqual(kept[key], asked[key]),
  )
  if (differing.length > 0)
    throw new CriticalError(
      `${path} holds another experiment (${differing.join(', ')}); give the same options, or another folder`,
    )
}
