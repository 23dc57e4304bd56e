/**
 * What proving an opcode or a precompile costs, in zk gas per gas: Unzen's table, the same on every network. unzen.md §1.1, §2; zk_gas_spec.md of
 * taiko-mono (2026-06-04). A fork with other prices is another table.
 */

export type ZkSchedule = {
  /** Zk gas of a block: exactly so much is allowed. */
  readonly blockMax: number
  /** What a transaction adds before anything of it runs. */
  readonly transaction: number
  /** 256 factors. */
  readonly opcodes: readonly number[]
  /** By address in hex, 40 digits. */
  readonly precompiles: ReadonlyMap<string, number>
  /** Of what is not listed. */
  readonly unlisted: number
  /** Gas that stands for opening a frame, whatever it cost, by opcode. */
  readonly spawns: ReadonlyMap<number, number>
}

const UNLISTED = 65_535
const __ = UNLISTED

// biome-ignore format: sixteen opcodes a line, as they are numbered
const OPCODES: readonly number[] = [
  0, 19, 19, 22, 76, 78, 66, 28, 52, 113, 21, 17, __, __, __, __, // 00
  19, 19, 20, 19, 36, 16, 19, 20, 18, 15, 17, 24, 22, 21, 14, __, // 10
  31, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, // 20
  19, 4, 21, 18, 11, 22, 13, 13, 11, 12, 15, 4, 4, 12, 10, 7, // 30
  6, 18, 10, 12, 42, 13, 11, 52, 14, 13, 15, __, __, __, __, __, // 40
  10, 18, 29, 10, 3, 5, 4, 5, 13, 13, 11, 20, 1, 5, 4, 13, // 50
  9, 8, 9, 10, 9, 12, 10, 15, 13, 12, 12, 15, 15, 17, 21, 13, // 60
  20, 18, 20, 20, 18, 14, 22, 24, 22, 24, 16, 17, 28, 29, 16, 19, // 70
  10, 8, 9, 10, 11, 8, 8, 10, 9, 10, 10, 9, 9, 8, 8, 10, // 80
  31, 30, 32, 31, 33, 34, 31, 30, 32, 31, 33, 32, 31, 31, 36, 31, // 90
  3, 3, 2, 2, 2, __, __, __, __, __, __, __, __, __, __, __, // a0
  __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, // b0
  __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, // c0
  __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, // d0
  __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, // e0
  1, 20, 20, 0, 17, 1, __, __, __, __, 23, __, __, 0, 0, 0, // f0
]

const PRECOMPILES: readonly (readonly [address: number, factor: number])[] = [
  [0x01, 47],
  [0x02, 10],
  [0x03, 4],
  [0x04, 6],
  [0x05, 154],
  [0x06, 19],
  [0x07, 58],
  [0x08, 54],
  [0x09, 166],
  [0x0a, 859],
  [0x0b, 201],
  [0x0c, 93],
  [0x0d, 230],
  [0x0e, 71],
  [0x0f, 365],
  [0x10, 246],
  [0x11, 208],
  [0x100, 163],
]

export const UNZEN_ZK_SCHEDULE: ZkSchedule = {
  blockMax: 100_000_000,
  transaction: 243_000,
  opcodes: OPCODES,
  precompiles: new Map(
    PRECOMPILES.map(([address, factor]) => [address.toString(16).padStart(40, '0'), factor]),
  ),
  unlisted: UNLISTED,
  spawns: new Map([
    [0xf0, 37_000], // CREATE
    [0xf1, 12_500], // CALL
    [0xf2, 12_500], // CALLCODE
    [0xf4, 3500], // DELEGATECALL
    [0xf5, 44_500], // CREATE2
    [0xfa, 3500], // STATICCALL
  ]),
}
