/** Opcodes of Shanghai to Osaka: what each costs before it looks at anything, and how deep the stack has to be. Yellow Paper, appendix H. */
import type { EthereumFork } from '../../spec/ethereumSpec.ts'

const STACK_MAX = 1024

export type OpcodeTable = {
  /** 1 where the fork knows the opcode. */
  readonly defined: Uint8Array
  /** Charged first; revm's table, whose order zk gas is counted in (unzen.md §1.4). */
  readonly staticGas: Float64Array
  /** Words that must be there. */
  readonly stackMin: Uint16Array
  /** Words that may be there at most. */
  readonly stackMax: Uint16Array
}

/** Opcodes, static gas, words taken, words left. */
type Row = readonly [opcodes: readonly number[], gas: number, taken: number, left: number]

const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i)

const SHANGHAI: readonly Row[] = [
  [[0x00], 0, 0, 0], // STOP
  [[0x01, 0x03], 3, 2, 1], // ADD SUB
  [[0x02, 0x04, 0x05, 0x06, 0x07, 0x0b], 5, 2, 1], // MUL DIV SDIV MOD SMOD SIGNEXTEND
  [[0x08, 0x09], 8, 3, 1], // ADDMOD MULMOD
  [[0x0a], 10, 2, 1], // EXP
  [[0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a, 0x1b, 0x1c, 0x1d], 3, 2, 1], // LT … EQ, AND OR XOR, BYTE SHL SHR SAR
  [[0x15, 0x19], 3, 1, 1], // ISZERO NOT
  [[0x20], 30, 2, 1], // KECCAK256
  [[0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d], 2, 0, 1], // ADDRESS ORIGIN CALLER CALLVALUE CALLDATASIZE CODESIZE GASPRICE RETURNDATASIZE
  [[0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x48], 2, 0, 1], // COINBASE … CHAINID, BASEFEE
  [[0x31, 0x3b, 0x3f, 0x54], 100, 1, 1], // BALANCE EXTCODESIZE EXTCODEHASH SLOAD
  [[0x35, 0x51], 3, 1, 1], // CALLDATALOAD MLOAD
  [[0x37, 0x39, 0x3e], 3, 3, 0], // CALLDATACOPY CODECOPY RETURNDATACOPY
  [[0x3c], 100, 4, 0], // EXTCODECOPY
  [[0x40], 20, 1, 1], // BLOCKHASH
  [[0x47], 5, 0, 1], // SELFBALANCE
  [[0x50], 2, 1, 0], // POP
  [[0x52, 0x53], 3, 2, 0], // MSTORE MSTORE8
  [[0x55], 0, 2, 0], // SSTORE
  [[0x56], 8, 1, 0], // JUMP
  [[0x57], 10, 2, 0], // JUMPI
  [[0x58, 0x59, 0x5a, 0x5f], 2, 0, 1], // PC MSIZE GAS PUSH0
  [[0x5b], 1, 0, 0], // JUMPDEST
  [range(0x60, 32), 3, 0, 1], // PUSH1 … PUSH32
  ...range(0, 16).map((n): Row => [[0x80 + n], 3, n + 1, n + 2]), // DUP1 … DUP16
  ...range(0, 16).map((n): Row => [[0x90 + n], 3, n + 2, n + 2]), // SWAP1 … SWAP16
  // Topics and salt are taken after charges, and looked for there.
  [range(0xa0, 5), 375, 2, 0], // LOG0 … LOG4
  [[0xf0, 0xf5], 0, 3, 1], // CREATE CREATE2
  [[0xf1, 0xf2], 100, 7, 1], // CALL CALLCODE
  [[0xf4, 0xfa], 100, 6, 1], // DELEGATECALL STATICCALL
  [[0xf3, 0xfd], 0, 2, 0], // RETURN REVERT
  [[0xfe], 0, 0, 0], // INVALID
  [[0xff], 5000, 1, 0], // SELFDESTRUCT
]
const CANCUN: readonly Row[] = [
  ...SHANGHAI,
  [[0x49], 3, 1, 1], // BLOBHASH
  [[0x4a], 2, 0, 1], // BLOBBASEFEE
  [[0x5c], 100, 1, 1], // TLOAD
  [[0x5d], 100, 2, 0], // TSTORE
  [[0x5e], 3, 3, 0], // MCOPY
]
const OSAKA: readonly Row[] = [...CANCUN, [[0x1e], 5, 1, 1]] // CLZ

const TABLES: Partial<Record<EthereumFork, OpcodeTable>> = {
  shanghai: tableOf(SHANGHAI),
  cancun: tableOf(CANCUN),
  prague: tableOf(CANCUN),
  osaka: tableOf(OSAKA),
}

/** Undefined for forks before Shanghai. */
export function opcodesOf(fork: EthereumFork): OpcodeTable | undefined {
  return TABLES[fork]
}

function tableOf(rows: readonly Row[]): OpcodeTable {
  const table: OpcodeTable = {
    defined: new Uint8Array(256),
    staticGas: new Float64Array(256),
    stackMin: new Uint16Array(256),
    stackMax: new Uint16Array(256).fill(STACK_MAX),
  }
  for (const [opcodes, gas, taken, left] of rows) {
    for (const opcode of opcodes) {
      table.defined[opcode] = 1
      table.staticGas[opcode] = gas
      table.stackMin[opcode] = taken
      table.stackMax[opcode] = STACK_MAX - Math.max(0, left - taken)
    }
  }
  return table
}
