/** Who has opted in among the proposers of a lookahead, as the schedule contract would find it, read at one L1 block. */
import type { ContractCall, L1Reads } from '../l1/reads.ts'
import { defined } from '../primitives/assert.ts'
import { type Address, type Hash, ZERO_ADDRESS, ZERO_HASH } from '../primitives/hex.ts'
import { encodeCall, lowerAddress, needAnswer } from './abi.ts'
import type { SlotClock } from './clock.ts'
import type { LookaheadSource } from './detect.ts'
import type { Owner } from './schedule.ts'
import type { Lookahead } from './windows.ts'

export type OwnerOf = (validatorIndex: bigint, epoch: bigint) => Owner | undefined

type Place = { readonly validatorIndex: bigint; readonly epoch: bigint }
type Operator = { readonly root: Hash; readonly epoch: bigint }

/** Two rounds of calls: at most one for each slot, then one for each operator and epoch and one for each operator. */
export async function readOwners(
  deps: {
    readonly reads: Pick<L1Reads, 'call'>
    readonly clock: SlotClock
    readonly source: LookaheadSource
  },
  lookahead: Lookahead,
  at: Hash,
  signal?: AbortSignal,
): Promise<OwnerOf> {
  const { reads, clock, source } = deps
  const reading = { reads, at, signal }
  const places = new Map<string, Place>(
    lookahead.proposers.map((validatorIndex, i) => {
      const epoch = lookahead.epoch + BigInt(i) / clock.slotsPerEpoch
      return [placeKey(validatorIndex, epoch), { validatorIndex, epoch }]
    }),
  )
  const roots = await askEach<Place, Hash>(reading, 'operatorAt', places, ({ validatorIndex, epoch }) =>
    encodeCall(source.validatorMap, 'operatorAt', [validatorIndex, clock.referenceTime(epoch)]),
  )
  const operators = new Map<string, Operator>()
  for (const [key, root] of roots) {
    const { epoch } = defined(places.get(key), 'a place that was asked for')
    if (root !== ZERO_HASH) operators.set(`${root}:${epoch}`, { root, epoch })
  }
  const committers = await askEach<Operator, Address>(reading, 'committerAt', operators, ({ root, epoch }) =>
    encodeCall(source.registry, 'committerAt', [root, source.slasher, Number(clock.referenceTime(epoch))]),
  )
  const posters = await askEach<Hash, Address>(
    reading,
    'posters',
    new Map([...operators.values()].map(({ root }) => [root, root])),
    (root) => encodeCall(source.address, 'posters', [root]),
  )
  return (validatorIndex, epoch) => {
    const registrationRoot = roots.get(placeKey(validatorIndex, epoch)) ?? ZERO_HASH
    const committer = committers.get(`${registrationRoot}:${epoch}`) ?? ZERO_ADDRESS
    if (committer === ZERO_ADDRESS) return undefined
    const poster = posters.get(registrationRoot) ?? ZERO_ADDRESS
    return {
      validatorIndex,
      registrationRoot,
      committer: lowerAddress(committer),
      ...(poster !== ZERO_ADDRESS && { poster: lowerAddress(poster) }),
    }
  }
}

function placeKey(validatorIndex: bigint, epoch: bigint): string {
  return `${validatorIndex}:${epoch}`
}

/** The answer to one view for each key. */
async function askEach<Q, T>(
  { reads, at, signal }: { reads: Pick<L1Reads, 'call'>; at: Hash; signal: AbortSignal | undefined },
  functionName: string,
  questions: ReadonlyMap<string, Q>,
  encode: (question: Q) => ContractCall,
): Promise<ReadonlyMap<string, T>> {
  const answers = await reads.call([...questions.values()].map(encode), at, signal)
  return new Map([...questions.keys()].map((key, i) => [key, needAnswer<T>(functionName, answers[i])]))
}
