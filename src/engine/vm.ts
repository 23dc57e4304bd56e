/** The engine on EthereumJS's EVM: what `Engine` promises, from the parts beside this file. */
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { callMessage } from './call.ts'
import type { Engine } from './engine.ts'
import { executeBlock, openBlock, reviewBlock } from './execute.ts'
import { runBehind } from './runBehind.ts'
import { createSenderPool } from './senderPool.ts'

export type EngineOptions = {
  readonly spec: RollupSpec
  /** Threads that recover senders; with 0, the default, it happens on the caller's thread. */
  readonly workers?: number
  /** What blocks run on: our interpreter (the default), or EthereumJS's, some thirty times slower. */
  readonly loop?: 'own' | 'stock'
  /** Each block runs on both, and must come out the same. */
  readonly isChecked?: boolean
}

export function createEngine({ spec, workers = 0, loop = 'own', isChecked = false }: EngineOptions): Engine {
  const senders = createSenderPool(workers)
  const given = { spec, senders, loop, isChecked: isChecked && loop === 'own' }
  return {
    open: (input) => openBlock({ ...given, ...input }),
    execute: (input) => executeBlock({ ...given, ...input }),
    review: (input) => reviewBlock({ ...given, ...input }),
    runBehind: (input) => runBehind({ ...given, ...input }),
    call: (input) => callMessage({ execution: { type: 'rollup', spec }, ...input }),
    recoverSenders: (transactions) => senders.recover(transactions),
    close: () => senders.close(),
  }
}
