/** A block of a Pacaya batch as payload attributes. D-51, D-60, D-62, D-64, D-66, D-67. */
import { defined } from '../../primitives/assert.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import { buildLegacyAttributes } from '../legacy/attributes.ts'
import type { Protocol } from '../protocol.ts'
import { ANCHOR_GAS_LIMIT, encodeAnchorV3 } from './anchor.ts'
import { pacayaDetails } from './proposals.ts'

export const buildAttributes: Protocol['buildAttributes'] = (input) => {
  const { proposal, blockIndex, parent, anchorBlock } = input
  const details = pacayaDetails(proposal)
  const block = defined(details.blocks[blockIndex], `block ${blockIndex} of batch ${proposal.id}`)
  return buildLegacyAttributes({
    ...input,
    fork: 'pacaya',
    number: details.lastBlockId - BigInt(details.blocks.length - 1 - blockIndex),
    extraData: hexToBytes(details.extraData),
    baseFeeConfig: details.baseFeeConfig,
    anchorGasLimit: ANCHOR_GAS_LIMIT,
    anchorCalldata: encodeAnchorV3({
      anchorBlock,
      parentGasUsed: parent.gasUsed,
      baseFeeConfig: details.baseFeeConfig,
      signalSlots: block.signalSlots,
    }),
  })
}
