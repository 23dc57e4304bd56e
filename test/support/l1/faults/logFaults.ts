/** Lies about logs: in eth_getLogs, in receipts, or in both. The header still commits to the true receipts. */
import type { Hash } from '../../../../src/primitives/hex.ts'
import type { Log, Receipt } from '../../../../src/primitives/receipt.ts'
import type { L1Block } from '../block.ts'
import { proposedLog } from '../inboxEvents.ts'
import type { Random } from '../random.ts'
import type { BlockFault, FaultTools } from './fault.ts'
import { flipBit, flipHexBit } from './flip.ts'

const LOGS = ['eth_getLogs']
const RECEIPTS = ['eth_getBlockReceipts', 'eth_getTransactionReceipt']
const PLACES: readonly (readonly [suffix: string, methods: readonly string[]])[] = [
  ['in-logs', LOGS],
  ['in-receipts', RECEIPTS],
  ['everywhere', [...LOGS, ...RECEIPTS]],
]

const LIES: Readonly<Record<string, (log: Log, tools: FaultTools) => readonly Log[]>> = {
  'log-data-altered': (log, { random }) => [{ ...log, data: flipBit(log.data, random) }],
  'log-topic-altered': (log, { random }) => [{ ...log, topics: flipTopic(log.topics, random) }],
  'log-address-altered': (log, { random }) => [{ ...log, address: flipHexBit(log.address, random) }],
  'log-hidden': () => [],
  'log-doubled': (log) => [log, log],
  'log-added': (log, { random }) => [log, { ...log, topics: flipTopic(log.topics, random) }],
}

export const LOG_FAULTS: readonly BlockFault[] = PLACES.flatMap(([suffix, methods]) => [
  ...Object.entries(LIES).map(
    ([lie, alter]): BlockFault => ({
      type: 'block',
      name: `${lie}-${suffix}`,
      remedy: 'refute',
      methods,
      alter: (block, tools) => alterInboxLog(block, tools, alter),
    }),
  ),
  { type: 'block', name: `log-invented-${suffix}`, remedy: 'refute', methods, alter: inventProposal },
])

/** One log of the inbox, chosen at random, becomes what `alter` makes of it. */
function alterInboxLog(
  block: L1Block,
  tools: FaultTools,
  alter: (log: Log, tools: FaultTools) => readonly Log[],
): L1Block | undefined {
  const ours = block.receipts.flatMap((receipt) => receipt.logs).filter((log) => log.address === tools.inbox)
  if (ours.length === 0) return undefined
  const chosen = tools.random.pick(ours)
  const receipts: readonly Receipt[] = block.receipts.map((receipt) => ({
    ...receipt,
    logs: receipt.logs.flatMap((log) => (log === chosen ? alter(log, tools) : [log])),
  }))
  return { ...block, receipts }
}

/** In a block without logs of ours, the next proposal, as it might well have been. */
function inventProposal(block: L1Block, { inbox }: FaultTools): L1Block | undefined {
  const [first, ...others] = block.receipts
  const last = block.inbox.proposals
  if (first === undefined || last === undefined || first.logs.some((log) => log.address === inbox))
    return undefined
  const invented = proposedLog(inbox, {
    ...last.proposal,
    id: last.proposal.id + 1n,
    parentProposalHash: last.hash,
  })
  return { ...block, receipts: [{ ...first, logs: [...first.logs, invented] }, ...others] }
}

/** Not the first topic: what changes is an event of the same kind. */
function flipTopic(topics: readonly Hash[], random: Random): readonly Hash[] {
  const at = topics.length === 1 ? 0 : 1 + random.below(topics.length - 1)
  return topics.map((topic, i) => (i === at ? flipHexBit(topic, random) : topic))
}
