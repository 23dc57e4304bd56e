/** A thread that runs calls, one at a time; it owns no state and asks the node for every piece. The other end is workerCaller.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import type { StateSource } from '../../engine/state/source.ts'
import { createEngine } from '../../engine/vm.ts'
import { defined } from '../../primitives/assert.ts'
import type { CallJob, CallThreadData, FromThread, StateRead, ToThread } from './messages.ts'

const { spec } = workerData as CallThreadData
const port = defined(parentPort, 'the port of a call thread')
const engine = createEngine({ spec })
const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
let readIds = 0

const say = (message: FromThread) => port.postMessage(message)

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
    const result = await engine.call({
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

port.on('message', (message: ToThread) => {
  if (message.type === 'call') return void run(message)
  const reader = waiting.get(message.readId)
  waiting.delete(message.readId)
  if (message.type === 'value') reader?.resolve(message.value)
  else reader?.reject(new Error('the state could not be read'))
})
