/**
 * Zk gas by what EthereumJS's own loop tells of its steps: the gas between one step of a frame and its next, the estimate where a frame was
 * opened, and for the step that a frame failed with what revm would have charged until then. It knows nothing of our loop, which it is held
 * against. unzen.md §1.3, §1.4.
 */
import type { EVMResult, InterpreterStep, Message } from '@ethereumjs/evm'
import { bytesToHex } from '../../primitives/hex.ts'
import type { EthereumFork } from '../../spec/ethereumSpec.ts'
import type { ZkSchedule } from '../../spec/zkSchedule.ts'
import { opcodesOf } from '../evm/opcodes.ts'
import type { StockEvm } from '../evm/stockEvm.ts'
import type { RunContext } from '../evm.ts'
import { type FailingStep, rawOfFailed } from './failedStep.ts'

const CODE_DEPOSIT_GAS = 200n

type OpenFrame = {
  readonly message: Message
  readonly precompile?: string
  last?: FailingStep['step'] & { isCharged: boolean }
  /** Bytes of return data. */
  returned: number
}

export type StepMeter = {
  readonly used: number
  /** Since it was asked before. */
  take(): number
}

/** Listens to every step of `context`, which makes it slow. Only for forks from Shanghai on. */
export function meterSteps(
  { evm }: Pick<RunContext, 'evm'>,
  fork: EthereumFork,
  schedule: ZkSchedule,
): StepMeter {
  const stock = evm as StockEvm
  const { events, precompiles } = stock
  const opcodes = opcodesOf(fork)
  if (opcodes === undefined) throw new Error(`zk gas is not counted under ${fork}`)
  const frames: OpenFrame[] = []
  let used = 0
  const factorOf = (opcode: number) => schedule.opcodes[opcode] as number

  const settle = (frame: OpenFrame, gasLeft: bigint) => {
    const { last } = frame
    if (last === undefined || last.isCharged) return
    last.isCharged = true
    used += factorOf(last.opcode) * (schedule.spawns.get(last.opcode) ?? Number(last.gasLeft - gasLeft))
  }

  events.on('beforeMessage', (message: Message) => {
    // Whoever opened it has paid for that before it runs.
    const parent = frames.at(-1)
    if (parent !== undefined) settle(parent, 0n)
    const address = message.to === undefined ? undefined : bytesToHex(message.codeAddress.bytes).slice(2)
    const isPrecompile = address !== undefined && precompiles.has(address)
    frames.push({ message, returned: 0, ...(isPrecompile && { precompile: address }) })
  })

  events.on('step', ({ gasLeft, pc, stack, memoryWordCount: words }: InterpreterStep) => {
    const frame = frames.at(-1)
    if (frame === undefined) return
    const { last } = frame
    // A call that was refused, for its value or its depth, opened nothing: nothing was returned.
    if (last !== undefined && !last.isCharged && schedule.spawns.has(last.opcode)) frame.returned = 0
    settle(frame, gasLeft)
    // For an opcode that its fork does not know the event names another one.
    const opcode = (frame.message.code as Uint8Array)[pc] ?? 0
    frame.last = { opcode, gasLeft, stack, words, isCharged: false }
  })

  // It fails and charges nothing, but the step before it has to be charged: nothing else tells how much that took.
  stock.onBareRevert = (gasLeft) => {
    const frame = frames.at(-1)
    if (frame !== undefined) settle(frame, gasLeft)
  }

  events.on('afterMessage', ({ execResult, createdAddress }: EVMResult) => {
    const frame = frames.pop()
    if (frame === undefined) return
    const { last, message } = frame
    const { executionGasUsed, returnValue, exceptionError } = execResult
    const error = exceptionError?.error
    const parent = frames.at(-1)
    if (parent?.last !== undefined) {
      const answers = error === 'revert' || (error === undefined && !isCreate(parent.last.opcode))
      parent.returned = answers ? returnValue.length : 0
    }
    if (frame.precompile !== undefined) {
      used += Number(executionGasUsed) * (schedule.precompiles.get(frame.precompile) ?? schedule.unlisted)
      return
    }
    if (last === undefined) return
    if (error === undefined || error === 'revert') {
      // The deposit of a new contract's code is no step.
      const isKept = createdAddress !== undefined && error === undefined
      const deposit = isKept ? BigInt(returnValue.length) * CODE_DEPOSIT_GAS : 0n
      settle(frame, message.gasLimit - (executionGasUsed - deposit))
    } else if (!last.isCharged) {
      const { isStatic } = message
      used +=
        factorOf(last.opcode) *
        Number(rawOfFailed({ step: last, isStatic, returned: frame.returned, opcodes }))
    }
  })

  return {
    get used() {
      return used
    },
    take() {
      const taken = used
      used = 0
      return taken
    },
  }
}

function isCreate(opcode: number): boolean {
  return opcode === 0xf0 || opcode === 0xf5
}
