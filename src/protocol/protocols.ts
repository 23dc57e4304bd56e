/** The rule families by fork. */
import { FORKS, type ForkFamily } from '../spec/forks.ts'
import type { ForkName, RollupSpec } from '../spec/rollupSpec.ts'
import { BLOCK_PROPOSED_TOPIC } from './genesis/proposals.ts'
import { genesisProtocol } from './genesis/protocol.ts'
import { BLOCK_PROPOSED_V2_TOPIC } from './ontake/proposals.ts'
import { ontakeProtocol } from './ontake/protocol.ts'
import { BATCH_PROPOSED_TOPIC } from './pacaya/proposals.ts'
import { pacayaProtocol } from './pacaya/protocol.ts'
import type { L1BlockRef, L1Log, Proposal, Protocol } from './protocol.ts'
import { PROPOSED_TOPIC } from './shasta/proposals.ts'
import { shastaProtocol } from './shasta/protocol.ts'

const PROTOCOLS: Readonly<Record<ForkFamily, Protocol>> = {
  genesis: genesisProtocol,
  ontake: ontakeProtocol,
  pacaya: pacayaProtocol,
  shasta: shastaProtocol,
}

export function protocolOf(fork: ForkName): Protocol {
  return PROTOCOLS[FORKS[fork].family]
}

const PROTOCOL_BY_TOPIC: ReadonlyMap<string | undefined, Protocol> = new Map([
  [BLOCK_PROPOSED_TOPIC, genesisProtocol],
  [BLOCK_PROPOSED_V2_TOPIC, ontakeProtocol],
  [BATCH_PROPOSED_TOPIC, pacayaProtocol],
  [PROPOSED_TOPIC, shastaProtocol],
])

/** The proposal in a log, of whichever family its event is; null if it is none. `protocolOf(proposal.fork)` derives it. */
export function decodeProposal(input: {
  readonly spec: RollupSpec
  readonly log: L1Log
  readonly l1Block: L1BlockRef
}): Proposal | null {
  return PROTOCOL_BY_TOPIC.get(input.log.topics[0])?.decodeProposal(input) ?? null
}
