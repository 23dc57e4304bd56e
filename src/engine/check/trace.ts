/**
 * The first step in which our loop and EthereumJS's differ, in one transaction on states that are the same. Each runs twice: once to reduce
 * every step to a number, so that millions of them can be compared, and once more to show the two around the first that differ.
 */
import type { EVM, InterpreterStep } from '@ethereumjs/evm'
import { bytesToHex } from '../../primitives/hex.ts'
import { keccak256 } from '../../primitives/keccak.ts'
import type { BlockRun } from '../blockRun.ts'
import type { Frame } from '../evm/frame.ts'
import { opcodesOf } from '../evm/opcodes.ts'
import { opcodeOf } from '../trace/opcodes.ts'
import type { BlockScript } from './script.ts'
import { meterSteps } from './stepMeter.ts'
import { createSteppingLoop } from './stepping.ts'

/** Where a loop stands before a step. */
export type Step = {
  /** 0 is the transaction's own frame. */
  readonly depth: number
  readonly address: string
  readonly pc: number
  readonly opcode: number
  readonly gas: bigint
  /** Of the transaction's steps and precompiles so far; 0 where none is counted. */
  readonly zkGas: number
  readonly memoryWords: number
  /** The top is last. */
  readonly stack: readonly bigint[]
}

export type StepDifference = {
  /** Of the transaction, from 0. */
  readonly index: number
  /** The last one before which both stood alike; absent where they never did. */
  readonly step?: Step
  /** What each came to by it; absent where it is the last. */
  readonly ours?: Step
  readonly stock?: Step
  readonly sentence: string
}

/** Words of the stack that are shown and compared, from the top. What lies deeper differed before, when it was on top. */
const WORDS_SHOWN = 4

/** Behind the last step. */
const END: Step = { depth: 0, address: '', pc: -1, opcode: 0, gas: 0n, zkGas: 0, memoryWords: 0, stack: [] }

type Watch = (step: Step) => void

/** Undefined where both go through the same steps: what differs is not in them. `place` as in the script's list. */
export async function findFirstStep(script: BlockScript, place: number): Promise<StepDifference | undefined> {
  try {
    return await search(script, place)
  } catch (error) {
    // EthereumJS's step hook has no room for what some REVERTs are to return.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

async function search(script: BlockScript, place: number): Promise<StepDifference | undefined> {
  const ours = await digestSteps(script, place, 'own')
  const stock = await digestSteps(script, place, 'stock')
  let index = 0
  while (index < ours.length && index < stock.length && ours[index] === stock[index]) index++
  if (index === ours.length && index === stock.length) return undefined
  const our = await stepsAround(script, place, 'own', index)
  const their = await stepsAround(script, place, 'stock', index)
  const [step] = our
  const found = {
    index: Math.max(0, index - 1),
    ...(index > 0 && step && { step }),
    ...(our[1] && { ours: our[1] }),
    ...(their[1] && { stock: their[1] }),
  }
  return { ...found, sentence: describe(found) }
}

async function digestSteps(script: BlockScript, place: number, loop: 'own' | 'stock'): Promise<number[]> {
  const digests: number[] = []
  await watchTransaction(script, place, loop, (step) => digests.push(digestOf(step)))
  return digests
}

/** The step before `index`, and that one. */
async function stepsAround(
  script: BlockScript,
  place: number,
  loop: 'own' | 'stock',
  index: number,
): Promise<readonly [before: Step | undefined, at: Step | undefined]> {
  let count = 0
  let before: Step | undefined
  let at: Step | undefined
  await watchTransaction(script, place, loop, (step) => {
    if (count === index - 1) before = step
    if (count === index) at = step
    count++
  })
  return [before, at]
}

async function watchTransaction(
  script: BlockScript,
  place: number,
  loop: 'own' | 'stock',
  watch: Watch,
): Promise<void> {
  const { run, start } = await openWatched(script, loop)
  for (const raw of script.raws.slice(0, place)) await run.run(raw)
  const zkGasOf = start(watch)
  const raw = script.raws[place]
  if (raw !== undefined) await run.run(raw)
  watch({ ...END, zkGas: zkGasOf() })
}

type Watched = {
  readonly run: BlockRun
  /** From now on; answers how zk gas is asked for. */
  start(watch: Watch): () => number
}

/** Without a limit of zk gas, which would cut one of the two short. */
async function openWatched(script: BlockScript, loop: 'own' | 'stock'): Promise<Watched> {
  const plain = await script.open({ loop, isUnlimited: true })
  const { fork, zkGas } = plain.context.rules
  if (loop === 'stock') return { run: plain, start: (watch) => watchStock(plain, watch) }
  const opcodes = opcodesOf(fork)
  if (opcodes === undefined) return { run: plain, start: () => () => 0 }
  let onStep = (_: Frame) => {}
  const stepping = createSteppingLoop(opcodes, (frame) => onStep(frame))
  const run = await script.open({ loop, runLoop: stepping.runLoop, isUnlimited: true })
  // The block's own meter has what transactions and precompiles charge.
  const charged = () => (zkGas === undefined ? 0 : stepping.zkGas() + run.zkGas())
  return {
    run,
    start(watch) {
      const before = charged()
      onStep = (frame) => watch(stepOfFrame(frame, charged() - before))
      return () => charged() - before
    },
  }
}

function watchStock({ context }: BlockRun, watch: Watch): () => number {
  const { fork, zkGas } = context.rules
  const meter = zkGas && meterSteps(context, fork, zkGas)
  const charged = () => (zkGas && meter ? zkGas.transaction + meter.used : 0)
  const { events } = context.evm as EVM
  events.on('step', (step: InterpreterStep) => watch(stepOfEvent(step, charged())))
  return charged
}

function stepOfFrame({ level, address, pc, code, gas, memory, stack, depth }: Frame, zkGas: number): Step {
  return {
    ...{ depth: level, address, pc, opcode: code.source[pc] ?? 0, gas: BigInt(gas), zkGas },
    memoryWords: memory.words,
    stack: stack.slice(0, depth).map(BigInt),
  }
}

function stepOfEvent(step: InterpreterStep, zkGas: number): Step {
  const { depth, pc, opcode, gasLeft: gas, stack } = step
  const address = bytesToHex(step.address.bytes)
  return {
    depth,
    address,
    pc,
    opcode: opcode.code,
    gas,
    zkGas,
    memoryWords: Number(step.memoryWordCount),
    stack,
  }
}

/** Of what is shown of it; the opcode follows from the place, and has another name where the fork does not know it. */
function digestOf({ depth, address, pc, gas, zkGas, memoryWords, stack }: Step): number {
  const top = stack.slice(-WORDS_SHOWN).map((word) => word.toString(16))
  const text = [depth, address, pc, gas, zkGas, memoryWords, stack.length, ...top].join(' ')
  return Buffer.from(keccak256(Buffer.from(text)).subarray(0, 6)).readUIntBE(0, 6)
}

function describe({ step, ours, stock }: Omit<StepDifference, 'index' | 'sentence'>): string {
  const at = step === undefined ? 'the very first' : placeOf(step)
  return `${at}: after it ours is at ${standOf(ours)}, EthereumJS's at ${standOf(stock)}`
}

function placeOf(step: Step): string {
  const name = opcodeOf(step.opcode).name
  return `${name} at pc ${step.pc} of ${step.address}, depth ${step.depth} (${wordsOf(step)}, gas ${step.gas})`
}

function standOf(step: Step | undefined): string {
  if (step === undefined) return 'no further step'
  if (step.pc < 0) return 'the end'
  const { depth, pc, gas, zkGas, memoryWords } = step
  return `pc ${pc}, depth ${depth}, gas ${gas}, zk gas ${zkGas}, ${memoryWords} words of memory, ${wordsOf(step)}`
}

function wordsOf({ stack }: Step): string {
  const words = stack.slice(-WORDS_SHOWN).toReversed()
  const shown = words.map((word) => `0x${word.toString(16)}`).join(' ')
  return `${stack.length} on the stack${shown === '' ? '' : `, from the top ${shown}`}`
}
