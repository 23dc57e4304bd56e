/** Which schedule an inbox asks. Contracts do not say what they are, but only a schedule of a kind answers that kind's views. */
import type { L1Reads } from '../l1/reads.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import { decodeAnswer, encodeCall, lowerAddress, needAnswer } from './abi.ts'

export type OpenSource = { readonly kind: 'open' }
export type WhitelistSource = {
  readonly kind: 'whitelist'
  readonly address: Address
  /** Seconds; absent where the contract does not say (Taiko's). */
  readonly secondsPerEpoch?: bigint
}
export type UnknownSource = { readonly kind: 'unknown'; readonly address: Address }
export type FallbackSource = OpenSource | WhitelistSource | UnknownSource
export type LookaheadSource = {
  readonly kind: 'lookahead'
  readonly address: Address
  readonly registry: Address
  readonly slasher: Address
  readonly validatorMap: Address
  readonly slotsPerEpoch: bigint
  /** First epoch whose states are Gloas'. */
  readonly gloasForkEpoch: bigint
  readonly fallback: FallbackSource
}
export type ScheduleSource = FallbackSource | LookaheadSource

export type InboxSchedule = {
  readonly source: ScheduleSource
  /** Of a forced inclusion, in seconds: when it must be taken, and after how many delays anyone may propose. */
  readonly forcedInclusionDelay: bigint
  readonly permissionlessInclusionMultiplier: bigint
}

export async function detectSchedule(
  reads: Pick<L1Reads, 'call'>,
  inbox: Address,
  at: Hash,
  signal?: AbortSignal,
): Promise<InboxSchedule> {
  const [answer] = await reads.call([encodeCall(inbox, 'getConfig')], at, signal)
  const config = needAnswer<{
    proposerChecker: Address
    forcedInclusionDelay: number
    permissionlessInclusionMultiplier: number
  }>('getConfig', answer)
  const address = lowerAddress(config.proposerChecker)
  return {
    source:
      (await detectLookahead(reads, address, at, signal)) ?? (await detectSimple(reads, address, at, signal)),
    forcedInclusionDelay: BigInt(config.forcedInclusionDelay),
    permissionlessInclusionMultiplier: BigInt(config.permissionlessInclusionMultiplier),
  }
}

async function detectLookahead(
  reads: Pick<L1Reads, 'call'>,
  address: Address,
  at: Hash,
  signal?: AbortSignal,
): Promise<LookaheadSource | undefined> {
  const views = ['validatorMap', 'registry', 'slasher', 'fallbackSchedule', 'beaconSettings'] as const
  const answers = await reads.call(
    views.map((view) => encodeCall(address, view)),
    at,
    signal,
  )
  const [validatorMap, registry, slasher, fallback] = views
    .slice(0, 4)
    .map((view, i) => decodeAnswer<Address>(view, answers[i]))
  const beacon = decodeAnswer<{ slotsPerEpoch: number; gloasForkEpoch: bigint }>('beaconSettings', answers[4])
  if (!validatorMap || !registry || !slasher || !fallback || !beacon) return undefined
  return {
    kind: 'lookahead',
    address,
    registry: lowerAddress(registry),
    slasher: lowerAddress(slasher),
    validatorMap: lowerAddress(validatorMap),
    slotsPerEpoch: BigInt(beacon.slotsPerEpoch),
    gloasForkEpoch: beacon.gloasForkEpoch,
    fallback: await detectSimple(reads, lowerAddress(fallback), at, signal),
  }
}

/** An account that no list has: only an open schedule lets it propose. */
const STRANGER: Address = `0x${'5f'.repeat(20)}`

async function detectSimple(
  reads: Pick<L1Reads, 'call'>,
  address: Address,
  at: Hash,
  signal?: AbortSignal,
): Promise<FallbackSource> {
  const [operator, epoch, checked] = await reads.call(
    [
      encodeCall(address, 'getOperatorForNextEpoch'),
      encodeCall(address, 'secondsPerEpoch'),
      encodeCall(address, 'checkProposer', [STRANGER, '0x']),
    ],
    at,
    signal,
  )
  if (decodeAnswer<Address>('getOperatorForNextEpoch', operator) !== undefined) {
    const secondsPerEpoch = decodeAnswer<number>('secondsPerEpoch', epoch)
    return {
      kind: 'whitelist',
      address,
      ...(secondsPerEpoch !== undefined && { secondsPerEpoch: BigInt(secondsPerEpoch) }),
    }
  }
  if (decodeAnswer<number>('checkProposer', checked) !== undefined) return { kind: 'open' }
  return { kind: 'unknown', address }
}
