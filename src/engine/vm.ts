/** The engine on EthereumJS's EVM: what `Engine` promises, from the parts beside this file. */
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { callMessage } from './call.ts'
import type { Engine } from './engine.ts'
import { executeBlock, openBlock } from './execute.ts'
import { createSenderPool } from './senderPool.ts'

/** `workers`: threads that recover senders; with 0 it happens on the caller's thread. */
export function createEngine(options: { readonly spec: RollupSpec; readonly workers?: number }): Engine {
  const { spec, workers = 0 } = options
  const senders = createSenderPool(workers)
  return {
    open: (input) => openBlock({ spec, senders, ...input }),
    execute: (input) => executeBlock({ spec, senders, ...input }),
    call: (input) => callMessage({ execution: { type: 'rollup', spec }, ...input }),
    recoverSenders: (transactions) => senders.recover(transactions),
    close: () => senders.close(),
  }
}
