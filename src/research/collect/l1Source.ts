/** L1 for a dataset: the stream as derivation has it, and what the proposing transactions paid, from proven receipts. */
import { createArchiveReader } from '../../archive/archiveReader.ts'
import { needManifest } from '../../archive/manifestFile.ts'
import { watchedContracts } from '../../l1/inbox.ts'
import type { L1, L1Event, L1Header, L1Position } from '../../l1/l1.ts'
import type { L1Reads } from '../../l1/reads.ts'
import { createWatch } from '../../l1/watch.ts'
import { sleep } from '../../primitives/async.ts'
import { CriticalError, TemporaryError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'

export type L1Transaction = { readonly raw: Uint8Array; readonly gasUsed: bigint }

export type L1Source = {
  readonly l1: Pick<L1, 'start' | 'follow' | 'ancestor' | 'transaction' | 'blobs'>
  /** Those of the block's transactions whose receipts are at hand, by hash; at least those with events of ours, or none. */
  transactions(block: L1Header, signal?: AbortSignal): Promise<ReadonlyMap<Hash, L1Transaction>>
}

/** From an archive's folder: gas comes from its receipts, which its headers prove. */
export async function createArchiveSource(
  l1: L1Source['l1'],
  { dir, spec }: { readonly dir: string; readonly spec: RollupSpec },
): Promise<L1Source> {
  const reader = createArchiveReader(dir, await needManifest(dir), createWatch(watchedContracts(spec)))
  return {
    l1,
    async transactions(block) {
      const opened = await reader.block(Number(block.number))
      return new Map(opened?.transactions.map(({ hash, raw, gasUsed }) => [hash, { raw, gasUsed }]))
    },
  }
}

/** From providers: whole blocks, held against the roots of their headers. */
export function createProviderSource(
  l1: L1Source['l1'] & { readonly reads: Pick<L1Reads, 'body'> },
): L1Source {
  return {
    l1,
    async transactions(block, signal) {
      const body = await l1.reads.body(block, signal)
      let before = 0n
      return new Map(
        (body?.transactions ?? []).map((raw, index) => {
          const total = body?.receipts[index]?.cumulativeGasUsed ?? before
          const gasUsed = total - before
          before = total
          return [keccak256Hex(raw), { raw, gasUsed }]
        }),
      )
    },
  }
}

export type L1BlockEvent = Extract<L1Event, { type: 'block' }>

const RETRY_DELAY_MS = 500
const RETRY_DELAY_MAX_MS = 12_000

/**
 * L1 blocks `from` to `to`, in order. CriticalError if L1 leaves a block behind: a dataset is of blocks that stay; and where an archive
 * ends before `to`.
 */
export async function* readL1Blocks(
  l1: Pick<L1, 'start' | 'follow'>,
  range: { readonly from: number; readonly to: number },
  { signal, onRetry }: { readonly signal: AbortSignal; readonly onRetry: (error: TemporaryError) => void },
): AsyncGenerator<L1BlockEvent> {
  const last = BigInt(range.to)
  let at: L1Position | undefined
  for (let failures = 0; ; ) {
    try {
      at ??= await l1.start(signal, BigInt(range.from))
      const cursor = at
      for await (const event of l1.follow({ cursor, knownAncestors: async () => [cursor], signal })) {
        if (event.type === 'reorg')
          throw new CriticalError('L1 was reorganised inside the range; end it at a block that is final')
        if (event.type === 'caughtUp' && event.head.number < last)
          throw new CriticalError(`L1 ends at block ${event.head.number}, and ${last} was asked for`)
        if (event.type !== 'block') continue
        failures = 0
        at = { number: event.block.number, hash: event.block.hash }
        yield event
        if (event.block.number >= last) return
      }
    } catch (error) {
      if (!(error instanceof TemporaryError) || signal.aborted) throw error
      onRetry(error)
      await sleep(Math.min(RETRY_DELAY_MS * 2 ** Math.min(failures++, 10), RETRY_DELAY_MAX_MS), signal)
      continue
    }
    signal.throwIfAborted()
  }
}
