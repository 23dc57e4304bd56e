/**
 * An operator with a bond: registry, slasher and what belongs to them, beside the inbox that is there. The devnet's turns are by a whitelist, since
 * a local L1 has no beacon state to read a lookahead from; what promises are worth on L1 is the same.
 */
import { toHex } from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import { createL1Client, createOwner, type OperatorContracts, type Owner } from '../../preconf/operator.ts'
import { optIn, register } from '../../preconf/optIn.ts'
import { parseRegistrations, requestRegistrations } from '../../preconf/registrationFile.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import { signingDomainOf, signingIdOf } from '../../promise/signingRoot.ts'
import { createDeployer } from '../devnet/deploy.ts'
import { userAt } from './accounts.ts'
import { BEACON_ROOTS, L1_CHAIN_ID, SECONDS_PER_SLOT } from './steppedL1.ts'
import type { World } from './world.ts'

export type Slashable = {
  readonly contracts: OperatorContracts
  readonly domain: PromiseDomain
  readonly registrationRoot: Hash
  readonly safetyPenaltyWei: bigint
  readonly bondWei: bigint
  /** Somebody who brings evidence, or owns something. */
  ownerOf(key: Hex): Promise<Owner>
  readonly client: ReturnType<typeof createL1Client>
}

const ETHER = 10n ** 18n
const SAFETY_PENALTY = ETHER
const BOND = (3n * ETHER) / 2n
/** In slots; short, so that a run need not wait for them. The slash window covers a lookahead more than evidence is good for. */
const WINDOWS = { fraudProof: 1, optInDelay: 8, evidenceAge: 64, slash: 128, unregistration: 160 }
/** GENESIS_FORK_VERSION of any L1 that is no public network. */
const FORK_VERSION: Hex = '0x00000000'
/** Any secret will do: the registry learns the public key. */
const VALIDATOR_SECRET = new Uint8Array(32).fill(7)
const OWNER = 5
/** Of the lookahead, which nobody asks here. Slots, a power of two. */
const LOOKAHEAD_EPOCH = 32

/** Blocks are mined as transactions come while this runs. */
export async function deploySlashable(world: World, committer: PrivateKeyAccount): Promise<Slashable> {
  const { l1, spec } = world
  const { deploy, reader } = createDeployer(l1.url, L1_CHAIN_ID)
  const seconds = (slots: number) => slots * SECONDS_PER_SLOT
  const signingDomain = signingDomainOf(FORK_VERSION)
  const beacon = {
    ...{ beaconRoots: BEACON_ROOTS, beaconGenesis: l1.genesisTime, secondsPerSlot: SECONDS_PER_SLOT },
    ...{ slotsPerEpoch: LOOKAHEAD_EPOCH, gloasForkEpoch: 2n ** 64n - 1n },
  }
  await l1.mineAtOnce(true)
  const registry = await deploy('ProposerRegistry', [
    {
      minCollateralWei: ETHER,
      fraudProofWindow: seconds(WINDOWS.fraudProof),
      unregistrationDelay: seconds(WINDOWS.unregistration),
      slashWindow: seconds(WINDOWS.slash),
      optInDelay: seconds(WINDOWS.optInDelay),
      signingDomain,
      chainId: bytesToHex(hexToBytes(toHex(L1_CHAIN_ID, { size: 32 })).reverse()),
    },
  ])
  const slasher = await deploy('PreconfSlasher', [
    {
      ...{ registry: registry.address, inbox: spec.l1.inbox, l2ChainId: spec.l2.chainId },
      ...{ beaconRoots: BEACON_ROOTS, beaconGenesis: l1.genesisTime, secondsPerSlot: SECONDS_PER_SLOT },
      ...{ safetyPenaltyWei: SAFETY_PENALTY, livenessPenaltyWei: ETHER / 10n, requiredBondWei: BOND },
      ...{ evidenceMinAge: SECONDS_PER_SLOT, evidenceMaxAge: seconds(WINDOWS.evidenceAge) },
    },
  ])
  const validatorMap = await deploy('ValidatorMap', [registry.address, beacon])
  const fallback = await deploy('OpenSchedule', [])
  const schedule = await deploy('LookaheadSchedule', [
    validatorMap.address,
    slasher.address,
    fallback.address,
  ])
  const contracts: OperatorContracts = {
    ...{ schedule: schedule.address, registry: registry.address, slasher: slasher.address },
    ...{ validatorMap: validatorMap.address, slotsPerEpoch: BigInt(beacon.slotsPerEpoch) },
    gloasForkEpoch: beacon.gloasForkEpoch,
  }
  const client = createL1Client(l1.url)
  const owner = await createOwner(client, l1.url, userAt(OWNER).key)
  const registrations = parseRegistrations(await signRegistration(client, contracts, owner.address))
  const { root } = await register(client, contracts, { owner, registrations })
  for (let slot = 0; slot <= WINDOWS.fraudProof; slot++) await l1.request('evm_mine')
  await optIn(client, contracts, { owner, root, committer: committer.address.toLowerCase() as Address })
  await l1.mineAtOnce(false)
  const read = (name: 'safetyPenaltyWei' | 'requiredBondWei') =>
    reader.readContract({ address: slasher.address, abi: WEI_ABI, functionName: name })
  return {
    ...{ contracts, client, registrationRoot: root },
    domain: {
      l1ChainId: BigInt(L1_CHAIN_ID),
      domain: signingDomain,
      signingId: signingIdOf(BigInt(L1_CHAIN_ID), registry.address),
      slasher: slasher.address,
    },
    safetyPenaltyWei: await read('safetyPenaltyWei'),
    bondWei: await read('requiredBondWei'),
    ownerOf: (key) => createOwner(client, l1.url, key),
  }
}

const WEI_ABI = [
  {
    type: 'function',
    name: 'safetyPenaltyWei',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'uint256' }],
  },
  {
    type: 'function',
    name: 'requiredBondWei',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'uint256' }],
  },
] as const

/** As a validator's signer would, with what `plumbline preconf request` prints. */
async function signRegistration(
  client: Slashable['client'],
  contracts: OperatorContracts,
  owner: Address,
): Promise<unknown> {
  // Native: not every machine that runs the other commands has it.
  const { SecretKey } = await import('@chainsafe/blst')
  const secret = SecretKey.fromKeygen(VALIDATOR_SECRET)
  const pubkey = bytesToHex(secret.toPublicKey().toBytes())
  const { requests } = await requestRegistrations(client, contracts, { owner, pubkeys: [pubkey] })
  return {
    owner,
    registrations: requests.map(({ nonce, signing_root }) => ({
      ...{ pubkey, nonce },
      signature: bytesToHex(secret.sign(hexToBytes(signing_root)).toBytes()),
    })),
  }
}
