/** What the validators sign besides blocks: attestations and the sync aggregate. Every validator is always on line and honest. */
import { BitArray } from '@chainsafe/ssz'
import {
  DOMAIN_BEACON_ATTESTER,
  DOMAIN_SYNC_COMMITTEE,
  MAX_COMMITTEES_PER_SLOT,
  SYNC_COMMITTEE_SIZE,
} from '@lodestar/params'
import {
  computeEpochAtSlot,
  computeSigningRoot,
  computeStartSlotAtEpoch,
  getBlockRootAtSlot,
} from '@lodestar/state-transition'
import { ssz } from '@lodestar/types'

const allTrue = (length) => BitArray.fromBoolArray(Array(length).fill(true))

/** All committees of the slot before `state.slot` vote for the head they saw then; one attestation holds them all (EIP-7549). */
export function attest(state, keys) {
  const { config, epochCtx } = state
  const slot = state.slot - 1
  const epoch = computeEpochAtSlot(slot)
  const committees = epochCtx.getCommitteeCountPerSlot(epoch)
  const source =
    epoch === epochCtx.epoch ? state.currentJustifiedCheckpoint : state.previousJustifiedCheckpoint
  const data = {
    slot,
    index: 0,
    beaconBlockRoot: getBlockRootAtSlot(state, slot),
    source: source.toValue(),
    target: { epoch, root: getBlockRootAtSlot(state, computeStartSlotAtEpoch(epoch)) },
  }
  const members = Array.from({ length: committees }, (_, i) => [
    ...epochCtx.getBeaconCommittee(slot, i),
  ]).flat()
  const domain = config.getDomain(state.slot, DOMAIN_BEACON_ATTESTER, slot)
  return {
    aggregationBits: allTrue(members.length),
    data,
    committeeBits: BitArray.fromBoolArray(
      Array.from({ length: MAX_COMMITTEES_PER_SLOT }, (_, i) => i < committees),
    ),
    signature: keys.signTogether(members, computeSigningRoot(ssz.phase0.AttestationData, data, domain)),
  }
}

/** The sync committee signs the head as of the slot before `state.slot`. */
export function signSyncAggregate(state, keys) {
  const slot = state.slot - 1
  const domain = state.config.getDomain(state.slot, DOMAIN_SYNC_COMMITTEE, slot)
  const root = computeSigningRoot(ssz.Root, getBlockRootAtSlot(state, slot), domain)
  const { validatorIndices } = state.epochCtx.currentSyncCommitteeIndexed
  return {
    syncCommitteeBits: allTrue(SYNC_COMMITTEE_SIZE),
    syncCommitteeSignature: keys.signTogether(validatorIndices, root),
  }
}
