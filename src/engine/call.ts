/** A message run for its answer alone, as geth's `eth_call` does (internal/ethapi). */
import { EMPTY_BYTES } from '../primitives/bytes.ts'
import { type BlockHeader, headerHash } from '../primitives/header.ts'
import { hexToBytes, ZERO_HASH } from '../primitives/hex.ts'
import { chainIdOf, type ExecutionSpec } from '../spec/executionSpec.ts'
import { blockInfoOf } from './blockInfo.ts'
import { type CallFees, callFees, callMessageOf, refuseCall } from './callRequest.ts'
import type { AncestorHashes, BlockOverrides, CallRequest, CallResult, StateOverrides } from './engine.ts'
import { createRunContext, type EvmBlockInfo, type RunContext } from './evm.ts'
import { applyStateOverrides, overrideHeader } from './overrides.ts'
import { rulesAt } from './rules/rulesAt.ts'
import { type EvmMessage, runMessage } from './runMessage.ts'
import { OverlayState } from './state/overlay.ts'
import type { StateSource } from './state/source.ts'

/** Gas of a call that names none; geth's `--rpc.gascap`. */
const CALL_GAS_DEFAULT = 50_000_000n

/** What a call works with. */
export type CallInput = {
  readonly execution: ExecutionSpec
  readonly request: CallRequest
  readonly header: BlockHeader
  readonly state: StateSource
  readonly ancestorHash: AncestorHashes
  readonly overrides?: StateOverrides
  readonly blockOverrides?: BlockOverrides
}

export async function callMessage(input: CallInput): Promise<CallResult> {
  const { context, message, fees, refusal } = await prepareCall(input)
  if (refusal !== null) return refusedCall(refusal)
  const refused = await refuseCall(context, message, fees, { allowsFree: true })
  return refused === null ? runCall(context, message) : refusedCall(refused.message)
}

export type PreparedCall = {
  readonly context: RunContext
  readonly message: EvmMessage
  readonly fees: CallFees
  /** Why the overrides cannot be applied. */
  readonly refusal: string | null
}

/** The message, and an EVM on the state as it was asked for. */
export async function prepareCall(input: CallInput): Promise<PreparedCall> {
  const { execution, request } = input
  const { blockOverrides = {} } = input
  const header = overrideHeader(input.header, blockOverrides)
  const fees = callFees(request, header.baseFeePerGas ?? 0n)
  const info = infoFor(request, fees, blockInfoOf(execution, header, blockOverrides.blobBaseFee))
  const ancestorHash = ancestorsOf(input)
  const context = await createRunContext({
    chainId: chainIdOf(execution),
    rules: rulesAt(execution, header),
    state: new OverlayState(input.state),
    info:
      header.number === input.header.number
        ? info
        : { ...info, parentHash: await ancestorHash(header.number - 1n) },
    ancestorHash,
  })
  const message = callMessageOf({ ...request, gas: request.gas ?? CALL_GAS_DEFAULT }, fees, info.blobBaseFee)
  return { context, message, fees, refusal: await applyStateOverrides(context, input.overrides) }
}

/** Its context is of no more use afterwards. */
export async function runCall(context: RunContext, message: EvmMessage): Promise<CallResult> {
  const { info } = context
  const tipPerGas = message.gasPrice - info.baseFeePerGas
  const result = await runMessage(context, message, (gasUsed) => [
    [hexToBytes(info.coinbase), gasUsed * tipPerGas],
  ])
  const { succeeded, returnData, gasUsed, gasUsedAtMost, error } = result
  return { succeeded, returnData, gasUsed, gasUsedAtMost, ...(error !== undefined && { error }) }
}

function refusedCall(error: string): CallResult {
  return { succeeded: false, returnData: EMPTY_BYTES, gasUsed: 0n, gasUsedAtMost: 0n, error }
}

/** A call that offers no price runs in a block without a base fee: BASEFEE is 0 there, as in geth; likewise for blobs. */
function infoFor(request: CallRequest, fees: CallFees, info: EvmBlockInfo): EvmBlockInfo {
  const isFree = fees.gasPrice === 0n
  const hasFreeBlobs = request.blobVersionedHashes !== undefined && fees.maxFeePerBlobGas === 0n
  return { ...info, ...(isFree && { baseFeePerGas: 0n }), ...(hasFreeBlobs && { blobBaseFee: 0n }) }
}

/** In a block that is put elsewhere, those after the one whose state it has are not known: their hashes are zero. */
function ancestorsOf({ header, ancestorHash }: CallInput): AncestorHashes {
  return (number) => {
    if (number === header.number) return headerHash(header)
    return number > header.number || number < 0n ? ZERO_HASH : ancestorHash(number)
  }
}
