/** What a caller changes before his message runs. https://geth.ethereum.org/docs/interacting-with-geth/rpc/objects; execution-apis, `eth_simulateV1`. */
import type { PrecompileFunc } from '@ethereumjs/evm'
import { Account, Address as EvmAddress } from '@ethereumjs/util'
import type { BlockHeader } from '../primitives/header.ts'
import { type Address, hexToBytes } from '../primitives/hex.ts'
import type { AccountOverride, BlockOverrides, StateOverrides } from './engine.ts'
import type { RunContext } from './evm.ts'
import type { OverlayState } from './state/overlay.ts'

/** Answers why it cannot be done, in geth's words; then the context is of no more use. */
export async function applyStateOverrides(
  { evm, state }: Pick<RunContext, 'evm' | 'state'>,
  overrides: StateOverrides = new Map(),
): Promise<string | null> {
  const moved = new Set<Address>()
  // In the order of addresses, so that what is refused does not hang on how the request was written.
  const sorted = [...overrides].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [address, override] of sorted) {
    if (moved.has(address)) return `account ${address} has already been overridden by a precompile`
    const refusal = movePrecompile(evm.precompiles, address, override, overrides)
    if (refusal !== null) return refusal
    if (override.movePrecompileTo !== undefined) moved.add(override.movePrecompileTo)
    if (override.state !== undefined && override.stateDiff !== undefined)
      return `account ${address} has both 'state' and 'stateDiff'`
    await overrideAccount(state, new EvmAddress(hexToBytes(address)), override)
  }
  return null
}

/** Whatever of a precompile's account is changed, its native code is gone from there. */
function movePrecompile(
  precompiles: Map<string, PrecompileFunc>,
  address: Address,
  { movePrecompileTo: target }: AccountOverride,
  overrides: StateOverrides,
): string | null {
  const precompile = precompiles.get(address.slice(2))
  if (target !== undefined) {
    if (precompile === undefined) return `account ${address} is not a precompile`
    if (overrides.has(target)) return `account ${target} is already overridden`
    precompiles.set(target.slice(2), precompile)
  }
  if (precompile !== undefined) precompiles.delete(address.slice(2))
  return null
}

async function overrideAccount(
  state: OverlayState,
  address: EvmAddress,
  override: AccountOverride,
): Promise<void> {
  const { balance, nonce, code, state: storage, stateDiff = new Map() } = override
  if (balance !== undefined || nonce !== undefined)
    await state.modifyAccountFields(address, {
      ...(balance !== undefined && { balance }),
      ...(nonce !== undefined && { nonce }),
    })
  if (code !== undefined) await state.putCode(address, code)
  const slots = storage ?? stateDiff
  if (storage === undefined && slots.size === 0) return
  // Storage belongs to an account, empty as it may be.
  await state.putAccount(address, (await state.getAccount(address)) ?? new Account())
  if (storage !== undefined) await state.clearStorage(address)
  for (const [slot, value] of slots) await state.putStorage(address, hexToBytes(slot), value)
}

/** The header of a block that differs from `header` in what a caller said. Its price of blobs is no field of a header. */
export function overrideHeader(header: BlockHeader, overrides: BlockOverrides = {}): BlockHeader {
  const { number, difficulty, time, gasLimit, feeRecipient, prevRandao, baseFeePerGas } = overrides
  return {
    ...header,
    ...(number !== undefined && { number }),
    ...(difficulty !== undefined && { difficulty }),
    ...(time !== undefined && { timestamp: time }),
    ...(gasLimit !== undefined && { gasLimit }),
    ...(feeRecipient !== undefined && { coinbase: feeRecipient }),
    ...(prevRandao !== undefined && { mixHash: prevRandao }),
    ...(baseFeePerGas !== undefined && { baseFeePerGas }),
  }
}
