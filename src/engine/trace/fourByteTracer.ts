/** How often each function was called, by selector and length of its arguments. As eth/tracers/native/4byte.go prints it. */
import { bytesToHex } from '../../primitives/hex.ts'
import type { RunContext } from '../evm.ts'
import type { Tracer } from './tracer.ts'

const CALLS: ReadonlySet<string> = new Set(['CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL'])

export function createFourByteTracer({ evm }: RunContext): Tracer {
  const counts = new Map<string, number>()
  return {
    hooks: {
      enter({ type, to, input }) {
        if (input.length < 4 || !CALLS.has(type) || to === undefined || evm.precompiles.has(to.slice(2)))
          return
        const key = `${bytesToHex(input.subarray(0, 4))}-${input.length - 4}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
      },
    },
    finish: () => JSON.stringify(Object.fromEntries(counts)),
  }
}
