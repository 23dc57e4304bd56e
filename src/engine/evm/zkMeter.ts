/**
 * Zk gas of a block: what proving it costs, counted in the order of revm. Past the limit nothing more may run, in whatever frame: the
 * transaction is taken back and the block ends before it. unzen.md §1.
 */

/** What a transaction adds before anything of it runs. */
export const TRANSACTION_ZK_GAS = 243_000
export const BLOCK_ZK_GAS_MAX = 100_000_000

/** Zk gas per gas, by opcode and by precompile (lower-case hex), and the raw gas that stands for opening a frame. */
export type ZkSchedule = {
  readonly limit: number
  readonly transaction: number
  readonly opcodes: Float64Array
  readonly precompiles: ReadonlyMap<string, number>
  /** Of a precompile that is not listed. */
  readonly precompileDefault: number
  /** Raw gas, by opcode. */
  readonly spawns: ReadonlyMap<number, number>
}

/** Not a failure of the frame: no parent may swallow it. */
export class ZkGasExceededError extends Error {
  override readonly name = 'ZkGasExceededError'

  constructor() {
    super('the zk gas of the block is used up')
  }
}

/** What the loop adds to. Everything is below 2^53: the loop stops at the first sum past `max`. */
export type ZkMeter = {
  /** By opcode; zeros where nothing is metered. */
  readonly factors: Float64Array
  /** Zk gas of an opcode's static gas; zero for those that may open a frame, which are charged otherwise. */
  readonly statics: Float64Array
  /** Zk gas of opening a frame, by opcode. */
  readonly spawns: Float64Array
  /** Zk gas per gas of a precompile: its address in hex, without a prefix; the dearest for one that is not listed. */
  precompile(address: string): number
  /** Of this block so far, the transaction under way included. */
  used: number
  /** Infinity where nothing is metered. */
  readonly max: number
}

const NOTHING = new Float64Array(256)

/** Counts nothing, and costs next to nothing. */
export const UNMETERED: ZkMeter = {
  factors: NOTHING,
  statics: NOTHING,
  spawns: NOTHING,
  precompile: () => 0,
  used: 0,
  max: Number.POSITIVE_INFINITY,
}
