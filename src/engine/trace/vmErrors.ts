/**
 * Exceptions in go-ethereum's words. EthereumJS has one word for what go-ethereum tells apart by when it happens: while the price of an
 * opcode is worked out (the opcode does not execute), or while it executes. core/vm/{errors,interpreter,gas_table,operations_acl}.go.
 */
import type { EvmRules } from '../rules/evmRules.ts'
import type { Step } from './hooks.ts'
import { isCall, isCreate, isLog, OP, opcodeOf } from './opcodes.ts'

const UINT64_END = 1n << 64n
/** Memory that a frame can pay for in 64 bits of gas. core/vm/gas_table.go */
const MEMORY_BYTES_MAX = 0x1fffffffe0n
/** EIP-2200. */
const SSTORE_SENTRY = 2300n
const INITCODE_BYTES_MAX = 49_152n
/** EIP-2929: the part of an access that is charged whatever the account. */
const WARM_ACCESS = 100n

export type Failure = {
  readonly error: string
  /** The opcode did not execute: go-ethereum's step carries the error. */
  readonly beforeExecution: boolean
  readonly cost?: bigint
}

/** Words for what has no opcode to blame, or always comes from executing one. */
const WORDS: Readonly<Record<string, string>> = {
  revert: 'execution reverted',
  'code store out of gas': 'contract creation code storage out of gas',
  'code size to deposit exceeds maximum code size': 'max code size exceeded',
  'invalid JUMP': 'invalid jump destination',
  'create collision': 'contract address collision',
  'insufficient balance': 'insufficient balance for transfer',
  'static state change': 'write protection',
  'invalid bytecode deployed': 'invalid code: must not begin with 0xef',
  'initcode exceeds max initcode size': 'max initcode size exceeded',
}

export function wordsFor(exception: string): string {
  return WORDS[exception] ?? exception
}

/** What the depth of the stack says about an opcode before anything is charged. */
export function stackFailure(op: number, depth: number): string | undefined {
  const { stackMin, stackMax } = opcodeOf(op)
  if (depth < stackMin) return `stack underflow (${depth} <=> ${stackMin})`
  if (depth > stackMax) return `stack limit reached ${depth} (${stackMax})`
  return undefined
}

/** Why `step` ended its frame with `exception`. `fee`: its price without what depends on the stack, in EthereumJS's table. */
export function failureOf(exception: string, step: Step, rules: EvmRules, fee: bigint): Failure {
  const cost = staticGas(step.op, rules, fee)
  const before = (reason?: string): Failure => ({
    error: reason === undefined ? 'out of gas' : `out of gas: ${reason}`,
    beforeExecution: true,
    cost,
  })
  switch (exception) {
    case 'invalid opcode':
      return { error: `invalid opcode: ${step.name}`, beforeExecution: false, cost: 0n }
    case 'static state change':
      return isCheckedWhenPriced(step.op) ? before('write protection') : during(exception)
    case 'initcode exceeds max initcode size':
      return before(initcodeReason(step))
    case 'out of gas':
    case 'value out of range':
      break
    default:
      return during(exception)
  }
  if (step.op === OP.RETURNDATACOPY && isPastReturnData(step) && step.cost <= step.gas)
    return { error: 'return data out of bounds', beforeExecution: false }
  if (cost > step.gas) return before()
  const memoryEnd = memoryEndOf(step)
  if (memoryEnd === null) return { error: 'gas uint64 overflow', beforeExecution: true, cost }
  if (memoryEnd > MEMORY_BYTES_MAX) return before('gas uint64 overflow')
  if (step.op === OP.SSTORE && step.gas <= SSTORE_SENTRY && rules.fork !== 'frontier')
    return before('not enough gas for reentrancy sentry')
  if (isCreate(step.op) && rules.meteredInitcode && initcodeLength(step) > INITCODE_BYTES_MAX)
    return before(initcodeReason(step))
  if (isCall(step.op) && rules.transactionTypes.includes(1)) return before('out of gas')
  return { error: 'out of gas', beforeExecution: true }
}

function during(exception: string): Failure {
  return { error: wordsFor(exception), beforeExecution: false }
}

/** The part of the price that go-ethereum takes before it looks at anything. */
function staticGas(op: number, rules: EvmRules, fee: bigint): bigint {
  if (isLog(op)) return 0n
  const isAccess =
    op === OP.BALANCE || op === OP.EXTCODESIZE || op === OP.EXTCODECOPY || op === OP.EXTCODEHASH || isCall(op)
  return isAccess && rules.transactionTypes.includes(1) ? WARM_ACCESS : fee
}

function isCheckedWhenPriced(op: number): boolean {
  return op === OP.SSTORE || op === OP.CALL || op === OP.SELFDESTRUCT || isCreate(op)
}

function initcodeLength({ stack }: Step): bigint {
  return stack.at(-3) ?? 0n
}

function initcodeReason(step: Step): string {
  return `max initcode size exceeded: code size ${initcodeLength(step)} limit ${INITCODE_BYTES_MAX}`
}

function isPastReturnData({ stack, returnData }: Step): boolean {
  return (stack.at(-2) ?? 0n) + (stack.at(-3) ?? 0n) > BigInt(returnData.length)
}

/** Places on the stack, from the top, of the offset and the length of what an opcode uses; a bigint is the length itself. */
const MEMORY_USE: Readonly<Record<number, readonly (readonly [number, number | bigint])[]>> = {
  32: [[0, 1]],
  55: [[0, 2]],
  57: [[0, 2]],
  60: [[1, 3]],
  62: [[0, 2]],
  81: [[0, 32n]],
  82: [[0, 32n]],
  83: [[0, 1n]],
  94: [
    [0, 2],
    [1, 2],
  ],
  160: [[0, 1]],
  161: [[0, 1]],
  162: [[0, 1]],
  163: [[0, 1]],
  164: [[0, 1]],
  240: [[1, 2]],
  241: [
    [3, 4],
    [5, 6],
  ],
  242: [
    [3, 4],
    [5, 6],
  ],
  243: [[0, 1]],
  244: [
    [2, 3],
    [4, 5],
  ],
  245: [[1, 2]],
  250: [
    [2, 3],
    [4, 5],
  ],
  253: [[0, 1]],
}

/** Bytes of memory that the opcode needs; null when that is no 64-bit number. */
function memoryEndOf({ op, stack }: Step): bigint | null {
  let end = 0n
  for (const [offsetPlace, lengthPlace] of MEMORY_USE[op] ?? []) {
    const length = typeof lengthPlace === 'bigint' ? lengthPlace : (stack.at(-1 - lengthPlace) ?? 0n)
    if (length === 0n) continue
    const sum = (stack.at(-1 - offsetPlace) ?? 0n) + length
    if (sum >= UINT64_END - 31n) return null
    if (sum > end) end = sum
  }
  return end
}
