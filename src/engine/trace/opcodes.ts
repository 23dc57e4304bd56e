/** Opcodes as go-ethereum names them, and what each takes from the stack and leaves there. Yellow Paper, appendix H; core/vm/opcodes.go. */

type Row = readonly [first: number, names: string, taken: number, left: number]

/** Names of opcodes in a row, from `first` on. */
const ROWS: readonly Row[] = [
  [0x00, 'STOP', 0, 0],
  [0x01, 'ADD MUL SUB DIV SDIV MOD SMOD', 2, 1],
  [0x08, 'ADDMOD MULMOD', 3, 1],
  [0x0a, 'EXP SIGNEXTEND', 2, 1],
  [0x10, 'LT GT SLT SGT EQ', 2, 1],
  [0x15, 'ISZERO', 1, 1],
  [0x16, 'AND OR XOR', 2, 1],
  [0x19, 'NOT', 1, 1],
  [0x1a, 'BYTE SHL SHR SAR', 2, 1],
  [0x1e, 'CLZ', 1, 1],
  [0x20, 'KECCAK256', 2, 1],
  [0x30, 'ADDRESS', 0, 1],
  [0x31, 'BALANCE', 1, 1],
  [0x32, 'ORIGIN CALLER CALLVALUE', 0, 1],
  [0x35, 'CALLDATALOAD', 1, 1],
  [0x36, 'CALLDATASIZE', 0, 1],
  [0x37, 'CALLDATACOPY', 3, 0],
  [0x38, 'CODESIZE', 0, 1],
  [0x39, 'CODECOPY', 3, 0],
  [0x3a, 'GASPRICE', 0, 1],
  [0x3b, 'EXTCODESIZE', 1, 1],
  [0x3c, 'EXTCODECOPY', 4, 0],
  [0x3d, 'RETURNDATASIZE', 0, 1],
  [0x3e, 'RETURNDATACOPY', 3, 0],
  [0x3f, 'EXTCODEHASH BLOCKHASH', 1, 1],
  // PREVRANDAO keeps its old name in go-ethereum's traces.
  [0x41, 'COINBASE TIMESTAMP NUMBER DIFFICULTY GASLIMIT CHAINID SELFBALANCE BASEFEE', 0, 1],
  [0x49, 'BLOBHASH', 1, 1],
  [0x4a, 'BLOBBASEFEE', 0, 1],
  [0x50, 'POP', 1, 0],
  [0x51, 'MLOAD', 1, 1],
  [0x52, 'MSTORE MSTORE8', 2, 0],
  [0x54, 'SLOAD', 1, 1],
  [0x55, 'SSTORE', 2, 0],
  [0x56, 'JUMP', 1, 0],
  [0x57, 'JUMPI', 2, 0],
  [0x58, 'PC MSIZE GAS', 0, 1],
  [0x5b, 'JUMPDEST', 0, 0],
  [0x5c, 'TLOAD', 1, 1],
  [0x5d, 'TSTORE', 2, 0],
  [0x5e, 'MCOPY', 3, 0],
  ...range(33).map((n): Row => [0x5f + n, `PUSH${n}`, 0, 1]),
  ...range(16).map((n): Row => [0x80 + n, `DUP${n + 1}`, n + 1, n + 2]),
  ...range(16).map((n): Row => [0x90 + n, `SWAP${n + 1}`, n + 2, n + 2]),
  ...range(5).map((n): Row => [0xa0 + n, `LOG${n}`, n + 2, 0]),
  [0xf0, 'CREATE', 3, 1],
  [0xf1, 'CALL CALLCODE', 7, 1],
  [0xf3, 'RETURN', 2, 0],
  [0xf4, 'DELEGATECALL', 6, 1],
  [0xf5, 'CREATE2', 4, 1],
  [0xfa, 'STATICCALL', 6, 1],
  [0xfd, 'REVERT', 2, 0],
  [0xfe, 'INVALID', 0, 0],
  [0xff, 'SELFDESTRUCT', 1, 0],
]

export const OP = {
  STOP: 0x00,
  BALANCE: 0x31,
  EXTCODESIZE: 0x3b,
  EXTCODECOPY: 0x3c,
  RETURNDATACOPY: 0x3e,
  EXTCODEHASH: 0x3f,
  SLOAD: 0x54,
  SSTORE: 0x55,
  MCOPY: 0x5e,
  LOG0: 0xa0,
  LOG4: 0xa4,
  CREATE: 0xf0,
  CALL: 0xf1,
  CALLCODE: 0xf2,
  RETURN: 0xf3,
  DELEGATECALL: 0xf4,
  CREATE2: 0xf5,
  STATICCALL: 0xfa,
  SELFDESTRUCT: 0xff,
} as const

const STACK_MAX = 1024

type Opcode = {
  readonly name: string
  /** Words that must be there. */
  readonly stackMin: number
  /** Words that may be there at most. */
  readonly stackMax: number
}

const OPCODES: readonly Opcode[] = buildTable()

export function opcodeOf(op: number): Opcode {
  return OPCODES[op] as Opcode
}

export function isCall(op: number): boolean {
  return op === OP.CALL || op === OP.CALLCODE || op === OP.DELEGATECALL || op === OP.STATICCALL
}

export function isCreate(op: number): boolean {
  return op === OP.CREATE || op === OP.CREATE2
}

export function isLog(op: number): boolean {
  return op >= OP.LOG0 && op <= OP.LOG4
}

function buildTable(): Opcode[] {
  // What no fork defines is refused when it executes, whatever the stack holds.
  const table = range(256).map((op) => ({
    name: `opcode 0x${op.toString(16)} not defined`,
    stackMin: 0,
    stackMax: STACK_MAX,
  }))
  for (const [first, names, taken, left] of ROWS)
    for (const [index, name] of names.split(' ').entries())
      table[first + index] = { name, stackMin: taken, stackMax: STACK_MAX + taken - left }
  return table
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
