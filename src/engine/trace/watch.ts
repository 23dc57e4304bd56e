/**
 * EthereumJS's events as go-ethereum's hooks. Where they differ: a call that fails for want of balance or depth makes no message here and a
 * frame there; the end of the code is an opcode there, and a destruction is a frame.
 */
import type { EVMResult, InterpreterStep, Message } from '@ethereumjs/evm'
import { EMPTY_BYTES } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, ZERO_ADDRESS } from '../../primitives/hex.ts'
import type { RunContext } from '../evm.ts'
import type { Frame, Step, TraceHooks } from './hooks.ts'
import { isCall, isCreate, isLog, OP, opcodeOf } from './opcodes.ts'
import { failureOf, stackFailure, wordsFor } from './vmErrors.ts'
import { addressOf, readMemory, wordHex } from './words.ts'

/** EVM frames inside one another. Yellow Paper, definition of CALL. */
const DEPTH_MAX = 1024
const CALL_STIPEND = 2300n

type OpenFrame = {
  readonly frame: Frame
  readonly message: Message
  /** In whose name it runs; known with its first step. */
  address: Address
  last?: Step
  /** Of the last step, whatever it does. */
  fee: bigint
  /** Gas that the last step, a call, passes on. */
  passed: bigint
  /** A frame that the last step asks for, and what its caller can pay. */
  asked?: { readonly frame: Frame; readonly balance: bigint }
  /** Wei that the last step, a destruction, sends off. */
  destroyed: bigint
  /** Of its last call. */
  returnData: Uint8Array
  /** Where the logs go on if it is undone. */
  readonly logsBefore: number
}

/** Listens to the EVM until `stop`. `firstLog` is the index of the first log among those of the block. What a hook throws ends the execution. */
export function watchEvm(context: RunContext, hooks: TraceHooks, firstLog: number): { stop(): void } {
  const { evm, state, rules } = context
  /** EIP-150: a call keeps a 64th of the gas back. */
  const keepsGasBack = rules.fork !== 'frontier' && rules.fork !== 'homestead'
  const open: OpenFrame[] = []
  let logs = firstLog
  /** EIP-7702: counted beside the EVM's own refunds. */
  let authorized = 0n
  /** Of a hook that had to wait; thrown with the next event. */
  let failure: { readonly error: unknown } | undefined

  const top = () => open[open.length - 1] as OpenFrame

  function begin(message: Message): void {
    const parent = open[open.length - 1]
    const frame = frameOf(message, parent)
    if (parent !== undefined) delete parent.asked
    open.push({
      ...{ frame, message, address: ZERO_ADDRESS, fee: 0n, passed: 0n, destroyed: 0n },
      ...{ returnData: EMPTY_BYTES, logsBefore: logs },
    })
    hooks.enter?.(frame)
  }

  function end(result: EVMResult): void {
    const ended = top()
    const { frame, message } = ended
    const { execResult } = result
    const exception = exceptionOf(result)
    if (exception === undefined) finishSteps(ended, result)
    const error = exception && (ended.last?.error ?? explain(ended, exception))
    open.pop()
    if (frame.to === undefined && message.to !== undefined) frame.to = bytesToHex(message.to.bytes)
    // On Frontier a contract whose code cannot be paid for is created without it, and the code is shown.
    const isUndone = error !== undefined && exception !== 'code store out of gas'
    if (isUndone) logs = ended.logsBefore
    const output = outputOf(result, exception)
    const gasUsed = execResult.executionGasUsed
    hooks.exit?.(frame, { gasUsed, output, isUndone, ...(error !== undefined && { error }) })
    const parent = open[open.length - 1]
    if (parent?.last === undefined) return
    parent.returnData = isCreate(parent.last.op) && exception !== 'revert' ? EMPTY_BYTES : output
  }

  /** What a frame that ended well still owes: a call that never began, a destruction, the end of the code. */
  function finishSteps(ended: OpenFrame, { execResult }: EVMResult): void {
    settleAsked(ended)
    const { frame, last, address, returnData } = ended
    const { runState } = execResult
    if (last === undefined || runState === undefined || last.op === OP.STOP || last.op === OP.RETURN) return
    if (last.op === OP.SELFDESTRUCT) {
      const destruction: Frame = {
        ...{ type: last.name, from: address, to: addressOf(last.stack.at(-1) ?? 0n) },
        ...{ input: EMPTY_BYTES, gas: 0n, value: ended.destroyed, depth: frame.depth + 1 },
      }
      hooks.enter?.(destruction)
      hooks.exit?.(destruction, { gasUsed: 0n, output: EMPTY_BYTES, isUndone: false })
      return
    }
    const { name } = opcodeOf(OP.STOP)
    hooks.step?.({
      ...{ pc: runState.programCounter, op: OP.STOP, name, depth: last.depth, address, returnData },
      ...{
        gas: frame.gas - execResult.executionGasUsed,
        cost: 0n,
        refund: authorized + (execResult.gasRefund ?? 0n),
      },
      ...{ stack: runState.stack.getStack(), memory: runState.memory._store },
      memoryBytes: 32 * Number(runState.memoryWordCount),
    })
  }

  /** Why a frame failed, in go-ethereum's words; its last step may be to blame. */
  function explain({ frame, last, fee }: OpenFrame, exception: string): string {
    if (last === undefined) return wordsFor(exception)
    const isCreation = frame.type === 'CREATE' || frame.type === 'CREATE2'
    // Its code has run; what that returned is too much, or no code.
    if (isCreation && isDeposit(exception, last))
      return wordsFor(exception === 'out of gas' ? 'code store out of gas' : exception)
    const { error, beforeExecution, cost } = failureOf(exception, last, rules, fee)
    if (beforeExecution) hooks.stepFailed?.({ ...last, cost: cost ?? last.cost, error })
    return error
  }

  /** Resolves at once, without a promise, unless something has to be read. */
  function step(event: InterpreterStep): void | Promise<void> {
    const current = top()
    settleAsked(current)
    const next = readStep(event, current)
    current.last = next
    const { op } = next
    if (next.error === undefined && (isCall(op) || isCreate(op) || op === OP.SELFDESTRUCT))
      return lookAhead(current, next)
    const waiting = hooks.step?.(next)
    if (next.error === undefined && isLog(op)) log(next)
    return waiting
  }

  /** What a frame or a destruction takes away from its account is known only before. */
  async function lookAhead(current: OpenFrame, next: Step): Promise<void> {
    const account = await state.getAccount(current.message.to ?? current.message.caller)
    const balance = account?.balance ?? 0n
    if (next.op === OP.SELFDESTRUCT) current.destroyed = balance
    else current.asked = { frame: askedFrame(next, current), balance }
    await hooks.step?.(next)
  }

  /** A frame that was asked for and never began: its caller was too deep, or too poor. */
  function settleAsked(current: OpenFrame): void {
    const { asked } = current
    if (asked === undefined) return
    delete current.asked
    current.returnData = EMPTY_BYTES
    const { frame, balance } = asked
    const isPoor = frame.type !== 'DELEGATECALL' && (frame.value ?? 0n) > balance
    const reason = isPoor ? wordsFor('insufficient balance') : 'nonce uint64 overflow'
    const error = frame.depth > DEPTH_MAX ? 'max call depth exceeded' : reason
    hooks.enter?.(frame)
    hooks.exit?.(frame, { gasUsed: 0n, output: EMPTY_BYTES, error, isUndone: true })
  }

  // Millions of these are made for a block: one literal, and nothing spread into it.
  function readStep(event: InterpreterStep, current: OpenFrame): Step {
    const { gasLeft: gas, stack, opcode, pc } = event
    const { code } = current.message
    if (current.last === undefined) current.address = bytesToHex(event.address.bytes)
    // For an opcode that its fork does not know the event names another one.
    const op = code instanceof Uint8Array ? (code[pc] ?? OP.STOP) : OP.STOP
    const isKnown = opcode.name !== 'INVALID'
    const price = isKnown ? (opcode.dynamicFee ?? 0n) : 0n
    current.passed = isCall(op) && price <= gas ? passedGas(stack.at(-1) ?? 0n, gas - price) : 0n
    const next: Writable<Step> = {
      pc,
      op,
      name: opcodeOf(op).name,
      gas,
      cost: current.passed === 0n ? price : price + current.passed,
      depth: event.depth + 1,
      stack,
      memory: event.memory,
      memoryBytes: 32 * Number(event.memoryWordCount),
      refund: authorized + event.gasRefund,
      address: current.address,
      returnData: current.returnData,
    }
    const error = isKnown ? stackFailure(op, stack.length) : undefined
    current.fee = BigInt(opcode.fee)
    if (error !== undefined) {
      next.cost = current.fee
      next.error = error
    } else if (next.cost > gas) {
      const failure = failureOf('out of gas', next, rules, current.fee)
      next.cost = failure.cost ?? next.cost
      next.error = failure.error
    }
    return next
  }

  function passedGas(asked: bigint, left: bigint): bigint {
    const most = keepsGasBack ? left - left / 64n : asked
    return asked < most ? asked : most
  }

  function askedFrame(next: Step, { address: from, passed, message }: OpenFrame): Frame {
    const { op, stack, gas, cost, name: type, depth } = next
    const word = (place: number) => stack.at(-1 - place) ?? 0n
    if (isCreate(op)) {
      const left = gas - cost
      const input = readMemory(next, word(1), word(2))
      return { type, from, input, gas: passedGas(left, left), value: word(0), depth }
    }
    const takesValue = op === OP.CALL || op === OP.CALLCODE
    const value = takesValue ? word(2) : message.value
    const input = takesValue ? readMemory(next, word(3), word(4)) : readMemory(next, word(2), word(3))
    return {
      ...{ type, from, to: addressOf(word(1)), input, depth },
      gas: takesValue && value > 0n ? passed + CALL_STIPEND : passed,
      ...(op !== OP.STATICCALL && { value }),
    }
  }

  function log(next: Step): void {
    const { op, stack, address } = next
    const topics = Array.from({ length: op - OP.LOG0 }, (_, i) => wordHex(stack.at(-3 - i) ?? 0n))
    const data = readMemory(next, stack.at(-1) ?? 0n, stack.at(-2) ?? 0n)
    hooks.log?.({ address, topics, data, index: logs++ })
  }

  const onStep = (event: InterpreterStep, resolve?: (result?: unknown) => void): void => {
    if (failure !== undefined) throw failure.error
    const waiting = step(event)
    if (waiting === undefined) {
      resolve?.()
      return
    }
    waiting
      .catch((error: unknown) => {
        failure = { error }
      })
      .then(resolve)
  }
  const onBegin = (message: Message) => {
    if (failure !== undefined) throw failure.error
    begin(message)
  }
  const onEnd = (result: EVMResult) => {
    if (failure !== undefined) throw failure.error
    end(result)
  }
  context.onAuthorized = (refund) => {
    authorized = refund
  }
  evm.events.on('step', onStep)
  evm.events.on('beforeMessage', onBegin)
  evm.events.on('afterMessage', onEnd)
  return {
    stop() {
      delete context.onAuthorized
      evm.events.off('step', onStep)
      evm.events.off('beforeMessage', onBegin)
      evm.events.off('afterMessage', onEnd)
    },
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

function frameOf(message: Message, parent: OpenFrame | undefined): Frame {
  const { to, caller, value, gasLimit: gas, depth } = message
  const top = to === undefined ? 'CREATE' : 'CALL'
  const type = parent?.last === undefined ? top : parent.last.name
  const runsOthersCode = type === 'DELEGATECALL' || type === 'CALLCODE'
  const target = runsOthersCode ? message.codeAddress : to
  return {
    type,
    from: parent === undefined ? bytesToHex(caller.bytes) : parent.address,
    ...(target !== undefined && { to: bytesToHex(target.bytes) }),
    // It may be a view of memory that is written to later.
    input: message.data.slice(),
    ...{ gas, depth },
    ...(type !== 'STATICCALL' && { value }),
  }
}

/** Its name alone: some say where they happened. */
function exceptionOf({ execResult }: EVMResult): string | undefined {
  const error = execResult.exceptionError?.error
  return error?.startsWith('invalid JUMP') ? 'invalid JUMP' : error
}

function outputOf({ execResult }: EVMResult, exception: string | undefined): Uint8Array {
  if (exception === 'code store out of gas')
    return execResult.runState?.interpreter._result.returnValue ?? EMPTY_BYTES
  return exception === undefined || exception === 'revert' ? execResult.returnValue : EMPTY_BYTES
}

function isDeposit(exception: string, last: Step): boolean {
  if (exception === 'out of gas') return last.op === OP.RETURN && last.cost <= last.gas
  return (
    exception === 'code store out of gas' ||
    exception === 'code size to deposit exceeds maximum code size' ||
    exception === 'invalid bytecode deployed'
  )
}
