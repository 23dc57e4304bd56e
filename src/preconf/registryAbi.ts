/** The part of the L1 contracts that an operator speaks to: IProposerRegistry, ValidatorMap, LookaheadSchedule (contracts/src/l1). */
import { parseAbi } from 'viem'

const REGISTRATION_STRUCTS = [
  'struct G1Point { bytes32 x_a; bytes32 x_b; bytes32 y_a; bytes32 y_b; }',
  'struct G2Point { bytes32 x_c0_a; bytes32 x_c0_b; bytes32 x_c1_a; bytes32 x_c1_b; bytes32 y_c0_a; bytes32 y_c0_b; bytes32 y_c1_a; bytes32 y_c1_b; }',
  'struct SignedRegistration { G1Point pubkey; G2Point signature; uint64 nonce; }',
  'struct RegistrationProof { bytes32 registrationRoot; SignedRegistration registration; bytes32[] merkleProof; bytes32 signingId; }',
] as const

const REGISTRY_STRUCTS = [
  'struct Config { uint80 minCollateralWei; uint32 fraudProofWindow; uint32 unregistrationDelay; uint32 slashWindow; uint32 optInDelay; bytes32 signingDomain; bytes32 chainId; }',
  'struct OperatorData { address owner; uint80 collateralWei; uint16 numKeys; uint48 registeredAt; uint48 unregisteredAt; uint48 slashedAt; bool deleted; bool equivocated; }',
  'struct SlasherCommitment { address committer; uint48 optedInAt; uint48 optedOutAt; uint48 slashedAt; uint80 bondWei; }',
] as const

/** Named, so that a refused transaction says why. */
const REGISTRY_ERRORS = [
  'error AlreadyOptedIn()',
  'error AlreadyUnregistered()',
  'error CollateralTooLarge()',
  'error FraudProofWindowRunning()',
  'error InsufficientCollateral()',
  'error InvalidSigningId()',
  'error NothingToClaim()',
  'error NotOperatorOwner()',
  'error NotOptedIn()',
  'error NotRegistered()',
  'error OperatorAlreadyRegistered()',
  'error OptInDelayRunning()',
  'error UnknownOperator()',
  'error WrongNumberOfKeys()',
  'error ZeroAddress()',
] as const

export const REGISTRY_ABI = parseAbi([
  ...REGISTRATION_STRUCTS,
  ...REGISTRY_STRUCTS,
  ...REGISTRY_ERRORS,
  'function register(SignedRegistration[] registrations, address owner, bytes32 signingId) payable returns (bytes32 registrationRoot)',
  'function unregister(bytes32 registrationRoot)',
  'function addCollateral(bytes32 registrationRoot) payable',
  'function optInToSlasher(bytes32 registrationRoot, address slasher, address committer)',
  'function optOutOfSlasher(bytes32 registrationRoot, address slasher)',
  'function claimCollateral(bytes32 registrationRoot)',
  'function requiredSigningId() view returns (bytes32)',
  'function getConfig() view returns (Config)',
  'function getOperatorData(bytes32 registrationRoot) view returns (OperatorData)',
  'function getSlasherCommitment(bytes32 registrationRoot, address slasher) view returns (SlasherCommitment)',
  'function isOptedIntoSlasher(bytes32 registrationRoot, address slasher) view returns (bool)',
  'function getRegistrationProof(SignedRegistration[] registrations, address owner, uint256 leafIndex, bytes32 signingId) view returns (RegistrationProof)',
])

export const SLASHER_ABI = parseAbi(['function requiredBondWei() view returns (uint256)'])

export const VALIDATOR_MAP_ABI = parseAbi([
  ...REGISTRATION_STRUCTS,
  'struct Assignment { bytes32 registrationRoot; uint48 activeSince; uint64 nonce; }',
  'struct History { Assignment latest; Assignment previous; }',
  'struct BeaconBlockHeader { uint64 slot; uint64 proposerIndex; bytes32 parentRoot; bytes32 stateRoot; bytes32 bodyRoot; }',
  'error ClaimedTooRecently()',
  'error NotOperatorOwner()',
  'error OperatorNotRegistered()',
  'error RootMismatch()',
  'error StaleRegistration()',
  'error InvalidSignature()',
  'function claim(RegistrationProof proof, uint64 validatorIndex, BeaconBlockHeader header, uint256 timestamp, bytes32[] branch)',
  'function historyOf(uint64 validatorIndex) view returns (History)',
])

/** The inbox says which schedule it asks, a lookahead schedule which registry, slasher and map. */
export const WHERE_ABI = parseAbi([
  'struct InboxConfig { address proofVerifier; address proposerChecker; address proverWhitelist; address signalService; address bondToken; uint64 minBond; uint64 livenessBond; uint48 withdrawalDelay; uint48 provingWindow; uint48 permissionlessProvingDelay; uint48 maxProofSubmissionDelay; uint48 ringBufferSize; uint8 basefeeSharingPctg; uint16 forcedInclusionDelay; uint64 forcedInclusionFeeInGwei; uint64 forcedInclusionFeeDoubleThreshold; uint8 permissionlessInclusionMultiplier; }',
  'struct BeaconSettings { address beaconRoots; uint48 beaconGenesis; uint48 secondsPerSlot; uint48 slotsPerEpoch; uint64 gloasForkEpoch; }',
  'function getConfig() view returns (InboxConfig)',
  'function registry() view returns (address)',
  'function slasher() view returns (address)',
  'function validatorMap() view returns (address)',
  'function posters(bytes32 registrationRoot) view returns (address)',
  'function setPoster(bytes32 registrationRoot, address poster)',
  'function beaconSettings() view returns (BeaconSettings)',
])
