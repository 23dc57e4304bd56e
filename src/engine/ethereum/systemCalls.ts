/** Calls that the protocol itself makes around a block's transactions. EIP-4788, EIP-2935, EIP-7002, EIP-7251. */
import { Address as EvmAddress } from '@ethereumjs/util'
import { EMPTY_BYTES } from '../../primitives/bytes.ts'
import { type Address, hexToBytes } from '../../primitives/hex.ts'
import type { RunContext } from '../evm.ts'

/** EIP-4788. */
export const BEACON_ROOTS: Address = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
/** EIP-2935. */
export const HISTORY_STORAGE: Address = '0x0000f90827f1c53a10cb7a02335b175320002935'
/** EIP-7002. */
export const WITHDRAWAL_REQUESTS: Address = '0x00000961ef480eb55e80d19ad83579a64c007002'
/** EIP-7251. */
export const CONSOLIDATION_REQUESTS: Address = '0x0000bbddc7ce488642fb579f8b00f3a590007251'

const SYSTEM_ADDRESS: Address = '0xfffffffffffffffffffffffffffffffffffffffe'
/** Neither paid nor counted in the block. */
const SYSTEM_GAS = 30_000_000n

export type SystemCallResult = {
  /** False: the address has no code, and nothing happened. */
  readonly hasCode: boolean
  readonly succeeded: boolean
  readonly returnData: Uint8Array
}

/** Not between the checkpoints of a transaction. Throws when the state could not answer. */
export async function runSystemCall(
  { evm, state, block }: RunContext,
  to: Address,
  data: Uint8Array,
): Promise<SystemCallResult> {
  const address = new EvmAddress(hexToBytes(to))
  try {
    if ((await state.getCodeSize(address)) === 0)
      return { hasCode: false, succeeded: true, returnData: EMPTY_BYTES }
    state.originalStorageCache.clear()
    evm.journal.cleanJournal()
    await evm.journal.checkpoint()
    const { execResult } = await evm.runCall({
      block,
      caller: new EvmAddress(hexToBytes(SYSTEM_ADDRESS)),
      gasPrice: 0n,
      gasLimit: SYSTEM_GAS,
      to: address,
      value: 0n,
      data,
      skipNonceIncrement: true,
    })
    // The caller was touched and stays out of the state.
    await evm.journal.cleanup()
    await evm.journal.commit()
    const succeeded = execResult.exceptionError === undefined
    return { hasCode: true, succeeded, returnData: execResult.returnValue }
  } finally {
    state.assertComplete()
  }
}
