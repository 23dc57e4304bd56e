/** Watches one node and writes down, slot by slot, what a run consists of (research/outage/run.ts). */
import type { BlockRef } from '../../chain/chain.ts'
import { defined } from '../../primitives/assert.ts'
import type { Hash } from '../../primitives/hex.ts'
import { type RpcRequest, readReceipt } from '../../propose/l1Rpc.ts'
import {
  CLOCKS,
  type ClockName,
  type Happening,
  type LandedProposal,
  type PromisedBlock,
  type Sample,
  type TrackedTransaction,
} from '../../research/outage/run.ts'
import type { RunningNode } from './nodes.ts'
import type { SteppedL1 } from './steppedL1.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Promised = Mutable<PromisedBlock> & { readonly hash: Hash }
type Tracked = Mutable<Omit<TrackedTransaction, 'includedSlot'>> & {
  readonly hash: Hash
  /** Forced inclusions: the transaction that queues it. */
  readonly l1Hash?: Hash
  readonly includedSlot: Partial<Record<ClockName, number>>
}

export type Watch = {
  /** From now on this node is the measured one. */
  begin(): Promise<void>
  track(transaction: Omit<Tracked, 'includedSlot' | 'queuedSlot'>): void
  note(what: string): void
  /** At the end of a slot. */
  sample(at: { readonly l1Block: number | null; readonly turn: string | undefined }): Promise<void>
  result(): {
    readonly samples: readonly Sample[]
    readonly proposals: readonly LandedProposal[]
    readonly promises: readonly PromisedBlock[]
    readonly transactions: readonly TrackedTransaction[]
    readonly happenings: readonly Happening[]
  }
  close(): void
}

export function createWatch(deps: {
  readonly l1: SteppedL1
  readonly rpc: RpcRequest
  readonly measured: RunningNode
  /** Of an account. */
  readonly nameOf: (address: string) => string
}): Watch {
  const { l1, nameOf } = deps
  const { chain, preconf } = deps.measured.node
  const samples: Sample[] = []
  const proposals: LandedProposal[] = []
  const promised = new Map<Hash, Promised>()
  const transactions: Tracked[] = []
  const happenings: Happening[] = []
  let heard: { readonly block: BlockRef; readonly slot: number }[] = []
  let nextProposal = 1n
  let isWatching = false
  let said: string | undefined

  const stop = chain.onChange(({ added, heads }) => {
    if (!isWatching) return
    const slot = l1.slot()
    heard.push(...added.filter(({ number }) => number > heads.safe.number).map((block) => ({ block, slot })))
  })

  async function notePromises(): Promise<void> {
    const news = heard
    heard = []
    for (const { block, slot } of news) {
      if (promised.has(block.hash)) continue
      const known = await preconf?.journal.commitmentOf(block.hash)
      const stored = await chain.blockByHash(block.hash)
      if (known === undefined) continue
      promised.set(block.hash, {
        hash: block.hash,
        block: Number(block.number),
        promisedSlot: slot,
        windowEndSlot: l1.slotOfTime(known.commitment.windowEnd),
        transactions: stored?.transactions.filter(({ listedIndex }) => listedIndex !== undefined).length ?? 0,
        outcome: 'open',
      })
    }
  }

  async function settlePromises(): Promise<void> {
    const { safe } = chain.heads()
    for (const promise of promised.values()) {
      if (promise.outcome !== 'open' || BigInt(promise.block) > safe.number) continue
      const isLanded = (await chain.blockNumberOf(promise.hash)) === BigInt(promise.block)
      promise.outcome = isLanded ? 'landed' : 'displaced'
      promise.outcomeSlot = l1.slot()
    }
  }

  async function noteProposals(): Promise<void> {
    for (;;) {
      const proposal = await chain.proposal(nextProposal)
      if (proposal === undefined) return
      nextProposal++
      const slot = l1.slotOfBlock(Number(proposal.l1.blockNumber))
      if (!isWatching || slot === undefined || slot < (samples[0]?.slot ?? l1.slot())) continue
      proposals.push({
        slot,
        id: Number(proposal.id),
        proposer: nameOf(proposal.proposer),
        blocks: Number(proposal.lastBlock - proposal.firstBlock) + 1,
        forcedInclusions: proposal.sources.filter(({ isForcedInclusion }) => isForcedInclusion).length,
        faults: proposal.sources.flatMap(({ fault }) => (fault === undefined ? [] : [fault.rule])),
      })
    }
  }

  async function noteInclusions(): Promise<void> {
    const heads = chain.heads()
    for (const each of transactions) {
      if (each.l1Hash !== undefined && each.queuedSlot === undefined) {
        const receipt = await readReceipt(deps.rpc, each.l1Hash)
        const slot = receipt?.succeeded === true ? l1.slotOfBlock(Number(receipt.blockNumber)) : undefined
        if (slot !== undefined) each.queuedSlot = slot
      }
      const position = await chain.transactionPosition(each.hash)
      if (position === undefined) continue
      for (const clock of CLOCKS) {
        if (heads[clock].number >= position.blockNumber) each.includedSlot[clock] ??= l1.slot()
      }
    }
  }

  const clockAt = async ({ number }: BlockRef) => {
    const { header } = defined(await chain.headerByNumber(number), `block ${number}`)
    return { number: Number(number), slot: Math.max(0, l1.slotOfTime(header.timestamp)) }
  }

  return {
    async begin() {
      // What landed before is not part of the run.
      await noteProposals()
      isWatching = true
    },
    track: (transaction) => void transactions.push({ ...transaction, includedSlot: {} }),
    note: (what) => void happenings.push({ slot: l1.slot(), what }),
    async sample({ l1Block, turn }) {
      const heads = chain.heads()
      const [latest, safe, finalized] = await Promise.all(
        [heads.latest, heads.safe, heads.finalized].map(clockAt),
      )
      const says = deps.measured.says()
      samples.push({
        ...{ slot: l1.slot(), l1Block },
        ...(turn !== undefined && { turn }),
        clocks: {
          latest: defined(latest, 'latest'),
          safe: defined(safe, 'safe'),
          finalized: defined(finalized, 'finalized'),
        },
        ...(says !== undefined && { says: gistOf(says) }),
      })
      if (says !== undefined && said === undefined)
        happenings.push({ slot: l1.slot(), what: `it says: ${gistOf(says)}` })
      said = says
      await notePromises()
      await settlePromises()
      await noteProposals()
      await noteInclusions()
    },
    result: () => ({
      samples,
      proposals,
      promises: [...promised.values()].map(({ hash: _, ...promise }) => promise),
      transactions: transactions.map(({ hash: _, l1Hash: __, ...transaction }) => transaction),
      happenings,
    }),
    close: stop,
  }
}

/** Without what differs from one run to the next. */
function gistOf(sentence: string): string {
  return sentence.replace(/0x[0-9a-f]+/gi, '0x…').replace(/https?:\/\/[^\s;)]+/g, 'URL')
}
