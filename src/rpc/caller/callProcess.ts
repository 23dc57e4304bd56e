/** A process that runs calls, one at a time; it owns no state and asks the node for every piece. The other end is processCaller.ts. */
import type { StateSource } from '../../engine/state/source.ts'
import { defined } from '../../primitives/assert.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import { runJob } from './jobs.ts'
import type { FromProcess, JobMessage, StateRead, ToProcess } from './messages.ts'

let execution: ExecutionSpec | undefined
const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
let readIds = 0

const say = (message: FromProcess) => process.send?.(message)

function ask<T>(read: StateRead): Promise<T> {
  const readId = readIds++
  say({ type: 'read', readId, read })
  return new Promise<T>((resolve, reject) => {
    waiting.set(readId, { resolve: (value) => resolve(value as T), reject })
  })
}

function remoteState({ stateRoot }: JobMessage): StateSource {
  return {
    stateRoot,
    account: (address) => ask({ kind: 'account', address }),
    storage: (address, slot) => ask({ kind: 'storage', address, slot }),
    code: (codeHash) => ask({ kind: 'code', codeHash }),
    rootAfter: () => Promise.reject(new Error('a call leaves no state')),
  }
}

async function run(message: JobMessage): Promise<void> {
  try {
    const environment = {
      execution: defined(execution, 'the rules of a call process'),
      state: remoteState(message),
      ancestorHash: (number: bigint) => ask<Hash>({ kind: 'ancestor', number }),
    }
    const result = await runJob(environment, message.job)
    say({ type: 'result', result })
  } catch (error) {
    say({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

process.on('message', (message: ToProcess) => {
  if (message.type === 'start') {
    execution = message.execution
    return
  }
  if (message.type === 'job') return void run(message)
  const reader = waiting.get(message.readId)
  waiting.delete(message.readId)
  if (message.type === 'value') reader?.resolve(message.value)
  else reader?.reject(new Error('the state could not be read'))
})
process.on('disconnect', () => process.exit())
// Ctrl-C reaches the whole group of a terminal; when to end is the node's to say.
process.on('SIGINT', () => {})
