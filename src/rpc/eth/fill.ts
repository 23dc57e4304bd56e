/** `eth_fillTransaction`: what a transaction leaves out, as a wallet would fill it in. As geth's `setDefaults` (internal/ethapi/transaction_args.go). */
import { z } from 'zod'
import type { CallRequest } from '../../engine/engine.ts'
import { encodeUnsigned } from '../../engine/simulate/unsigned.ts'
import { maxBigint } from '../../primitives/bigint.ts'
import { bytesToHex, ZERO_ADDRESS } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { chainIdOf } from '../../spec/executionSpec.ts'
import { blobBaseFeeOf } from '../blobFee.ts'
import { toCallRequest } from '../callRequest.ts'
import type { RpcDeps } from '../deps.ts'
import { RpcError } from '../errors.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { callParam } from '../params.ts'
import { readState } from '../resolve.ts'
import { transaction } from '../schemas/transaction.ts'
import { bytes } from '../schemas/words.ts'
import { type ExecuteDeps, estimate } from './execute.ts'
import { suggestTip } from './fees.ts'
import { unsignedFieldsJson } from './simulatedJson.ts'

const unsigned = transaction
  .omit({ blockHash: true, blockNumber: true, transactionIndex: true, blockTimestamp: true })
  .meta({ id: 'UnsignedTransaction' })

export function fillMethods(deps: ExecuteDeps & Pick<RpcDeps, 'pool'>): Methods {
  const { chain, execution, pool } = deps
  const chainId = chainIdOf(execution)
  return {
    eth_fillTransaction: defineMethod({
      cost: COST.logs,
      summary: 'A transaction with its nonce, gas and fees filled in, ready to be signed.',
      params: { transaction: callParam },
      result: z.strictObject({ raw: bytes, tx: unsigned }),
      handle: ({ transaction }, { client }) => {
        const request = toCallRequest(transaction, chainId)
        assertComplete(request)
        const sender = request.from ?? ZERO_ADDRESS
        return readState(deps, { type: 'tag', tag: 'latest' }, async (state, at) => {
          const baseFee = at.header.baseFeePerGas
          const priced = withFees(request, baseFee, await suggestTip(chain), () =>
            blobBaseFeeOf(execution, at.header),
          )
          const used = (await state.account(sender))?.nonce ?? 0n
          const nonce = request.nonce ?? maxBigint(used, pool?.pendingNonce(sender) ?? 0n)
          const gas = request.gas ?? (await estimate(deps, priced, { state, at, client }))
          const raw = encodeUnsigned({ ...priced, nonce, gas }, chainId, baseFee === undefined)
          const tx = unsignedFieldsJson({ raw, hash: keccak256Hex(raw), sender }, baseFee ?? 0n)
          return { raw: bytesToHex(raw), tx }
        })
      },
    }),
  }
}

function assertComplete({ to, data, authorizations, gasPrice, blobVersionedHashes }: CallRequest): void {
  if (to === undefined && (data?.length ?? 0) === 0)
    throw incomplete('contract creation without any data provided')
  if (to === undefined && (authorizations ?? blobVersionedHashes) !== undefined)
    throw incomplete('"to" is missing in a transaction that cannot create a contract')
  if (gasPrice !== undefined && authorizations !== undefined)
    throw incomplete('both gasPrice and authorizationList specified')
}

/** The price leaves room for base fees to double, as geth's does. */
function withFees(
  request: CallRequest,
  baseFee: bigint | undefined,
  tip: bigint,
  blobBaseFee: () => bigint | undefined,
): CallRequest {
  const { gasPrice, maxFeePerGas, blobVersionedHashes, maxFeePerBlobGas } = request
  if (gasPrice !== undefined) return request
  if (baseFee === undefined) return { ...request, gasPrice: tip }
  const maxPriorityFeePerGas = request.maxPriorityFeePerGas ?? tip
  const filled = { maxPriorityFeePerGas, maxFeePerGas: maxFeePerGas ?? maxPriorityFeePerGas + 2n * baseFee }
  if (filled.maxFeePerGas < maxPriorityFeePerGas)
    throw incomplete(`maxFeePerGas (${filled.maxFeePerGas}) < maxPriorityFeePerGas (${maxPriorityFeePerGas})`)
  if (blobVersionedHashes === undefined) return { ...request, ...filled }
  return { ...request, ...filled, maxFeePerBlobGas: maxFeePerBlobGas ?? 2n * (blobBaseFee() ?? 0n) }
}

function incomplete(message: string): RpcError {
  return new RpcError({ code: 'invalidInput', message })
}
