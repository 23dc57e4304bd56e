/** A block of a Pacaya batch as payload attributes. D-51, D-60, D-62, D-64, D-66, D-67. */
import { defined } from '../../primitives/assert.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import { buildLegacyAttributes, curveBaseFee, legacyMixHash } from '../legacy/attributes.ts'
import type { Protocol } from '../protocol.ts'
import { ANCHOR_GAS_LIMIT, encodeAnchorV3 } from './anchor.ts'
import { pacayaDetails } from './proposals.ts'

export const buildAttributes: Protocol['buildAttributes'] = (input) => {
  const { proposal, blockIndex, block, parent, anchorBlock } = input
  const details = pacayaDetails(proposal)
  const { signalSlots } = defined(details.blocks[blockIndex], `block ${blockIndex} of batch ${proposal.id}`)
  const number = details.lastBlockId - BigInt(details.blocks.length - 1 - blockIndex)
  return buildLegacyAttributes({
    ...input,
    fork: 'pacaya',
    number,
    mixHash: legacyMixHash(number),
    extraData: hexToBytes(details.extraData),
    baseFeePerGas: curveBaseFee({ parent, block, config: details.baseFeeConfig }),
    anchorGasLimit: ANCHOR_GAS_LIMIT,
    anchorCalldata: encodeAnchorV3({
      anchorBlock,
      parentGasUsed: parent.gasUsed,
      baseFeeConfig: details.baseFeeConfig,
      signalSlots,
    }),
  })
}
