/** The commitments API as JSON-RPC, with the names and codes of Fabric's reference implementation: one positional parameter each. */
import type { Commitments } from '../../preconf/commitments/commitments.ts'
import { CommitmentRefusedError } from '../../preconf/commitments/errors.ts'
import {
  answerJson,
  feeJson,
  parseCommitmentRequest,
  parseHash,
  slotsJson,
} from '../../preconf/commitments/json.ts'
import { RpcError } from '../errors.ts'
import { COST } from '../limits.ts'
import type { Method, Methods } from '../method.ts'

/** Names without a namespace, as the specification has them. */
export function commitmentMethods({ commitments }: { readonly commitments: Commitments }): Methods {
  return {
    commitmentRequest: method(COST.call, async (request) =>
      answerJson(await commitments.request(parseCommitmentRequest(request))),
    ),
    commitmentResult: method(COST.read, async (hash) => {
      const answer = await commitments.result(parseHash(hash))
      if (answer === undefined) throw new CommitmentRefusedError('notFound')
      return answerJson(answer)
    }),
    slots: method(COST.block, async () => slotsJson(await commitments.slots())),
    fee: method(COST.block, async (request) =>
      feeJson(await commitments.fee(parseCommitmentRequest(request))),
    ),
  }
}

/** The refusal's code is the message, its sentence the data. */
function method(cost: number, handle: (parameter: unknown) => Promise<unknown>): Method {
  return {
    cost,
    async call([parameter]) {
      try {
        return await handle(parameter)
      } catch (error) {
        if (!(error instanceof CommitmentRefusedError)) throw error
        const code = error.isTemporary ? 'internal' : 'invalidParams'
        throw new RpcError({ code, message: error.code, data: error.message })
      }
    },
  }
}
