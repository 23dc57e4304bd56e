/** A process that runs calls, one at a time; it owns no state and asks the node for every piece. The other end is processCaller.ts. */
import type { Engine } from '../../engine/engine.ts'
import type { StateSource } from '../../engine/state/source.ts'
import { createEngine } from '../../engine/vm.ts'
import { defined } from '../../primitives/assert.ts'
import type { CallJob, FromProcess, StateRead, ToProcess } from './messages.ts'

let engine: Engine | undefined
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

function remoteState(job: CallJob): StateSource {
  return {
    stateRoot: job.stateRoot,
    account: (address) => ask({ kind: 'account', address }),
    storage: (address, slot) => ask({ kind: 'storage', address, slot }),
    code: (codeHash) => ask({ kind: 'code', codeHash }),
    rootAfter: () => Promise.reject(new Error('a call leaves no state')),
  }
}

async function run(job: CallJob): Promise<void> {
  try {
    const result = await defined(engine, 'the engine of a call process').call({
      request: job.request,
      header: job.header,
      state: remoteState(job),
      ancestorHash: (number) => ask({ kind: 'ancestor', number }),
      ...(job.overrides === undefined ? {} : { overrides: job.overrides }),
    })
    say({ type: 'result', result })
  } catch (error) {
    say({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

process.on('message', (message: ToProcess) => {
  if (message.type === 'start') {
    engine = createEngine({ spec: message.spec })
    return
  }
  if (message.type === 'call') return void run(message)
  const reader = waiting.get(message.readId)
  waiting.delete(message.readId)
  if (message.type === 'value') reader?.resolve(message.value)
  else reader?.reject(new Error('the state could not be read'))
})
process.on('disconnect', () => process.exit())
// Ctrl-C reaches the whole group of a terminal; when to end is the node's to say.
process.on('SIGINT', () => {})
