/** Every step of a transaction. As eth/tracers/logger/logger.go prints it: numbers as numbers, words as hex with 0x, what is empty left out. */
import { Address as EvmAddress } from '@ethereumjs/util'
import { bytesToBigint, EMPTY_BYTES } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import type { RunContext } from '../evm.ts'
import type { FrameEnd, Step } from './hooks.ts'
import { OP } from './opcodes.ts'
import type { TraceSize } from './size.ts'
import type { TraceConfig, Tracer } from './tracer.ts'
import { wordHex } from './words.ts'

type Config = Extract<TraceConfig, { tracer: 'structLog' }>

/** A step that is not yet text: it may turn out to have failed. */
type Entry = { readonly step: Step; readonly storage?: Readonly<Record<Hash, Hash>> }

export function createStructLogger(config: Config, { state }: RunContext, size: TraceSize): Tracer {
  const entries: string[] = []
  /** Slots that each account has read or written so far. */
  const slots = new Map<Address, Record<Hash, Hash>>()
  let last: Entry | undefined
  let bytes = 0
  let end: FrameEnd | undefined

  function flush(): void {
    if (last === undefined) return
    const text = entryText(last, config)
    last = undefined
    bytes += text.length
    size.add(text.length + 1)
    entries.push(text)
  }

  const isFull = () => config.limit !== 0 && bytes > config.limit

  function step(step: Step): void | Promise<void> {
    flush()
    if (isFull()) return
    const { op, stack, address } = step
    if (config.disableStorage || !hasSlot(step)) {
      last = { step }
      return
    }
    const slot = wordHex(stack.at(-1) ?? 0n)
    const known = slots.get(address) ?? {}
    slots.set(address, known)
    const show = (value: Hash) => {
      known[slot] = value
      last = { step, storage: { ...known } }
    }
    if (op === OP.SSTORE) return show(wordHex(stack.at(-2) ?? 0n))
    return state
      .getStorage(new EvmAddress(hexToBytes(address)), hexToBytes(slot))
      .then((value) => show(wordHex(bytesToBigint(value))))
  }

  return {
    hooks: {
      step,
      stepFailed(failed) {
        if (last !== undefined) last = { ...last, step: failed }
      },
      exit(frame, frameEnd) {
        if (frame.depth === 0) end = frameEnd
      },
    },
    finish(gasUsed) {
      flush()
      const { error, output } = end ?? { output: EMPTY_BYTES }
      const failed = error !== undefined
      const returnValue = JSON.stringify(bytesToHex(output))
      return `{"gas":${gasUsed},"failed":${failed},"returnValue":${returnValue},"structLogs":[${entries.join(',')}]}`
    },
  }
}

function hasSlot({ op, stack }: Step): boolean {
  return (op === OP.SLOAD && stack.length >= 1) || (op === OP.SSTORE && stack.length >= 2)
}

/** Written by hand: JSON.stringify of an object that is made for each step takes three times as long. */
function entryText({ step, storage }: Entry, config: Config): string {
  const { pc, name, gas, cost, depth, error, returnData, refund } = step
  let text = `{"pc":${pc},"op":"${name}","gas":${gas},"gasCost":${cost},"depth":${depth}`
  if (error !== undefined) text += `,"error":${JSON.stringify(error)}`
  if (!config.disableStack) text += `,"stack":[${stackText(step.stack)}]`
  if (config.enableReturnData && returnData.length > 0) text += `,"returnData":"${bytesToHex(returnData)}"`
  if (config.enableMemory && step.memoryBytes > 0) text += `,"memory":["${memoryWords(step).join('","')}"]`
  if (storage !== undefined) text += `,"storage":${JSON.stringify(storage)}`
  return refund > 0n ? `${text},"refund":${refund}}` : `${text}}`
}

function stackText(stack: Step['stack']): string {
  let text = ''
  for (const word of stack) text += `${text === '' ? '' : ','}"0x${word.toString(16)}"`
  return text
}

function memoryWords({ memory, memoryBytes }: Step): string[] {
  const hex = Buffer.from(memory.buffer, memory.byteOffset, Math.min(memory.length, memoryBytes)).toString(
    'hex',
  )
  const padded = hex.padEnd(2 * memoryBytes, '0')
  return Array.from({ length: memoryBytes / 32 }, (_, i) => `0x${padded.slice(64 * i, 64 * i + 64)}`)
}
