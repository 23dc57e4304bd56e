/** Genesis of the beacon chain: every validator active with 32 ETH, on top of the execution client's genesis block. */
import { createBeaconConfig, createChainForkConfig } from '@lodestar/config'
import {
  EPOCHS_PER_HISTORICAL_VECTOR,
  FAR_FUTURE_EPOCH,
  ForkSeq,
  MIN_ACTIVATION_BALANCE,
  UNSET_DEPOSIT_REQUESTS_START_INDEX,
} from '@lodestar/params'
import { createCachedBeaconState, createPubkeyCache, getNextSyncCommittee } from '@lodestar/state-transition'
import { upgradeStateToFulu } from '@lodestar/state-transition/slot'
import { ssz } from '@lodestar/types'
import { fromHex } from './hex.mjs'

/** `executionGenesis` is block 0 as JSON-RPC gives it. */
export function createGenesis({ chainSpec, publicKeys, genesisTime, executionGenesis }) {
  const electra = createElectraState({ chainSpec, publicKeys, genesisTime, executionGenesis })
  // The upgrade is what computes the first lookahead; it takes a state of a chain that has not forked yet.
  const before = createChainForkConfig({ ...chainSpec, FULU_FORK_EPOCH: Number.POSITIVE_INFINITY })
  const upgraded = upgradeStateToFulu(cacheState(electra, before))
  const view = ssz.fulu.BeaconState.getViewDU(upgraded.node)
  const state = cacheState(view, chainSpec)
  const stateRoot = state.hashTreeRoot()
  const message = {
    slot: 0,
    proposerIndex: 0,
    parentRoot: new Uint8Array(32),
    stateRoot,
    body: ssz.fulu.BeaconBlockBody.defaultValue(),
  }
  return { state, block: { message, signature: new Uint8Array(96) } }
}

function cacheState(state, chainSpec) {
  const config = createBeaconConfig(chainSpec, state.genesisValidatorsRoot)
  return createCachedBeaconState(state, { config, pubkeyCache: createPubkeyCache() })
}

function createElectraState({ chainSpec, publicKeys, genesisTime, executionGenesis }) {
  const { fields } = ssz.electra.BeaconState
  const executionHash = fromHex(executionGenesis.hash)
  const forAll = (value) => publicKeys.map(() => value)
  const state = ssz.electra.BeaconState.defaultViewDU()
  state.genesisTime = genesisTime
  state.fork = ssz.phase0.Fork.toViewDU({
    previousVersion: chainSpec.ELECTRA_FORK_VERSION,
    currentVersion: chainSpec.ELECTRA_FORK_VERSION,
    epoch: 0,
  })
  state.latestBlockHeader = ssz.phase0.BeaconBlockHeader.toViewDU({
    ...ssz.phase0.BeaconBlockHeader.defaultValue(),
    bodyRoot: ssz.electra.BeaconBlockBody.hashTreeRoot(ssz.electra.BeaconBlockBody.defaultValue()),
  })
  state.randaoMixes = fields.randaoMixes.toViewDU(
    Array.from({ length: EPOCHS_PER_HISTORICAL_VECTOR }, () => executionHash),
  )
  state.eth1Data = ssz.phase0.Eth1Data.toViewDU({
    depositRoot: new Uint8Array(32),
    depositCount: 0,
    blockHash: executionHash,
  })
  state.validators = fields.validators.toViewDU(publicKeys.map(createValidator))
  state.balances = fields.balances.toViewDU(forAll(MIN_ACTIVATION_BALANCE))
  state.previousEpochParticipation = fields.previousEpochParticipation.toViewDU(forAll(0))
  state.currentEpochParticipation = fields.currentEpochParticipation.toViewDU(forAll(0))
  state.inactivityScores = fields.inactivityScores.toViewDU(forAll(0))
  state.genesisValidatorsRoot = fields.validators.hashTreeRoot(state.validators.toValue())
  state.depositRequestsStartIndex = UNSET_DEPOSIT_REQUESTS_START_INDEX
  state.earliestExitEpoch = 1
  state.earliestConsolidationEpoch = 1
  state.latestExecutionPayloadHeader = fields.latestExecutionPayloadHeader.toViewDU(
    payloadHeaderOf(executionGenesis),
  )
  const syncCommittee = drawSyncCommittee(state, publicKeys.length)
  state.currentSyncCommittee = ssz.altair.SyncCommittee.toViewDU(syncCommittee)
  state.nextSyncCommittee = ssz.altair.SyncCommittee.toViewDU(syncCommittee)
  state.commit()
  return state
}

/** Withdrawal credentials of the BLS kind: such a validator is never paid out, so payloads have no withdrawals. */
function createValidator(pubkey) {
  return {
    pubkey,
    withdrawalCredentials: new Uint8Array(32),
    effectiveBalance: MIN_ACTIVATION_BALANCE,
    slashed: false,
    activationEligibilityEpoch: 0,
    activationEpoch: 0,
    exitEpoch: FAR_FUTURE_EPOCH,
    withdrawableEpoch: FAR_FUTURE_EPOCH,
  }
}

function drawSyncCommittee(state, count) {
  const activeIndices = Uint32Array.from({ length: count }, (_, index) => index)
  const balancesInEth = Uint16Array.from({ length: count }, () => MIN_ACTIVATION_BALANCE / 1e9)
  return getNextSyncCommittee(ForkSeq.electra, state, activeIndices, balancesInEth).syncCommittee
}

function payloadHeaderOf(block) {
  return {
    ...ssz.electra.ExecutionPayloadHeader.defaultValue(),
    parentHash: fromHex(block.parentHash),
    feeRecipient: fromHex(block.miner),
    stateRoot: fromHex(block.stateRoot),
    receiptsRoot: fromHex(block.receiptsRoot),
    gasLimit: Number(block.gasLimit),
    timestamp: Number(block.timestamp),
    baseFeePerGas: BigInt(block.baseFeePerGas),
    blockHash: fromHex(block.hash),
  }
}
