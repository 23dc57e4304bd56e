/**
 * Zk gas of a block: what proving it costs, counted in the order of revm. Past the limit nothing more may run, in whatever frame: the
 * transaction is taken back and the block ends before it. unzen.md §1.
 */
import type { ZkSchedule } from '../../spec/zkSchedule.ts'
import type { OpcodeTable } from './opcodes.ts'

/** Not a failure of the frame: no parent may swallow it. */
export class ZkGasExceededError extends Error {
  override readonly name = 'ZkGasExceededError'

  constructor() {
    super('the zk gas of the block is used up')
  }
}

/** What the interpreter adds to. Everything it compares is below 2^53: it stops at the first sum past `max`. */
export type ZkMeter = {
  /** Zk gas per gas, by opcode; zeros where nothing is metered. */
  readonly factors: Float64Array
  /** Zk gas of an opcode's static gas; zero for those that may open a frame, which are charged otherwise. */
  readonly statics: Float64Array
  /** Zk gas of opening a frame, by opcode. */
  readonly spawns: Float64Array
  /** Zk gas per gas of a precompile: its address in hex, without a prefix. */
  precompile(address: string): number
  /** Of this block so far, the transaction under way included. */
  used: number
  /** Infinity where nothing is metered. */
  readonly max: number
}

/** One block's. */
export type BlockZkMeter = ZkMeter & {
  /** Charges what every transaction adds. Throws ZkGasExceededError, having charged nothing. */
  beginTransaction(): void
  /** The transaction under way never was. */
  dropTransaction(): void
}

/** A class, so that the interpreter sees one shape of it: compiled code is thrown away where it meets another. */
class Meter implements BlockZkMeter {
  readonly factors: Float64Array
  readonly statics: Float64Array
  readonly spawns: Float64Array
  readonly precompile: (address: string) => number
  readonly max: number
  used = 0
  readonly #transaction: number
  #committed = 0

  constructor(
    input: Pick<ZkMeter, 'factors' | 'statics' | 'spawns' | 'precompile' | 'max'>,
    /** Zk gas that every transaction adds. */
    transaction: number,
  ) {
    this.factors = input.factors
    this.statics = input.statics
    this.spawns = input.spawns
    this.precompile = input.precompile
    this.max = input.max
    this.#transaction = transaction
  }

  beginTransaction(): void {
    this.#committed = this.used
    if (this.used + this.#transaction > this.max) throw new ZkGasExceededError()
    this.used += this.#transaction
  }

  dropTransaction(): void {
    this.used = this.#committed
  }
}

const NOTHING = new Float64Array(256)

/** Counts nothing, and costs next to nothing. */
export const UNMETERED: ZkMeter = new Meter(
  {
    ...{ factors: NOTHING, statics: NOTHING, spawns: NOTHING, precompile: () => 0 },
    max: Number.POSITIVE_INFINITY,
  },
  0,
)

type Prices = Pick<ZkMeter, 'factors' | 'statics' | 'spawns' | 'precompile'>

/** Of each schedule: to work them out takes a good part of a small block's time. */
const known = new WeakMap<ZkSchedule, WeakMap<OpcodeTable, Prices>>()

export function createZkMeter(schedule: ZkSchedule, opcodes: OpcodeTable): BlockZkMeter {
  const byTable = known.get(schedule) ?? new WeakMap<OpcodeTable, Prices>()
  known.set(schedule, byTable)
  const prices = byTable.get(opcodes) ?? pricesOf(schedule, opcodes)
  byTable.set(opcodes, prices)
  return new Meter({ ...prices, max: schedule.blockMax }, schedule.transaction)
}

function pricesOf(schedule: ZkSchedule, { staticGas }: OpcodeTable): Prices {
  const factors = Float64Array.from(schedule.opcodes)
  const statics = factors.map((factor, opcode) =>
    schedule.spawns.has(opcode) ? 0 : factor * (staticGas[opcode] as number),
  )
  const spawns = factors.map((factor, opcode) => factor * (schedule.spawns.get(opcode) ?? 0))
  const precompile = (address: string) => schedule.precompiles.get(address) ?? schedule.unlisted
  return { factors, statics, spawns, precompile }
}
