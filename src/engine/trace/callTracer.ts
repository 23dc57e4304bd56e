/** The calls of a transaction, each inside the one that made it. As eth/tracers/native/call.go prints them. */
import { bytesToHex, type Hex, toQuantity } from '../../primitives/hex.ts'
import type { Frame, FrameEnd } from './hooks.ts'
import { revertReason } from './revertReason.ts'
import type { TraceSize } from './size.ts'
import type { TraceConfig, Tracer } from './tracer.ts'

type Config = Extract<TraceConfig, { tracer: 'callTracer' }>

/** As JSON; what is absent is left out. */
type CallJson = {
  from: Hex
  gas: Hex
  gasUsed: Hex
  to?: Hex
  input: Hex
  output?: Hex
  error?: string
  revertReason?: string
  calls?: CallJson[]
  logs?: LogJson[]
  value?: Hex
  type: string
}
type LogJson = {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
  /** In the block. */
  readonly index: Hex
  /** Calls of this frame that came before. */
  readonly position: Hex
}

/** A call without its bytes, as JSON. */
const CALL_BYTES = 300
const LOG_BYTES = 150

export function createCallTracer(config: Config, size: TraceSize): Tracer {
  const open: CallJson[] = []
  let top: CallJson | undefined
  /** Of the frame that runs now, counted as go-ethereum does. */
  let depth = 0
  let gasLimit = 0n

  return {
    async begin(message) {
      gasLimit = message.gasLimit
    },
    hooks: {
      enter(frame) {
        depth = frame.depth
        if (config.onlyTopCall && frame.depth > 0) return
        size.add(CALL_BYTES + 2 * frame.input.length)
        open.push(callJson(frame, frame.depth === 0 ? gasLimit : frame.gas))
      },
      exit(frame, end) {
        depth = frame.depth - 1
        if (config.onlyTopCall && frame.depth > 0) return
        const call = open.pop()
        if (call === undefined) return
        if (frame.to !== undefined) call.to = frame.to
        size.add(2 * end.output.length)
        finishCall(call, end)
        const parent = open.at(-1)
        if (parent === undefined) top = call
        else {
          parent.calls ??= []
          parent.calls.push(call)
        }
      },
      log({ address, topics, data, index }) {
        const call = open.at(-1)
        if (!config.withLog || call === undefined || (config.onlyTopCall && depth > 0)) return
        size.add(LOG_BYTES + 70 * topics.length + 2 * data.length)
        call.logs ??= []
        const position = toQuantity(call.calls?.length ?? 0)
        call.logs.push({ address, topics, data: bytesToHex(data), index: toQuantity(index), position })
      },
    },
    finish(gasUsed) {
      if (top === undefined) throw new Error('a transaction was traced that made no call')
      top.gasUsed = toQuantity(gasUsed)
      return JSON.stringify(top)
    },
  }
}

function callJson({ type, from, to, input, value }: Frame, gas: bigint): CallJson {
  return {
    from,
    gas: toQuantity(gas),
    gasUsed: '0x0',
    ...(to !== undefined && { to }),
    input: bytesToHex(input),
    ...(value !== undefined && { value: toQuantity(value) }),
    type,
  }
}

function finishCall(call: CallJson, { gasUsed, output, error, isUndone }: FrameEnd): void {
  call.gasUsed = toQuantity(gasUsed)
  if (output.length > 0) call.output = bytesToHex(output)
  if (error === undefined || !isUndone) return
  call.error = error
  if (call.type === 'CREATE' || call.type === 'CREATE2') delete call.to
  dropLogs(call)
  const reason = error === 'execution reverted' ? revertReason(output) : undefined
  if (reason !== undefined && reason !== '') call.revertReason = reason
}

/** What a failed call logged, itself or below, never happened. */
function dropLogs(call: CallJson): void {
  delete call.logs
  for (const inner of call.calls ?? []) dropLogs(inner)
}
