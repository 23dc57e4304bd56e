/** An Ontake block as payload attributes. D-51, D-60, D-62, D-64, D-66, D-67. */
import { hexToBytes } from '../../primitives/hex.ts'
import { buildLegacyAttributes, curveBaseFee, legacyMixHash } from '../legacy/attributes.ts'
import type { Protocol } from '../protocol.ts'
import { ANCHOR_GAS_LIMIT, encodeAnchorV2 } from './anchor.ts'
import { ontakeDetails } from './proposals.ts'

export const buildAttributes: Protocol['buildAttributes'] = (input) => {
  const { proposal, block, parent, anchorBlock } = input
  const { extraData, baseFeeConfig } = ontakeDetails(proposal)
  return buildLegacyAttributes({
    ...input,
    fork: 'ontake',
    number: proposal.id,
    mixHash: legacyMixHash(proposal.id),
    extraData: hexToBytes(extraData),
    baseFeePerGas: curveBaseFee({ parent, block, config: baseFeeConfig }),
    anchorGasLimit: ANCHOR_GAS_LIMIT,
    anchorCalldata: encodeAnchorV2({ anchorBlock, parentGasUsed: parent.gasUsed, baseFeeConfig }),
  })
}
