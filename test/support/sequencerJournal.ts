/** What a sequencer keeps of a block under way, in memory: it outlives the sequencer of a test, not the test. */
import type { UnsafeMetadata } from '../../src/derive/unsafe.ts'
import type { BuildJournal, ResumableBlock, SealedBlock } from '../../src/propose/sequencer/events.ts'

export type MemoryBuildJournal = BuildJournal & {
  /** What was kept, in order; for what must come before what. */
  readonly log: string[]
  readonly drafts: Omit<SealedBlock, 'signature' | 'commitmentHash'>[]
  readonly blocks: SealedBlock[]
}

export function createMemoryBuildJournal(): MemoryBuildJournal {
  const open = new Map<string, { -readonly [K in keyof ResumableBlock]: ResumableBlock[K] }>()
  const begun = new Map<string, UnsafeMetadata>()
  const journal: MemoryBuildJournal = {
    log: [],
    drafts: [],
    blocks: [],
    async opened({ number, parentHash, metadata, windowEnd, isEndOfWindow }) {
      journal.log.push(`opened ${number}`)
      begun.set(parentHash, metadata)
      open.set(parentHash, {
        ...{ metadata, windowEnd, isEndOfWindow, isClosed: false, transactions: [], frags: [] },
      })
    },
    async added({ number, parentHash, from, transactions }) {
      journal.log.push(`added ${number} ${from}+${transactions.length}`)
      const block = open.get(parentHash)
      if (block) block.transactions = [...block.transactions.slice(0, from), ...transactions]
    },
    async frag({ number, parentHash, sequence, from, transactions }) {
      journal.log.push(`frag ${number} ${sequence}`)
      const block = open.get(parentHash)
      if (block === undefined) return
      const after = block.transactions.slice(from + transactions.length)
      block.transactions = [...block.transactions.slice(0, from), ...transactions, ...after]
      block.frags = [...block.frags.slice(0, sequence), transactions.length]
    },
    async closed({ isEndOfWindow, lastFrag, ...position }) {
      if (lastFrag !== undefined) await journal.frag({ ...position, ...lastFrag })
      journal.log.push(`closed ${position.number}`)
      const block = open.get(position.parentHash)
      if (block) Object.assign(block, { isEndOfWindow, isClosed: true })
    },
    async draft(block) {
      journal.log.push(`draft ${block.header.number}`)
      journal.drafts.push(block)
      open.delete(block.header.parentHash)
    },
    async sealed(block) {
      journal.log.push(`sealed ${block.header.number}`)
      journal.blocks.push(block)
    },
    resume: async (parentHash) => open.get(parentHash),
    begun: async (parentHash) => begun.get(parentHash),
  }
  return journal
}
