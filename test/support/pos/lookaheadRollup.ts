/** A rollup whose proposers take turns by L1's lookahead: registry, slasher, validator map, schedule and inbox on this L1. */
import { getContractAddress } from 'viem'
import type { Address, Hash, Hex } from '../../../src/primitives/hex.ts'
import { signingDomainOf } from '../../../src/promise/signingRoot.ts'
import { readArtifact } from '../contracts/artifacts.ts'
import { SETTINGS } from '../contracts/inbox.ts'
import { DEV_ACCOUNTS } from './executionGenesis.ts'
import type { PosL1 } from './startPosL1.ts'
import { deployContract, nextNonce } from './transactions.ts'

export type LookaheadRollup = {
  readonly inbox: Address
  readonly schedule: Address
  readonly registry: Address
  readonly slasher: Address
  readonly validatorMap: Address
  readonly checkpoints: Address
  /** Who alone proposes where nobody has opted in. */
  readonly fallbackOperator: Address
  /** L1 block of the inbox's first event. */
  readonly startBlock: bigint
}

const BEACON_ROOTS: Address = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
const NEVER = 2n ** 64n - 1n
const ETHER = 10n ** 18n
/** Mainnet configuration's, which the devnet's consensus client has too. */
export const GENESIS_FORK_VERSION: Hex = '0x00000000'

/** In slots. */
export type LookaheadWindows = Readonly<Record<keyof typeof WINDOWS, number>>

/** Short: a test waits for them. */
const WINDOWS = { fraudProof: 4, optInDelay: 8, evidenceAge: 64, slash: 128, unregistration: 160 }

/** Deployed by the first development account, in as many blocks as contracts. */
export async function deployLookaheadRollup(
  l1: PosL1,
  l2: { readonly chainId: bigint; readonly genesisHash: Hash },
  changed: Partial<LookaheadWindows> = {},
): Promise<LookaheadRollup> {
  const windows = { ...WINDOWS, ...changed }
  const [account, fallbackAccount] = DEV_ACCOUNTS
  if (account === undefined || fallbackAccount === undefined) throw new Error('there are no accounts')
  const fallbackOperator = fallbackAccount.address.toLowerCase() as Address
  const deploy = (name: string, args: readonly unknown[]) =>
    deployContract(l1, { account, artifact: readArtifact(name), args })
  const seconds = (slots: number) => slots * l1.secondsPerSlot
  const beacon = {
    beaconRoots: BEACON_ROOTS,
    beaconGenesis: l1.genesisTime,
    secondsPerSlot: l1.secondsPerSlot,
    slotsPerEpoch: l1.slotsPerEpoch,
    gloasForkEpoch: NEVER,
  }

  const verifier = await deploy('AttestationVerifier', [l2.chainId, [account.address], 1n])
  const registry = await deploy('ProposerRegistry', [
    {
      minCollateralWei: ETHER,
      fraudProofWindow: seconds(windows.fraudProof),
      unregistrationDelay: seconds(windows.unregistration),
      slashWindow: seconds(windows.slash),
      optInDelay: seconds(windows.optInDelay),
      signingDomain: signingDomainOf(GENESIS_FORK_VERSION),
      chainId: littleEndian(BigInt(l1.chainId)),
    },
  ])
  const validatorMap = await deploy('ValidatorMap', [registry.address, beacon])
  const fallback = await deploy('WhitelistSchedule', [
    account.address,
    [fallbackOperator],
    BEACON_ROOTS,
    l1.genesisTime,
    l1.secondsPerSlot,
    l1.slotsPerEpoch,
  ])
  // The schedule names the slasher, the slasher its inbox, and the inbox its schedule: one address is known before it is there.
  const nonce = await nextNonce(l1, account.address)
  const slasherAddress = getContractAddress({ from: account.address, nonce: BigInt(nonce + 2) })
  const schedule = await deploy('LookaheadSchedule', [validatorMap.address, slasherAddress, fallback.address])
  const inbox = await deploy('Inbox', [
    { ...SETTINGS, proofVerifier: verifier.address, proposerChecker: schedule.address },
    l2.genesisHash,
  ])
  const slasher = await deploy('PreconfSlasher', [
    {
      registry: registry.address,
      inbox: inbox.address,
      beaconRoots: BEACON_ROOTS,
      beaconGenesis: l1.genesisTime,
      secondsPerSlot: l1.secondsPerSlot,
      l2ChainId: l2.chainId,
      safetyPenaltyWei: ETHER,
      livenessPenaltyWei: ETHER / 10n,
      requiredBondWei: 2n * ETHER,
      evidenceMinAge: l1.secondsPerSlot,
      evidenceMaxAge: seconds(windows.evidenceAge),
    },
  ])
  if (slasher.address !== slasherAddress.toLowerCase())
    throw new Error('the slasher is not where the schedule looks')
  return {
    inbox: inbox.address,
    schedule: schedule.address,
    registry: registry.address,
    slasher: slasher.address,
    validatorMap: validatorMap.address,
    checkpoints: getContractAddress({ from: inbox.address, nonce: 1n }).toLowerCase() as Address,
    fallbackOperator,
    startBlock: BigInt(inbox.receipt.blockNumber),
  }
}

/** hash_tree_root of an unsigned integer. */
function littleEndian(value: bigint): Hash {
  return `0x${Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex')}`
}
