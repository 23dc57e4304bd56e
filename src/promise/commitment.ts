/**
 * Messages of the commitments and constraints APIs by their roots: keccak-256 of the ABI encoding behind a message type, as the
 * registry's `signing-domain` ABI has them (preconf.md §1.4). What is signed is the signing root of that (signingRoot.ts).
 */
import { encodeAbiParameters, parseAbiParameters } from 'viem'
import { type Address, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import type { G1Point } from './blsPoints.ts'
import { MESSAGE_TYPES } from './signingRoot.ts'

/** What a commitment is asked for. */
export type CommitmentRequest = {
  /** Means something together with the slasher only. Below 2^64. */
  readonly commitmentType: bigint
  readonly payload: Hex
  readonly slasher: Address
}

export type Commitment = CommitmentRequest & {
  /** Zero when it answers no request. */
  readonly requestHash: Hash
}

/** As the registry takes it. */
export type SignedCommitment = {
  readonly commitment: Commitment
  /** Below 2^64. */
  readonly nonce: bigint
  readonly signingId: Hash
  /** r ‖ s ‖ v, 65 bytes, v 27 or 28, s in the lower half. */
  readonly signature: Hex
}

/** By this a validator's proposer lets a delegate's committer commit for one slot. */
export type Delegation = {
  readonly proposer: G1Point
  readonly delegate: G1Point
  readonly committer: Address
  /** Of the beacon chain. Below 2^64. */
  readonly slot: bigint
  /** Begins with the 20 bytes of a slasher. */
  readonly metadata: Hex
}

export type Constraints = {
  readonly proposer: G1Point
  readonly delegate: G1Point
  readonly slot: bigint
  /** In the order in which they bind. */
  readonly constraints: readonly { readonly constraintType: bigint; readonly payload: Hex }[]
  /** Who may read them; none makes them public. */
  readonly receivers: readonly G1Point[]
}

const G1_POINT = 'struct G1Point { bytes32 x_a; bytes32 x_b; bytes32 y_a; bytes32 y_b; }'

const requestParameters = parseAbiParameters([
  'CommitmentRequest request',
  'struct CommitmentRequest { uint64 commitmentType; bytes payload; address slasher; }',
])
const commitmentParameters = parseAbiParameters([
  'uint256 messageType, Commitment commitment',
  'struct Commitment { uint64 commitmentType; bytes payload; bytes32 requestHash; address slasher; }',
])
const delegationParameters = parseAbiParameters([
  'uint256 messageType, Delegation delegation',
  'struct Delegation { G1Point proposer; G1Point delegate; address committer; uint64 slot; bytes metadata; }',
  G1_POINT,
])
const constraintsParameters = parseAbiParameters([
  'uint256 messageType, Constraints message',
  'struct Constraints { G1Point proposer; G1Point delegate; uint64 slot; Constraint[] constraints; G1Point[] receivers; }',
  'struct Constraint { uint64 constraintType; bytes payload; }',
  G1_POINT,
])

export function requestHash(request: CommitmentRequest): Hash {
  return hash(encodeAbiParameters(requestParameters, [request]))
}

export function commitmentRoot(commitment: Commitment): Hash {
  return hash(encodeAbiParameters(commitmentParameters, [MESSAGE_TYPES.commitment, commitment]))
}

export function delegationRoot(delegation: Delegation): Hash {
  return hash(encodeAbiParameters(delegationParameters, [MESSAGE_TYPES.delegation, delegation]))
}

export function constraintsRoot(constraints: Constraints): Hash {
  return hash(encodeAbiParameters(constraintsParameters, [MESSAGE_TYPES.constraints, constraints]))
}

function hash(data: Hex): Hash {
  return keccak256Hex(hexToBytes(data))
}
