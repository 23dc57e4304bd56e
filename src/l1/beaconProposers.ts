/**
 * Who proposes which slot, as a beacon node says: from the state itself (EIP-7917, Fulu), or by the duties that validators
 * ask for. Nothing here is proven.
 */
import type { Hash } from '../primitives/hex.ts'
import { readData, readUint64 } from './beaconJson.ts'
import { HttpStatusError } from './http.ts'
import type { HttpSource } from './httpSource.ts'
import { readHex, readList, readObject } from './rpcJson.ts'
import { check } from './wrongData.ts'

/** The epoch of a state and the next: MIN_SEED_LOOKAHEAD + 1. consensus-specs, fulu/beacon-chain.md. */
export const LOOKAHEAD_EPOCHS = 2
/** VALIDATOR_REGISTRY_LIMIT. */
const VALIDATORS_MAX = 2n ** 40n

export type ProposerDuties = {
  /** A v2 answer: root of the last block before the epoch before began. A v1 answer: clients differ. */
  readonly dependentRoot: Hash
  /** Validator index of each slot of the epoch, in order. */
  readonly proposers: readonly bigint[]
}

/**
 * `GET /eth/v1/beacon/states/{state_id}/proposer_lookahead`: validator indices of the epoch of the state and of the next.
 * Null where the server has no such state or route, or the state is older than Fulu (400).
 */
export async function readProposerLookahead(
  source: HttpSource,
  input: { readonly stateId: string; readonly slotsPerEpoch: number },
  signal?: AbortSignal,
): Promise<readonly bigint[] | null> {
  const path = `/eth/v1/beacon/states/${input.stateId}/proposer_lookahead`
  const json = await absentIfRefused(() => source.getJson(path, signal))
  if (json === null) return null
  const indices = readList(readData(json), 'the lookahead').map(readIndex)
  check(
    indices.length === LOOKAHEAD_EPOCHS * input.slotsPerEpoch,
    `the lookahead has ${indices.length} entries`,
  )
  return indices
}

/** `GET /eth/v{1,2}/validator/duties/proposer/{epoch}`. Null where the server does not answer for that epoch, or at all. */
export async function readProposerDuties(
  source: HttpSource,
  input: { readonly version: 1 | 2; readonly epoch: bigint; readonly slotsPerEpoch: number },
  signal?: AbortSignal,
): Promise<ProposerDuties | null> {
  const { epoch } = input
  const path = `/eth/v${input.version}/validator/duties/proposer/${epoch}`
  const json = await absentIfRefused(() => source.getJson(path, signal))
  if (json === null) return null
  const bySlot = new Map<bigint, bigint>()
  for (const item of readList(readData(json), 'the duties')) {
    const duty = readObject(item, 'a duty')
    bySlot.set(readUint64(duty.slot, 'the slot of a duty'), readIndex(duty.validator_index))
  }
  const proposers: bigint[] = []
  const firstSlot = epoch * BigInt(input.slotsPerEpoch)
  for (let i = 0; i < input.slotsPerEpoch; i++) {
    const slot = firstSlot + BigInt(i)
    const index = bySlot.get(slot)
    check(index !== undefined, `the duties of epoch ${epoch} leave out slot ${slot}`)
    proposers.push(index)
  }
  check(bySlot.size === proposers.length, `the duties of epoch ${epoch} name slots of another epoch`)
  const { dependent_root: root } = readObject(json, 'the answer')
  return { dependentRoot: readHex(root, 'the dependent root', 32), proposers }
}

function readIndex(value: unknown): bigint {
  const index = readUint64(value, 'a validator index')
  check(index < VALIDATORS_MAX, `there is no validator ${index}`)
  return index
}

/** Nodes answer 400 for a state before Fulu, for an epoch too far off, and for a route's name they take for an identifier. */
async function absentIfRefused<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof HttpStatusError && error.status === 400) return null
    throw error
  }
}
