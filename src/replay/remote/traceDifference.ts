/** The first step of the EVM in which we and an L2 node differ: our struct log beside its `debug_traceTransaction`. */
import { TraceTooLargeError } from '../../engine/trace/size.ts'
import { traceBlock } from '../../engine/trace/traceBlock.ts'
import type { Found } from './explain.ts'

export type StepDifference = {
  /** Of the transaction, from 0. */
  readonly index: number
  /** As they stand before the step; absent where one has ended. Numbers are decimal, stacks hex with the top last. */
  readonly ours?: TraceStep
  readonly theirs?: TraceStep
  readonly sentence: string
}

export type TraceStep = {
  readonly pc: number
  readonly op: string
  readonly gas: number
  readonly gasCost: number
  readonly depth: number
  readonly error?: string
  readonly stack: readonly string[]
}

/** JSON of one transaction's steps, ours. */
const TRACE_BYTES_MAX = 256 * 1024 * 1024
/** Where no receipt says which transaction it is. */
const TRACED_MAX = 64
/** Words of the stack that are kept, from the top. What lies deeper differed before, when it was on top. */
const WORDS_KEPT = 4

/** Of the transaction at `place`, or of the first that differs. Undefined where the node has no traces, or none differs. */
export async function findStep(
  { context, state, block, deps }: Found,
  place?: number,
): Promise<{ readonly transaction: number; readonly difference: StepDifference } | undefined> {
  const { header, transactions } = block.executed
  const [node] = deps.nodes
  const places = place === undefined ? transactions.map((_, i) => i).slice(0, TRACED_MAX) : [place]
  for (const index of places) {
    const transaction = transactions[index]
    const theirs = transaction && (await node.trace(transaction.hash))
    if (theirs === undefined) return undefined
    const ours = await traceOurs(index)
    const difference = ours && compareSteps(ours, theirs)
    if (difference) return { transaction: index, difference }
  }
  return undefined

  async function traceOurs(index: number): Promise<readonly unknown[] | undefined> {
    try {
      const { json } = await traceBlock({
        ...{ execution: { type: 'rollup', spec: context.spec }, state, ancestorHash: context.ancestorHash },
        block: { header, transactions },
        config: {
          ...{ tracer: 'structLog', enableMemory: false, disableStack: false, disableStorage: true },
          ...{ enableReturnData: false, limit: 0 },
        },
        ...{ bytesMax: TRACE_BYTES_MAX, index },
      })
      return (JSON.parse(json) as { structLogs: readonly unknown[] }).structLogs
    } catch (error) {
      if (error instanceof TraceTooLargeError) return undefined
      throw error
    }
  }
}

/** Undefined where all steps are the same. */
export function compareSteps(
  ours: readonly unknown[],
  theirs: readonly unknown[],
): StepDifference | undefined {
  const length = Math.max(ours.length, theirs.length)
  for (let index = 0; index < length; index++) {
    const [our, their] = [readStep(ours[index]), readStep(theirs[index])]
    if (textOf(our) === textOf(their)) continue
    return {
      index,
      ...(our && { ours: our }),
      ...(their && { theirs: their }),
      sentence: `step ${index} is ${placeOf(our)} here and ${placeOf(their)} there`,
    }
  }
  return undefined
}

function readStep(json: unknown): TraceStep | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const { pc, op, gas, gasCost, depth, error, stack } = json as Record<string, unknown>
  return {
    ...{
      pc: Number(pc),
      op: nameOf(String(op)),
      gas: Number(gas),
      gasCost: Number(gasCost),
      depth: Number(depth),
    },
    ...(error !== undefined && { error: String(error) }),
    stack: Array.isArray(stack) ? stack.slice(-WORDS_KEPT).map((word) => wordOf(String(word))) : [],
  }
}

/** Words come as hex with and without 0x, padded or not. */
function wordOf(text: string): string {
  const digits = text.replace(/^0x/, '').replace(/^0+(?=.)/, '')
  return /^[0-9a-f]{1,64}$/i.test(digits) ? `0x${digits.toLowerCase()}` : text.slice(0, 66)
}

/** Nodes spell two opcodes differently. */
function nameOf(op: string): string {
  if (op === 'SHA3') return 'KECCAK256'
  return op === 'PREVRANDAO' ? 'DIFFICULTY' : op
}

/** In whose words a step failed does not matter. */
function textOf(step: TraceStep | undefined): string {
  return step === undefined ? '' : JSON.stringify({ ...step, error: step.error !== undefined })
}

function placeOf(step: TraceStep | undefined): string {
  if (step === undefined) return 'no further one'
  const { op, pc, depth, gas, gasCost, stack, error } = step
  const failed = error === undefined ? '' : `, ${error}`
  return `${op} at pc ${pc}, depth ${depth} (gas ${gas}, cost ${gasCost}, stack ${stack.join(' ') || 'empty'}${failed})`
}
