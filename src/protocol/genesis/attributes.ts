/** A block before Ontake as payload attributes. D-51, D-53, D-60, D-62, D-64, D-67. */
import { defined } from '../../primitives/assert.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import { buildLegacyAttributes } from '../legacy/attributes.ts'
import type { Protocol } from '../protocol.ts'
import { ANCHOR_GAS_LIMIT, encodeAnchor } from './anchor.ts'
import { genesisDetails } from './proposals.ts'

export const buildAttributes: Protocol['buildAttributes'] = (input) => {
  const { proposal, parent, anchorBlock } = input
  const { extraData, difficulty } = genesisDetails(proposal)
  return buildLegacyAttributes({
    ...input,
    fork: 'genesis',
    number: proposal.id,
    // Random once (from L1's prevRandao), the later forks' number hash from November 2024 on: the event says it either way.
    mixHash: difficulty,
    extraData: hexToBytes(extraData),
    baseFeePerGas: defined(parent.contractBaseFee, 'the base fee by the anchor contract'),
    anchorGasLimit: ANCHOR_GAS_LIMIT,
    anchorCalldata: encodeAnchor({ anchorBlock, parentGasUsed: parent.gasUsed }),
  })
}
