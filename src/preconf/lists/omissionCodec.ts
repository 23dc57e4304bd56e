/** Evidence of an omission in the bytes that PreconfSlasher decodes: contracts/src/l1/preconf/InclusionListFault.sol, `Omission`. */
import { decodeAbiParameters, encodeAbiParameters, parseAbiParameters } from 'viem'
import type { Hex } from '../../primitives/hex.ts'

/** Faults.sol, Fault.InclusionListViolation. */
const INCLUSION_LIST_VIOLATION = 6

const EVIDENCE = parseAbiParameters('uint8, bytes')
const OMISSION = parseAbiParameters([
  'Omission omission',
  'struct Omission { bytes transactions; uint256 index; bytes[] headers; Proposal nextProposal; Proposal lastProposal; bytes[] accountProof; }',
  'struct Proposal { uint48 id; uint48 timestamp; uint48 endOfSubmissionWindowTimestamp; address proposer; bytes32 parentProposalHash; uint48 originBlockNumber; bytes32 originBlockHash; uint8 basefeeSharingPctg; DerivationSource[] sources; }',
  'struct DerivationSource { bool isForcedInclusion; BlobSlice blobSlice; }',
  'struct BlobSlice { bytes32[] blobHashes; uint24 offset; uint48 timestamp; }',
])

export type AbiOmission = Parameters<typeof encodeAbiParameters<typeof OMISSION>>[1][0]

export function encodeOmission(omission: AbiOmission): Hex {
  return encodeAbiParameters(EVIDENCE, [INCLUSION_LIST_VIOLATION, encodeAbiParameters(OMISSION, [omission])])
}

/** Undefined for bytes that are no such evidence. */
export function decodeOmission(evidence: Hex): AbiOmission | undefined {
  try {
    const [fault, encoded] = decodeAbiParameters(EVIDENCE, evidence)
    return fault === INCLUSION_LIST_VIOLATION ? decodeAbiParameters(OMISSION, encoded)[0] : undefined
  } catch {
    return undefined
  }
}
