/** Recognises a replayable file by its content: a guest input of a prover, a witness file of our own, or one block with its execution witness. */
import { z } from 'zod'
import { CriticalError } from '../primitives/errors.ts'
import { RlpError } from '../primitives/rlp.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { type ExecutionInput, isExecutionFile, parseExecutionFile } from './execution/executionFile.ts'
import { parseWitnessFile, WITNESS_FORMAT } from './file/witnessFile.ts'
import { isGuestInput, parseGuestInput } from './guest/guestInput.ts'
import { InputRefusedError, type ReplayInput, requireInput } from './input.ts'

export type Replayable =
  | { readonly type: 'proposal'; readonly input: ReplayInput }
  | { readonly type: 'block'; readonly input: ExecutionInput }

/** `spec`: for a file that does not say its chain. Throws InputRefusedError, with a sentence that names the field, for anything else. */
export function readReplayable(text: string, spec?: RollupSpec): Replayable {
  try {
    const json: unknown = JSON.parse(text)
    if (isGuestInput(json)) return { type: 'proposal', input: parseGuestInput(json) }
    if (isWitnessFile(json)) return { type: 'proposal', input: parseWitnessFile(json) }
    if (isExecutionFile(json)) return { type: 'block', input: parseExecutionFile(json, spec) }
  } catch (error) {
    throw new InputRefusedError(explain(error), { cause: error })
  }
  throw new InputRefusedError(
    'neither a guest input of a prover, nor a witness file, nor a block with its execution witness',
  )
}

/** Of a file that holds a proposal. */
export function readInput(text: string): ReplayInput {
  const read = readReplayable(text)
  requireInput(read.type === 'proposal', 'the file holds one block, and no proposal')
  return read.input
}

function isWitnessFile(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'format' in json && json.format === WITNESS_FORMAT
}

function explain(error: unknown): string {
  if (error instanceof z.ZodError) {
    const [issue] = error.issues
    return `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not as expected'}`
  }
  if (error instanceof SyntaxError) return `not JSON: ${error.message}`
  if (error instanceof InputRefusedError || error instanceof RlpError || error instanceof CriticalError) {
    return error.message
  }
  throw error
}
