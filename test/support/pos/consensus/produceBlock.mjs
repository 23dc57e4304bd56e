/** One slot's block: a payload from the execution client, votes, the real state transition, the proposer's signature. */
import { DOMAIN_BEACON_PROPOSER, DOMAIN_RANDAO } from '@lodestar/params'
import {
  computeEpochAtSlot,
  computeSigningRoot,
  DataAvailabilityStatus,
  ExecutionPayloadStatus,
  getRandaoMix,
  processSlots,
  stateTransition,
} from '@lodestar/state-transition'
import { ssz } from '@lodestar/types'
import { fromHex, toHex, toQuantity } from './hex.mjs'
import { readExecutionRequests, readPayload, versionedHashOf } from './payload.mjs'
import { attest, signSyncAggregate } from './votes.mjs'

/**
 * The block of `slot` on top of `parent`, imported by the execution client but not yet its head.
 * `branch` marks the block, so that two branches differ even where both are empty.
 */
export async function produceBlock({ engine, keys }, { tree, parent, slot, branch }) {
  const parentState = tree.stateOf(parent.root)
  const state = processSlots(parentState, slot)
  const { config } = state
  const proposer = state.epochCtx.getBeaconProposer(slot)
  const parentRoot = fromHex(parent.root)
  const payloadId = await engine.setHead(tree.executionHashes(parent, state), {
    timestamp: toQuantity(state.genesisTime + slot * config.SECONDS_PER_SLOT),
    prevRandao: toHex(getRandaoMix(state, computeEpochAtSlot(slot))),
    suggestedFeeRecipient: feeRecipientOf(branch),
    withdrawals: [],
    parentBeaconBlockRoot: parent.root,
  })
  const built = await engine.buildPayload(payloadId)
  const { blobs, commitments } = built.blobsBundle
  const body = {
    ...ssz.fulu.BeaconBlockBody.defaultValue(),
    randaoReveal: signRandao(state, keys, proposer),
    eth1Data: state.eth1Data.toValue(),
    attestations: [attest(state, keys)],
    syncAggregate: signSyncAggregate(state, keys),
    executionPayload: readPayload(built.executionPayload),
    blobKzgCommitments: commitments.map(fromHex),
    executionRequests: readExecutionRequests(built.executionRequests),
  }
  const message = { slot, proposerIndex: proposer, parentRoot, stateRoot: new Uint8Array(32), body }
  const postState = applyBlock(state, message)
  message.stateRoot = postState.hashTreeRoot()
  const versionedHashes = body.blobKzgCommitments.map(versionedHashOf)
  await engine.importPayload(built, versionedHashes, parent.root)
  return {
    signed: { message, signature: signBlock(state, keys, message) },
    state: postState,
    blobs: blobs.map(fromHex),
    versionedHashes,
  }
}

/** Every rule and signature is checked but the proposer's signature, which needs the state root that this computes. */
function applyBlock(state, message) {
  return stateTransition(
    state,
    { message, signature: new Uint8Array(96) },
    {
      executionPayloadStatus: ExecutionPayloadStatus.valid,
      dataAvailabilityStatus: DataAvailabilityStatus.Available,
      verifyStateRoot: false,
      verifyProposer: false,
      verifySignatures: true,
    },
  )
}

function signRandao({ slot, config }, keys, proposer) {
  const domain = config.getDomain(slot, DOMAIN_RANDAO)
  return keys.sign(proposer, computeSigningRoot(ssz.Epoch, computeEpochAtSlot(slot), domain))
}

function signBlock({ slot, config }, keys, message) {
  const domain = config.getDomain(slot, DOMAIN_BEACON_PROPOSER)
  return keys.sign(message.proposerIndex, computeSigningRoot(ssz.fulu.BeaconBlock, message, domain))
}

const feeRecipientOf = (branch) => `0x${(0x1111_0000 + branch).toString(16).padStart(40, '0')}`
