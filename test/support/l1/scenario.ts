/** Life on L1, step by step from a seed: blocks, missed slots, proposals, forced inclusions, proofs, reorgs and finality. */
import type { Hash } from '../../../src/primitives/hex.ts'
import { ACCOUNTS } from './accounts.ts'
import type { L1Transaction } from './calls.ts'
import { createRandom, type Random } from './random.ts'
import type { ReorgOptions } from './reorg.ts'
import type { SimulatedL1 } from './simulatedL1.ts'
import { numberOf } from './tree.ts'

export type ScenarioOptions = {
  /** What a proposal or a forced inclusion carries, made for the block after the head; default: one of two dozen short byte strings. */
  readonly payload?: (l1: SimulatedL1, random: Random) => Uint8Array
  /** Share of each kind of step; the rest are plain blocks. */
  readonly propose?: number
  readonly saveForcedInclusion?: number
  readonly prove?: number
  readonly reorg?: number
  readonly finalize?: number
  /** Blocks; default 40. */
  readonly reorgDepthMax?: number
}

const DEFAULTS = {
  propose: 0.3,
  saveForcedInclusion: 0.08,
  prove: 0.04,
  reorg: 0.15,
  finalize: 0.04,
  reorgDepthMax: 40,
}
const PAYLOADS = Array.from({ length: 24 }, (_, i) => createRandom(`payload ${i}`).bytes(1 + i * 8))
/** Main-chain figures are far below (0.3 %); a test wants to see it happen. */
const MISSED_SLOT_CHANCE = 0.08
const MISSED_SLOTS_MAX = 7

/** Each call takes one step and says which. The same chain, seed and options take the same steps. */
export function createScenario(l1: SimulatedL1, random: Random, options: ScenarioOptions = {}): () => string {
  const chances = { ...DEFAULTS, ...options }
  const payload = options.payload ?? ((_: SimulatedL1, stream: Random) => stream.pick(PAYLOADS))
  /** Head of the branch that the last reorg left. */
  let abandoned: Hash | undefined

  const mine = (what: string, transactions: readonly L1Transaction[]): string => {
    const missedSlots = random.chance(MISSED_SLOT_CHANCE) ? 1 + random.below(MISSED_SLOTS_MAX) : 0
    const block = l1.mine({
      missedSlots,
      transactions: [...noise(l1, random), ...transactions, ...noise(l1, random)],
    })
    const after = missedSlots === 0 ? '' : ` after ${missedSlots} missed slots`
    const reverted = [...block.reverts.values()].map((reason) => `, reverted: ${reason}`).join('')
    return `${what} in block ${block.header.number}${after}${reverted}`
  }
  const steps: Record<keyof Omit<typeof DEFAULTS, 'reorgDepthMax'>, () => string> = {
    propose: () =>
      mine('propose', [
        l1.transactions.propose({
          payload: payload(l1, random),
          proposer: random.pick(ACCOUNTS).address,
          // Now and then one who would rather not; the contract does not let him once they are due.
          ...(random.chance(0.2) ? { forcedInclusions: random.below(3) } : {}),
        }),
      ]),
    saveForcedInclusion: () =>
      mine('save forced inclusion', [l1.transactions.saveForcedInclusion({ payload: payload(l1, random) })]),
    prove: () => {
      const last = l1.head().inbox.proposals
      if (last === undefined) return mine('mine', [])
      const { proposal, hash } = last
      return mine('prove', [l1.transactions.prove({ lastProposalId: proposal.id, lastProposalHash: hash })])
    },
    reorg: () => {
      const before = l1.head().hash
      const done = reorg(l1, random, chances.reorgDepthMax, abandoned)
      abandoned = before
      return done
    },
    finalize: () => {
      const from = numberOf(l1.view.finalized())
      const number = from + random.below(Math.max(1, numberOf(l1.head()) - from - 1))
      l1.setFinalized(number)
      return `finalize ${number}`
    },
  }
  return () => {
    let roll = random.unit()
    for (const [name, step] of Object.entries(steps)) {
      roll -= chances[name as keyof typeof steps]
      if (roll < 0) return step()
    }
    return mine('mine', [])
  }
}

/** Most are one or two blocks deep, some as deep as finality allows; some go back to where they came from. */
function reorg(l1: SimulatedL1, random: Random, depthMax: number, abandoned: Hash | undefined): string {
  if (abandoned !== undefined && random.chance(0.2) && returns(l1, abandoned))
    return 'reorg back to the branch before'
  const room = Math.min(depthMax, numberOf(l1.head()) - numberOf(l1.view.finalized()))
  const depth = Math.min(room, random.chance(0.1) ? 1 + random.below(depthMax) : geometric(random))
  const options: ReorgOptions = {
    depth,
    // Perhaps shorter than what it replaces: the head's number goes back.
    length: random.chance(0.25) ? 1 + random.below(depth + 1) : depth + 1,
    transactions: random.pick(['keep', 'delay', 'shuffle', 'drop'] as const),
    missedSlots: random.below(3),
  }
  const { added } = l1.reorg(options)
  return `reorg ${depth} blocks into ${added.length}, transactions: ${options.transactions}`
}

function returns(l1: SimulatedL1, head: Hash): boolean {
  try {
    l1.setHead(head)
    return true
  } catch {
    // It parts before the finalized block.
    return false
  }
}

/** 1 with probability ½, 2 with ¼ … */
function geometric(random: Random): number {
  let depth = 1
  while (random.chance(0.5)) depth++
  return depth
}

function noise(l1: SimulatedL1, random: Random): readonly L1Transaction[] {
  return Array.from({ length: random.below(3) }, () => {
    const kind = random.below(8)
    if (kind === 0) return l1.transactions.revert()
    if (kind < 4) return l1.transactions.tokenTransfer({ logs: 1 + random.below(3) })
    return l1.transactions.transfer(kind === 4 ? { type: 0 } : {})
  })
}
