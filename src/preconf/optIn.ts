/** The steps of an operator's life. Each looks first what is done already. */
import type { Abi } from 'viem'
import type { L1Reads } from '../l1/reads.ts'
import { CriticalError, TemporaryError } from '../primitives/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import { findValidator, readValidatorProof } from './claimValidator.ts'
import { type L1Client, type OperatorContracts, type Owner, readOperator } from './operator.ts'
import type { Registrations } from './registrationFile.ts'
import { REGISTRY_ABI, SLASHER_ABI, VALIDATOR_MAP_ABI, WHERE_ABI } from './registryAbi.ts'

export type Registered = {
  readonly root: Hash
  readonly collateralWei: bigint
  /** Absent when the operator was there already. */
  readonly transactionHash?: Hash
}

/** Registers with what opting in takes, or with the collateral given. */
export async function register(
  l1: L1Client,
  contracts: OperatorContracts,
  input: { readonly owner: Owner; readonly registrations: Registrations; readonly collateralWei?: bigint },
): Promise<Registered> {
  const { owner, registrations } = input
  if (registrations.owner !== owner.address)
    throw new CriticalError(
      `the validators signed for the owner ${registrations.owner}, and the key given is that of ${owner.address}`,
    )
  const registry = { address: contracts.registry, abi: REGISTRY_ABI } as const
  const [signingId, config, bondWei] = await Promise.all([
    l1.readContract({ ...registry, functionName: 'requiredSigningId' }),
    l1.readContract({ ...registry, functionName: 'getConfig' }),
    l1.readContract({ address: contracts.slasher, abi: SLASHER_ABI, functionName: 'requiredBondWei' }),
  ])
  const { registrationRoot: root } = await l1.readContract({
    ...registry,
    functionName: 'getRegistrationProof',
    args: [registrations.signed, registrations.owner, 0n, signingId],
  })
  const known = await readOperator(l1, contracts, root)
  if (known !== undefined) return { root, collateralWei: known.collateralWei }
  const collateralWei = input.collateralWei ?? config.minCollateralWei + bondWei
  const { hash } = await owner.send({
    ...registry,
    abi: REGISTRY_ABI as Abi,
    functionName: 'register',
    args: [registrations.signed, registrations.owner, signingId],
    value: collateralWei,
  })
  return { root, collateralWei, transactionHash: hash }
}

/** Names the committer, and the poster where there is another. */
export async function optIn(
  l1: L1Client,
  contracts: OperatorContracts,
  input: {
    readonly owner: Owner
    readonly root: Hash
    readonly committer: Address
    readonly poster?: Address
  },
): Promise<void> {
  const { owner, root, committer, poster } = input
  const status = await readOperator(l1, contracts, root)
  if (status?.optIn?.isActive !== true)
    await owner.send({
      address: contracts.registry,
      abi: REGISTRY_ABI as Abi,
      functionName: 'optInToSlasher',
      args: [root, contracts.slasher, committer],
    })
  else if (status.optIn.committer !== committer)
    throw new CriticalError(
      `the operator is opted in with the committer ${status.optIn.committer}; opt out before naming another`,
    )
  if (poster !== undefined && status?.poster !== poster)
    await owner.send({
      address: contracts.schedule,
      abi: WHERE_ABI as Abi,
      functionName: 'setPoster',
      args: [root, poster],
    })
}

/** A claim checks a BLS signature, for which the registry wants to have more gas than it uses. */
const CLAIM_GAS = 3_000_000n

export type Claim = {
  readonly validatorIndex: bigint
  /** From then on its proposals count in the schedule, from the epoch after that one on. */
  readonly activeSince: bigint
  readonly isNew: boolean
}

/** One validator after another; those the operator has already are passed over. */
export async function* claimValidators(
  l1: L1Client,
  reads: Pick<L1Reads, 'askBeacons'>,
  contracts: OperatorContracts,
  input: { readonly owner: Owner; readonly root: Hash; readonly registrations: Registrations },
): AsyncGenerator<Claim> {
  const { owner, root, registrations } = input
  const registry = { address: contracts.registry, abi: REGISTRY_ABI } as const
  const map = { address: contracts.validatorMap, abi: VALIDATOR_MAP_ABI } as const
  const signingId = await l1.readContract({ ...registry, functionName: 'requiredSigningId' })
  for (const [leaf, pubkey] of registrations.pubkeys.entries()) {
    const validatorIndex = await findValidator(reads, pubkey)
    const readLatest = async () =>
      (await l1.readContract({ ...map, functionName: 'historyOf', args: [validatorIndex] })).latest
    const before = await readLatest()
    if (before.registrationRoot === root) {
      yield { validatorIndex, activeSince: BigInt(before.activeSince), isNew: false }
      continue
    }
    const proof = await l1.readContract({
      ...registry,
      functionName: 'getRegistrationProof',
      args: [registrations.signed, registrations.owner, BigInt(leaf), signingId],
    })
    if (proof.registrationRoot !== root)
      throw new CriticalError(
        `the registrations given are those of operator ${proof.registrationRoot}, not ${root}`,
      )
    const head = await l1.getBlock()
    if (head.parentBeaconBlockRoot === undefined)
      throw new TemporaryError(
        'this L1 names no beacon blocks (EIP-4788): nothing about validators can be proven',
      )
    const { header, branch } = await readValidatorProof(reads, {
      blockRoot: head.parentBeaconBlockRoot,
      validatorIndex,
      gloasSlot: contracts.gloasForkEpoch * contracts.slotsPerEpoch,
    })
    await owner.send({
      ...map,
      abi: VALIDATOR_MAP_ABI as Abi,
      functionName: 'claim',
      args: [proof, validatorIndex, header, head.timestamp, branch],
      gasMin: CLAIM_GAS,
    })
    yield { validatorIndex, activeSince: BigInt((await readLatest()).activeSince), isNew: true }
  }
}

export type OptedOut = {
  readonly operator: Hash
  /** Absent when it was opted out already. */
  readonly transactionHash?: Hash
  /** Until then the bond can be slashed. Seconds since the Unix epoch. */
  readonly bondAnswersUntil: bigint
}

export async function optOut(
  l1: L1Client,
  contracts: OperatorContracts,
  { owner, root }: { readonly owner: Owner; readonly root: Hash },
): Promise<OptedOut> {
  const before = await readOperator(l1, contracts, root)
  if (before?.optIn === undefined) throw new CriticalError(`operator ${root} never opted in`)
  const sent =
    before.optIn.optedOutAt === undefined
      ? await owner.send({
          address: contracts.registry,
          abi: REGISTRY_ABI as Abi,
          functionName: 'optOutOfSlasher',
          args: [root, contracts.slasher],
        })
      : undefined
  const [config, after] = await Promise.all([
    l1.readContract({ address: contracts.registry, abi: REGISTRY_ABI, functionName: 'getConfig' }),
    readOperator(l1, contracts, root),
  ])
  return {
    operator: root,
    ...(sent && { transactionHash: sent.hash }),
    bondAnswersUntil: (after?.optIn?.optedOutAt ?? 0n) + BigInt(config.slashWindow),
  }
}
