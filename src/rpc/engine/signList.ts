/**
 * `preconf_createInclusionList`: the operator has his own node sign a list. It uses a key, so it is served where the engine API is, behind
 * its secret, and nowhere else.
 */
import { z } from 'zod'
import type { Lists } from '../../preconf/lists/lists.ts'
import { TemporaryError } from '../../primitives/errors.ts'
import { bytesToHex, hexToBytes, toQuantity } from '../../primitives/hex.ts'
import { LISTED_BYTES_MAX } from '../../promise/inclusionList.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { invalidParams, RpcError } from '../errors.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { bytesParam } from '../params.ts'
import { listSlotParam } from '../preconf/lists.ts'
import { address, bytes, hash, quantity } from '../schemas/words.ts'
import { type EngineDeps, readInclusionList } from './methods.ts'

export type SignListDeps = EngineDeps & {
  readonly lists: Pick<Lists, 'create'>
  readonly spec: Pick<RollupSpec, 'l1'>
  readonly schedule: Pick<Schedule, 'at'>
}

export function signListMethods(deps: SignListDeps): Methods {
  return {
    preconf_createInclusionList: defineMethod({
      cost: COST.proof,
      summary: 'Signs an inclusion list for a window of the operator, and publishes it.',
      params: {
        /** Any of the window. */
        slot: listSlotParam,
        /** Default: as `engine_getInclusionListV1` chooses. */
        transactions: z
          .array(bytesParam)
          .max(LISTED_BYTES_MAX / 2)
          .optional(),
      },
      result: z.strictObject({
        status: z.enum(['created', 'known']),
        hash,
        committer: address,
        windowEnd: quantity,
        transactions: z.array(bytes),
      }),
      handle: async ({ slot, transactions }) => {
        const windowEnd = await windowEndOf(deps, slot)
        const listed =
          transactions ?? (await readInclusionList(deps, undefined)).map((raw) => hexToBytes(raw))
        const created = await create(deps.lists, windowEnd, listed)
        if (created.type === 'refused')
          throw new RpcError({ code: 'invalidInput', message: `no list is signed: ${created.reason}` })
        const { hash, committer } = created.signedList
        return {
          status: created.type,
          hash,
          committer,
          windowEnd: toQuantity(windowEnd),
          transactions: listed.map(bytesToHex),
        }
      },
    }),
  }
}

async function windowEndOf({ schedule, spec }: SignListDeps, slot: bigint): Promise<bigint> {
  const turn = await schedule.at(slot).catch((error) => {
    if (!(error instanceof TemporaryError)) throw error
    throw new RpcError({ code: 'resourceUnavailable', message: 'L1 does not say now whose slot it is' })
  })
  if (turn === undefined) throw invalidParams(`slot ${slot} is in no epoch that is settled`)
  return spec.l1.genesisTime + turn.window.lastSlot * spec.l1.secondsPerSlot
}

async function create(lists: Pick<Lists, 'create'>, windowEnd: bigint, listed: readonly Uint8Array[]) {
  try {
    return await lists.create(windowEnd, listed)
  } catch (error) {
    if (error instanceof RangeError) throw invalidParams(error.message)
    throw error
  }
}
