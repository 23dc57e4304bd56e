/** A chain derived from L1 up to a block, for a dataset of an L1 whose L2 nobody has at hand: the node's own driver, into a folder. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createChain } from '../../chain/sqliteChain.ts'
import { createDriver } from '../../derive/driver.ts'
import { writeGenesis } from '../../derive/genesis.ts'
import { readCursor } from '../../derive/steps.ts'
import type { Genesis } from '../../engine/genesis.ts'
import { createFlatState } from '../../engine/state/flatStateOnStore.ts'
import { createEngine, type EngineOptions } from '../../engine/vm.ts'
import type { FollowInput, L1, L1Event, L1Position } from '../../l1/l1.ts'
import { sleep } from '../../primitives/async.ts'
import { createResources } from '../../primitives/resources.ts'
import { CHAIN_STORE_SCHEMAS } from '../../snapshot/chainStore.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { openStore } from '../../store/openStore.ts'
import type { Logger } from '../../telemetry/log.ts'

export type DeriveIntoOptions = {
  readonly spec: RollupSpec
  readonly l1: Pick<L1, 'start' | 'follow' | 'blobs' | 'ancestor' | 'transaction'>
  readonly genesis: Genesis
  readonly engine?: Pick<EngineOptions, 'workers' | 'loop' | 'isChecked'>
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Latest L2 blocks whose states can be built upon. Default 1: only the last. */
  readonly proofWindowBlocks?: number
  readonly onProgress?: (progress: { readonly l1Block: number; readonly l2Block: number }) => void
}

const CACHE_KIB = 64 * 1024

/** `dataDir` is new, and can be opened by `openNodeData` afterwards. Throws what stops a node, and when the signal is aborted. */
export async function deriveInto(options: DeriveIntoOptions, dataDir: string, to: number): Promise<void> {
  const { spec, l1, genesis, logger, signal, onProgress } = options
  await mkdir(dataDir, { recursive: true })
  const { keep, close } = createResources()
  try {
    const store = keep(
      await openStore({
        path: join(dataDir, 'chain.db'),
        schemas: CHAIN_STORE_SCHEMAS,
        cacheKiB: CACHE_KIB,
      }),
    )
    const state = await createFlatState({
      store,
      options: { nodeWindowBlocks: options.proofWindowBlocks ?? 1 },
    })
    const chain = await createChain(store)
    // From the chain's own beginning, wherever L1's data begins.
    const start = await l1.start(signal, spec.l1.startBlock)
    await writeGenesis({ store, chain, state }, { spec, genesis, l1: start })
    const engine = keep(createEngine({ spec, ...options.engine }))
    const done = new AbortController()
    const driver = createDriver({
      ...{ spec, engine, state, chain, store, logger },
      l1: { ...l1, follow: (input) => followTo(l1, input, BigInt(to)) },
      wait: (ms, until) => sleep(ms, until).catch(() => {}),
      onProgress(progress) {
        if (progress.type === 'step')
          onProgress?.({
            l1Block: Number(progress.l1.number),
            l2Block: Number(chain.heads().safe.number),
          })
        if (progress.type === 'caughtUp' && progress.l1.number >= BigInt(to)) done.abort()
      },
    })
    await driver.run(AbortSignal.any([signal, done.signal]))
    signal.throwIfAborted()
    const cursor = await readCursor(store)
    if (cursor.number !== BigInt(to)) throw new RangeError(`derivation ended at L1 block ${cursor.number}`)
  } finally {
    await close()
  }
}

/** As if L1 had ended with block `to`. */
async function* followTo(l1: Pick<L1, 'follow'>, input: FollowInput, to: bigint): AsyncGenerator<L1Event> {
  let head: L1Position = input.cursor
  for await (const event of l1.follow(input)) {
    yield event
    if (event.type === 'block') head = { number: event.block.number, hash: event.block.hash }
    if (head.number >= to) break
  }
  yield { type: 'caughtUp', head }
  await new Promise<void>((resolve) => {
    if (input.signal.aborted) resolve()
    input.signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
