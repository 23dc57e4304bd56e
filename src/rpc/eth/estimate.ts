/** The least gas a message needs, found as geth finds it: run at the ceiling, then halve. */
import type { CallRequest, CallResult } from '../../engine/engine.ts'
import { GAS_PER_BLOB } from '../../engine/rules/filter.ts'
import { maxBigint, minBigint } from '../../primitives/bigint.ts'
import { RpcError } from '../errors.ts'

/** Intrinsic gas of a plain transfer: nothing needs less. */
const TRANSFER_GAS = 21_000n
/** A call with value receives this much on top (EIP-150's stipend), which may hide a need. */
const STIPEND_GAS = 2300n

export type EstimateInput = {
  readonly request: CallRequest
  /** Of the sender, wei. */
  readonly balance: bigint
  /** No code is run: the answer is known but for one trial. */
  readonly isTransfer: boolean
  /** Of the block: what a message may have that names no gas. */
  readonly blockGasLimit: bigint
  /** The node's cap, or that on one transaction (EIP-7825). */
  readonly gasMax: bigint
}

export type EstimateOutcome =
  | { readonly type: 'estimated'; readonly gas: bigint }
  /** It fails with all the gas it may have, for a reason that more gas would not mend. */
  | { readonly type: 'failed'; readonly result: CallResult }

/** The answer is at most 1.5 % above the least gas that works, as geth's. */
export async function estimateGas(
  input: EstimateInput,
  run: (request: CallRequest) => Promise<CallResult>,
): Promise<EstimateOutcome> {
  const { request, isTransfer } = input
  const runWith = (gas: bigint) => run({ ...request, gas })
  let high = affordableGas(input)
  if (isTransfer && high >= TRANSFER_GAS && (await runWith(TRANSFER_GAS)).succeeded)
    return { type: 'estimated', gas: TRANSFER_GAS }
  const first = await runWith(high)
  if (!first.succeeded) {
    if (!needsMoreGas(first)) return { type: 'failed', result: first }
    throw new RpcError({ code: 'invalidInput', message: `gas required exceeds allowance (${high})` })
  }
  let low = maxBigint(first.gasUsed, TRANSFER_GAS) - 1n
  // A call may need more than it uses, since 1/64 stays behind at each call (EIP-150); most need just this.
  const likely = ((first.gasUsedAtMost + STIPEND_GAS) * 64n) / 63n // rounds down, as geth does
  if (likely < high) {
    if ((await runWith(likely)).succeeded) high = likely
    else low = likely
  }
  while (low + 1n < high && (high - low) * 1000n >= high * 15n) {
    const middle = minBigint((low + high) / 2n, low * 2n)
    if ((await runWith(middle)).succeeded) high = middle
    else low = middle
  }
  return { type: 'estimated', gas: high }
}

function needsMoreGas({ error }: CallResult): boolean {
  return error === 'out of gas' || error?.startsWith('intrinsic gas too low') === true
}

function affordableGas({ request, balance, blockGasLimit, gasMax }: EstimateInput): bigint {
  const { gas = 0n, value = 0n, blobVersionedHashes = [], maxFeePerBlobGas = 0n } = request
  const asked = minBigint(gas >= TRANSFER_GAS ? gas : blockGasLimit, gasMax)
  const price = request.gasPrice ?? request.maxFeePerGas ?? 0n
  if (price === 0n) return asked
  const blobs = GAS_PER_BLOB * BigInt(blobVersionedHashes.length) * maxFeePerBlobGas
  // What is left must pay for some gas, so nothing left is too little.
  const left = balance - value - blobs
  if (left <= 0n) throw new RpcError({ code: 'invalidInput', message: 'insufficient funds for transfer' })
  return minBigint(asked, left / price)
}
