/** What of a rollup's contracts is followed: their events, and the hash chain that Shasta's proposals make. */
import { BLOCK_PROPOSED_TOPIC } from '../protocol/genesis/proposals.ts'
import { CALLDATA_TX_LIST_TOPIC } from '../protocol/legacy/calldata.ts'
import { BLOCK_PROPOSED_V2_TOPIC } from '../protocol/ontake/proposals.ts'
import { BATCH_PROPOSED_TOPIC } from '../protocol/pacaya/proposals.ts'
import {
  FORCED_INCLUSION_SAVED_TOPIC,
  FORCED_INCLUSIONS_VOIDED_TOPIC,
  INBOX_ACTIVATED_TOPIC,
  PROVED_TOPIC,
  STATE_RECOVERED_TOPIC,
  UPGRADED_TOPIC,
} from '../protocol/shasta/inboxEvents.ts'
import { decodeProposal, PROPOSED_TOPIC } from '../protocol/shasta/proposals.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { HashChain } from './hashChain.ts'
import type { WatchedContract } from './watch.ts'

export function watchedContracts(spec: RollupSpec): readonly WatchedContract[] {
  const inboxTopics = [
    PROPOSED_TOPIC,
    PROVED_TOPIC,
    STATE_RECOVERED_TOPIC,
    FORCED_INCLUSION_SAVED_TOPIC,
    FORCED_INCLUSIONS_VOIDED_TOPIC,
    INBOX_ACTIVATED_TOPIC,
    UPGRADED_TOPIC,
  ]
  const legacyTopics = [
    BLOCK_PROPOSED_TOPIC,
    CALLDATA_TX_LIST_TOPIC,
    BLOCK_PROPOSED_V2_TOPIC,
    BATCH_PROPOSED_TOPIC,
  ]
  const { inbox, legacyInbox } = spec.l1
  if (legacyInbox === undefined) return [{ address: inbox, topics: inboxTopics }]
  if (legacyInbox === inbox) return [{ address: inbox, topics: [...inboxTopics, ...legacyTopics] }]
  return [
    { address: inbox, topics: inboxTopics },
    { address: legacyInbox, topics: legacyTopics },
  ]
}

export function hashChainOf(spec: RollupSpec): HashChain {
  return {
    address: spec.l1.inbox,
    topic: PROPOSED_TOPIC,
    linkOf(log, l1Block) {
      const proposal = decodeProposal({ spec, log, l1Block })
      if (proposal?.parentHash === undefined) return null
      return { id: proposal.id, hash: proposal.hash, parentHash: proposal.parentHash }
    },
  }
}
