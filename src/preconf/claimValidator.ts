/** The proof that ValidatorMap takes: that a validator of the beacon state has a registered key. */
import type { BeaconHeader } from '../l1/beaconHeader.ts'
import type { L1Reads } from '../l1/reads.ts'
import { CriticalError, TemporaryError } from '../primitives/errors.ts'
import { bytesToHex, type Hash, type Hex } from '../primitives/hex.ts'

/** Fulu's state has 38 fields on 64 leaves, `validators` is field 11; its list has 2^40 leaves below the node that mixes in the length. */
const VALIDATORS_FULU = 64n + 11n
const VALIDATORS_MAX = 2n ** 40n
/** A Validator has 8 fields, `pubkey` is the first. */
const VALIDATOR_LEAVES = 8n

/** Where a Fulu state has a validator's key; BeaconProofs.pubkeyGindex is the twin. */
export function pubkeyGindex(validatorIndex: bigint): bigint {
  return (VALIDATORS_FULU * 2n * VALIDATORS_MAX + validatorIndex) * VALIDATOR_LEAVES
}

export type ValidatorProof = { readonly header: BeaconHeader; readonly branch: readonly Hex[] }

/**
 * @param blockRoot Of the beacon block before an L1 block of the last 27 hours, as that L1 block names it (EIP-4788).
 * Throws TemporaryError, with a sentence for an operator, where no beacon node gives the branch.
 */
export async function readValidatorProof(
  reads: Pick<L1Reads, 'askBeacons'>,
  input: {
    readonly blockRoot: Hash
    readonly validatorIndex: bigint
    /** First slot whose state is Gloas', which keeps validators elsewhere. */
    readonly gloasSlot: bigint
  },
): Promise<ValidatorProof> {
  const gindex = pubkeyGindex(input.validatorIndex)
  const answers = await reads.askBeacons(
    `a proof of validator ${input.validatorIndex}'s key`,
    async (beacon) => {
      const header = (await beacon.header(input.blockRoot))?.header
      if (header === undefined) return null
      const found = await beacon.stateBranch({ stateRoot: header.stateRoot, gindex })
      return found && { header, branch: found.branch.map(bytesToHex) }
    },
  )
  const proof = answers.find(({ answer }) => answer !== null)?.answer
  if (!proof)
    throw new TemporaryError(
      `no beacon node proves the key of validator ${input.validatorIndex}: ` +
        'one that serves /eth/v0/beacon/proof/state (Lodestar) is needed',
    )
  if (proof.header.slot >= input.gloasSlot)
    throw new CriticalError('validators of a Gloas state cannot be claimed by this version')
  return proof
}

/** Index of the validator with a compressed public key. CriticalError where no beacon node knows one. */
export async function findValidator(reads: Pick<L1Reads, 'askBeacons'>, pubkey: Hex): Promise<bigint> {
  const answers = await reads.askBeacons(`the index of validator ${pubkey}`, (beacon) =>
    beacon.validatorIndex(pubkey),
  )
  const found = answers.find(({ answer }) => answer !== null)?.answer
  if (found === undefined || found === null)
    throw new CriticalError(`no beacon node knows a validator with the key ${pubkey}`)
  return found
}
