/** Recognises a replayable file by its content: a guest input of a prover, or a witness file of our own. */
import { z } from 'zod'
import { CriticalError } from '../primitives/errors.ts'
import { RlpError } from '../primitives/rlp.ts'
import { parseWitnessFile, WITNESS_FORMAT } from './file/witnessFile.ts'
import { isGuestInput, parseGuestInput } from './guest/guestInput.ts'
import { InputRefusedError, type ReplayInput } from './input.ts'

/** Throws InputRefusedError, with a sentence that names the field, for anything else. */
export function readInput(text: string): ReplayInput {
  try {
    const json: unknown = JSON.parse(text)
    if (isGuestInput(json)) return parseGuestInput(json)
    if (isWitnessFile(json)) return parseWitnessFile(json)
  } catch (error) {
    throw new InputRefusedError(explain(error), { cause: error })
  }
  throw new InputRefusedError('neither a guest input of a prover nor a witness file')
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
