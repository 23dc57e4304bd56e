/** Options of the tracing methods, as geth takes them (eth/tracers/api.go). */
import { z } from 'zod'
import type { TraceConfig } from '../../engine/trace/tracer.ts'
import { RpcError } from '../errors.ts'
import { blockOverridesParam, indexParam, stateOverridesParam } from '../params.ts'

/** Milliseconds of geth's units of time. */
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const DURATION = /^(?:\d{1,9}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h)){1,7}$/

/** As Go writes it: `5s`, `300ms`, `1m30s`. */
const durationParam = z
  .string('a duration such as "10s" wanted')
  .regex(DURATION, 'a duration such as "10s" wanted')

const flag = z.boolean('true or false wanted').nullish()

const options = z.object({
  tracer: z.string('the name of a tracer wanted').nullish(),
  tracerConfig: z
    .object({
      onlyTopCall: flag,
      withLog: flag,
      diffMode: flag,
      disableCode: flag,
      disableStorage: flag,
      includeEmpty: flag,
    })
    .nullish(),
  timeout: durationParam.nullish(),
  enableMemory: flag,
  disableStack: flag,
  disableStorage: flag,
  enableReturnData: flag,
  limit: z.int('a number of bytes wanted').nonnegative().nullish(),
  /** Of other nodes: how far back to execute for a state that is not kept. Ignored. */
  reexec: z.number().nullish(),
})

export const traceConfigParam = options.meta({ id: 'TraceConfig' }).optional()

export const traceCallConfigParam = options
  .extend({
    stateOverrides: stateOverridesParam.nullish(),
    blockOverrides: blockOverridesParam.nullish(),
    txIndex: indexParam.nullish(),
  })
  .meta({ id: 'TraceCallConfig' })
  .optional()

export type TraceConfigParameter = z.output<typeof traceConfigParam>

/** Throws an RpcError for a tracer that is none of ours. */
export function toTraceConfig(given: TraceConfigParameter): TraceConfig {
  const { tracer, tracerConfig } = given ?? {}
  const is = (name: keyof NonNullable<typeof tracerConfig>) => tracerConfig?.[name] === true
  switch (tracer) {
    case undefined:
    case null:
      return {
        tracer: 'structLog',
        enableMemory: given?.enableMemory === true,
        disableStack: given?.disableStack === true,
        disableStorage: given?.disableStorage === true,
        enableReturnData: given?.enableReturnData === true,
        limit: given?.limit ?? 0,
      }
    case 'callTracer':
      return { tracer, onlyTopCall: is('onlyTopCall'), withLog: is('withLog') }
    case 'prestateTracer': {
      const [diffMode, includeEmpty] = [is('diffMode'), is('includeEmpty')]
      if (diffMode && includeEmpty) throw refused('cannot use diffMode with includeEmpty')
      const [disableCode, disableStorage] = [is('disableCode'), is('disableStorage')]
      return { tracer, diffMode, includeEmpty, disableCode, disableStorage }
    }
    case '4byteTracer':
      return { tracer }
    default:
      throw refused(
        `there is no tracer ${JSON.stringify(tracer.slice(0, 60))}: callTracer, prestateTracer and 4byteTracer are, and the steps when none is named; tracers written in JavaScript are not run`,
      )
  }
}

/** Milliseconds; `byDefault` when nothing is asked for, and never more than `most`. */
export function timeoutOf(given: TraceConfigParameter, byDefault: number, most: number): number {
  const text = given?.timeout
  if (text == null) return Math.min(byDefault, most)
  let ms = 0
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    ms += Number(number) * (UNIT_MS[unit ?? ''] ?? 0)
  return Math.min(ms, most)
}

function refused(message: string): RpcError {
  return new RpcError({ code: 'invalidInput', message })
}
