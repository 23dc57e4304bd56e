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
import type { Method, MethodDescription, Methods } from '../method.ts'
import { commitmentAnswer, commitmentRequest, fee, slots } from '../schemas/signed.ts'
import { hash } from '../schemas/words.ts'

/** Names without a namespace, as the specification has them. */
export function commitmentMethods({ commitments }: { readonly commitments: Commitments }): Methods {
  return {
    commitmentRequest: method(
      {
        cost: COST.call,
        summary: 'A promise about a transaction, signed.',
        params: { request: commitmentRequest },
        result: commitmentAnswer,
      },
      async (request) => answerJson(await commitments.request(parseCommitmentRequest(request))),
    ),
    commitmentResult: method(
      {
        cost: COST.read,
        summary: 'The promise that a request was answered with.',
        params: { requestHash: hash },
        result: commitmentAnswer,
      },
      async (hash) => {
        const answer = await commitments.result(parseHash(hash))
        if (answer === undefined) throw new CommitmentRefusedError('notFound')
        return answerJson(answer)
      },
    ),
    slots: method(
      {
        cost: COST.block,
        summary: 'The L1 slots in which this node promises, and what.',
        params: {},
        result: slots,
      },
      async () => slotsJson(await commitments.slots()),
    ),
    fee: method(
      {
        cost: COST.block,
        summary: 'What a promise costs now.',
        params: { request: commitmentRequest },
        result: fee,
      },
      async (request) => feeJson(await commitments.fee(parseCommitmentRequest(request))),
    ),
  }
}

/** The refusal's code is the message, its sentence the data; so the parameter is not read by its schema, which only describes it. */
function method(
  { cost, ...description }: { readonly cost: number } & MethodDescription,
  handle: (parameter: unknown) => Promise<unknown>,
): Method {
  return {
    cost,
    description,
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
