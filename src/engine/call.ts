/** A message run for its answer alone, with the checks geth makes of `eth_call` (core/state_transition.go, internal/ethapi). */
import { Address as EvmAddress } from '@ethereumjs/util'
import { maxBigint, minBigint } from '../primitives/bigint.ts'
import { EMPTY_BYTES } from '../primitives/bytes.ts'
import type { BlockHeader } from '../primitives/header.ts'
import { hexToBytes, ZERO_ADDRESS } from '../primitives/hex.ts'
import { chainIdOf, type ExecutionSpec } from '../spec/executionSpec.ts'
import type { AncestorHashes, CallRequest, CallResult, StateOverrides } from './engine.ts'
import { createRunContext, type RunContext } from './evm.ts'
import { INITCODE_BYTES_MAX } from './rules/filter.ts'
import { intrinsicGas } from './rules/intrinsicGas.ts'
import { rulesAt } from './rules/rulesAt.ts'
import { type EvmMessage, runMessage } from './runMessage.ts'
import { OverlayState } from './state/overlay.ts'
import type { StateSource } from './state/source.ts'

/** Gas of a call that names none; geth's `--rpc.gascap`. */
const CALL_GAS_DEFAULT = 50_000_000n

export async function callMessage(input: {
  readonly execution: ExecutionSpec
  readonly request: CallRequest
  readonly header: BlockHeader
  readonly state: StateSource
  readonly ancestorHash: AncestorHashes
  readonly overrides?: StateOverrides
}): Promise<CallResult> {
  const { execution, request, header } = input
  const fees = callFees(request, header.baseFeePerGas ?? 0n)
  const state = new OverlayState(input.state)
  const context = await createRunContext({
    chainId: chainIdOf(execution),
    rules: rulesAt(execution, header),
    state,
    info: { ...header, baseFeePerGas: fees.baseFeePerGas },
    ancestorHash: input.ancestorHash,
  })
  await applyOverrides(state, input.overrides)
  const message = messageOf(request, fees.gasPrice)
  const refusal = await refusalOf(context, message, fees)
  if (refusal !== null) return { succeeded: false, returnData: EMPTY_BYTES, gasUsed: 0n, error: refusal }
  const tipPerGas = fees.gasPrice - fees.baseFeePerGas
  const result = await runMessage(context, message, (gasUsed) => [
    [hexToBytes(header.coinbase), gasUsed * tipPerGas],
  ])
  const { succeeded, returnData, gasUsed, error } = result
  return { succeeded, returnData, gasUsed, ...(error !== undefined && { error }) }
}

type CallFees = {
  readonly baseFeePerGas: bigint
  readonly gasPrice: bigint
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

/** A call that offers no price runs in a block without a base fee: BASEFEE is 0 there, as in geth. */
function callFees(request: CallRequest, baseFee: bigint): CallFees {
  const maxFeePerGas = request.gasPrice ?? request.maxFeePerGas ?? 0n
  const maxPriorityFeePerGas = request.gasPrice ?? request.maxPriorityFeePerGas ?? 0n
  if (maxFeePerGas === 0n && maxPriorityFeePerGas === 0n)
    return { baseFeePerGas: 0n, gasPrice: 0n, maxFeePerGas, maxPriorityFeePerGas }
  const gasPrice = minBigint(baseFee + maxPriorityFeePerGas, maxFeePerGas)
  return { baseFeePerGas: baseFee, gasPrice, maxFeePerGas, maxPriorityFeePerGas }
}

function messageOf(request: CallRequest, gasPrice: bigint): EvmMessage {
  return {
    sender: hexToBytes(request.from ?? ZERO_ADDRESS),
    to: request.to === undefined ? null : hexToBytes(request.to),
    value: request.value ?? 0n,
    data: request.data ?? EMPTY_BYTES,
    gasLimit: request.gas ?? CALL_GAS_DEFAULT,
    gasPrice,
    accessList: [],
    isCharged: true,
  }
}

/** What stops a call before it runs, in geth's words; its nonce and its code never do. */
async function refusalOf(context: RunContext, message: EvmMessage, fees: CallFees): Promise<string | null> {
  const { maxFeePerGas, maxPriorityFeePerGas, baseFeePerGas } = fees
  if (maxPriorityFeePerGas > maxFeePerGas)
    return `max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: ${maxPriorityFeePerGas}, maxFeePerGas: ${maxFeePerGas}`
  if (maxFeePerGas < baseFeePerGas)
    return `max fee per gas less than block base fee: maxFeePerGas: ${maxFeePerGas}, baseFee: ${baseFeePerGas}`
  const account = await context.state.getAccount(new EvmAddress(message.sender))
  const balance = account?.balance ?? 0n
  const cost = message.gasLimit * maxFeePerGas + message.value
  if (balance < cost) return `insufficient funds for gas * price + value: have ${balance} want ${cost}`
  const { gas, floor } = intrinsicGas(message, context.rules)
  const needed = maxBigint(gas, floor)
  if (message.gasLimit < needed) return `intrinsic gas too low: have ${message.gasLimit}, want ${needed}`
  if (context.rules.meteredInitcode && message.to === null && message.data.length > INITCODE_BYTES_MAX)
    return `max initcode size exceeded: code size ${message.data.length} limit ${INITCODE_BYTES_MAX}`
  return null
}

async function applyOverrides(state: OverlayState, overrides: StateOverrides = new Map()): Promise<void> {
  for (const [key, { balance, nonce, code, stateDiff }] of overrides) {
    const address = new EvmAddress(hexToBytes(key))
    if (balance !== undefined || nonce !== undefined)
      await state.modifyAccountFields(address, {
        ...(balance !== undefined && { balance }),
        ...(nonce !== undefined && { nonce }),
      })
    if (code !== undefined) await state.putCode(address, code)
    for (const [slot, value] of stateDiff ?? []) await state.putStorage(address, hexToBytes(slot), value)
  }
}
