/**
 * Promises held against what L1 brought. A promise names its parent and its transactions, not the block's hash: what lands with
 * another proposal id is kept all the same.
 */
import type { ChainReader } from '../../chain/chain.ts'
import { defined } from '../../primitives/assert.ts'
import { minBigint } from '../../primitives/bigint.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import { recoverCommitter } from '../../promise/signature.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { KeptBlock, StreamJournal } from '../stream/journal.ts'
import { type Displaced, signedCommitmentOf } from './evidence.ts'
import type { EvidenceStore } from './store.ts'

export type DisplacedWatch = {
  /** Looks at what has landed since the last time; calls that come meanwhile are one more look. */
  look(): Promise<void>
  close(): Promise<void>
}

/** Blocks looked at in one go. */
const BLOCKS_PER_LOOK = 256n

export function watchDisplaced(deps: {
  readonly chain: Pick<ChainReader, 'heads' | 'onChange' | 'headerByNumber' | 'origin' | 'proposal'>
  readonly journal: Pick<StreamJournal, 'blocksBetween'>
  readonly evidence: Pick<EvidenceStore, 'add' | 'retract'>
  readonly domain: PromiseDomain
  readonly logger: Logger
}): DisplacedWatch {
  const { chain, journal, evidence, domain, logger } = deps
  let looked = chain.heads().finalized.number
  /** Numbers after this one have been given to other blocks since. */
  let reorgedFrom: bigint | undefined
  let tail: Promise<void> = Promise.resolve()
  let isAsked = false

  async function lookOn(): Promise<void> {
    isAsked = false
    for (;;) {
      const { safe } = chain.heads()
      // A reorg of L1 may have brought other blocks to numbers that were looked at: they will be again.
      looked = minBigint(looked, minBigint(reorgedFrom ?? looked, safe.number))
      reorgedFrom = undefined
      if (looked >= safe.number) return
      const to = minBigint(looked + BLOCKS_PER_LOOK, safe.number)
      for (const kept of await journal.blocksBetween(looked + 1n, to)) await judge(kept)
      looked = to
    }
  }

  async function judge(kept: KeptBlock): Promise<void> {
    const { block, signature } = kept
    if (signature === undefined) return
    const { number } = block.header
    const [landed, origin] = await Promise.all([chain.headerByNumber(number), chain.origin(number)])
    const proposal = origin && (await chain.proposal(origin.proposalId, number))
    // Taken back by a reorg while we look: a later look finds what came instead.
    if (landed === undefined || proposal === undefined) return
    const first = signedCommitmentOf({ ...block, signature }, domain)
    const { commitment } = block
    const isSameParent = landed.header.parentHash === commitment.parentBlockHash
    if (isSameParent && landed.header.transactionsRoot === commitment.transactionsRoot)
      return evidence.retract({ first })
    await evidence.add({
      kind: 'displaced',
      committer: defined(recoverCommitter(block.commitmentHash, signature), 'the signer of a kept block'),
      first,
      windowEnd: commitment.windowEnd,
      blockNumber: number,
      parentBlockHash: commitment.parentBlockHash,
      promisedBlockHash: block.hash,
      landed: {
        blockHash: landed.hash,
        parentHash: landed.header.parentHash,
        proposalId: proposal.id,
        proposer: proposal.proposer,
        l1BlockNumber: proposal.l1.blockNumber,
        l1TransactionHash: proposal.l1.transactionHash,
      },
      judgement: judgementOf(isSameParent, proposal.windowEnd === commitment.windowEnd),
    })
  }

  function look(): Promise<void> {
    if (isAsked) return tail
    isAsked = true
    tail = tail
      .then(lookOn)
      .catch((error) => logger.error({ error }, 'promises could not be held against what has landed'))
    return tail
  }

  const stop = chain.onChange(({ removed, heads }) => {
    const lowest = removed.at(-1)
    if (lowest !== undefined) reorgedFrom = minBigint(reorgedFrom ?? lowest.number, lowest.number - 1n)
    if (lowest !== undefined || heads.safe.number > looked) look().catch(() => {})
  })

  return {
    look,
    async close() {
      stop()
      await tail
    },
  }
}

function judgementOf(isSameParent: boolean, isOwnWindow: boolean): Displaced['judgement'] {
  if (!isSameParent) return 'otherParent'
  return isOwnWindow ? 'contentMismatch' : 'otherWindow'
}
