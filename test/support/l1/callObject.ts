/** A call as `eth_call` and `eth_estimateGas` take it, and how a client words its revert. */
import { toFunctionSelector } from 'viem'
import { type Address, type Hash, type Hex, hexToBytes, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import type { L1Transaction } from './calls.ts'
import { decodeCall } from './decodeCall.ts'
import type { Outcome } from './execute.ts'
import { RpcError } from './rpcError.ts'

export type CallObject = {
  readonly from?: string
  readonly to?: string
  readonly data?: Hex
  readonly input?: Hex
  readonly value?: string
  readonly blobVersionedHashes?: readonly Hash[]
}

export type CallTransaction = Pick<L1Transaction, 'call' | 'from' | 'gas' | 'input'>

const CALL_GAS = 30_000_000n

export function toTransaction(inbox: Address, call: CallObject): CallTransaction {
  const input = hexToBytes(call.input ?? call.data ?? '0x')
  const from = (call.from ?? ZERO_ADDRESS).toLowerCase() as Address
  const to = (call.to ?? ZERO_ADDRESS).toLowerCase() as Address
  const value = BigInt(call.value ?? 0)
  const blobHashes = call.blobVersionedHashes ?? []
  return { call: decodeCall(inbox, { from, to, input, value, blobHashes }), from, gas: CALL_GAS, input }
}

/** As geth does; the contracts' errors have no arguments. */
export function revertError(outcome: Extract<Outcome, { type: 'reverted' }>): RpcError {
  const data = outcome.error === undefined ? '0x' : toFunctionSelector(`${outcome.error}()`)
  return new RpcError(3, 'execution reverted', data)
}
