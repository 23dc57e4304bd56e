/** One end of the bridge: a layer's RPC and the contract there. Reads, and transactions that are sent once. */
import {
  type Abi,
  type ContractFunctionArgs,
  type ContractFunctionName,
  decodeFunctionResult,
  encodeFunctionData,
  type LocalAccount,
} from 'viem'
import type { RpcRequest } from '../l1/rpcEndpoint.ts'
import { sleep } from '../primitives/async.ts'
import { toSafeNumber } from '../primitives/bigint.ts'
import { CriticalError } from '../primitives/errors.ts'
import { type Address, type Hash, type Hex, hexToBytes, toQuantity } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { classifySendError } from '../propose/sendErrors.ts'

export type BridgeEnd = {
  /** As sentences call it. */
  readonly name: 'L1' | 'L2'
  readonly rpc: RpcRequest
  readonly chainId: bigint
  readonly bridge: Address
}

/** As much of an end as sending to it takes. */
type Layer = Pick<BridgeEnd, 'name' | 'rpc'>

export type Receipt = {
  readonly succeeded: boolean
  readonly blockNumber: bigint
  readonly logs: readonly {
    readonly address: Address
    readonly topics: readonly Hash[]
    readonly data: Hex
  }[]
}

export type SignedTransaction = { readonly raw: Hex; readonly hash: Hash }

/** Base fees may grow so many times before a transaction no longer pays; one that waits for its turn by force needs more. */
export const PROMPT_FEE_HEADROOM = 2n
export const PATIENT_FEE_HEADROOM = 32n
/** State may change between estimate and inclusion. Percent. */
const GAS_MARGIN = 30n

export async function readContract<
  const TAbi extends Abi,
  TName extends ContractFunctionName<TAbi, 'view'>,
  TArgs extends ContractFunctionArgs<TAbi, 'view', TName>,
>(
  rpc: RpcRequest,
  to: Address,
  call: { readonly abi: TAbi; readonly functionName: TName; readonly args?: TArgs },
  signal?: AbortSignal,
) {
  const data = encodeFunctionData(call as unknown as Parameters<typeof encodeFunctionData>[0])
  const answer = (await rpc('eth_call', [{ to, data }, 'latest'], signal)) as Hex
  if (answer === '0x') throw new CriticalError(`there is no contract of ours at ${to}; check the address`)
  const input = { ...call, data: answer } as unknown as Parameters<typeof decodeFunctionResult>[0]
  return decodeFunctionResult(input) as ReturnType<typeof decodeFunctionResult<TAbi, TName, TArgs>>
}

/** A signed EIP-1559 transaction with the account's next nonce; nothing is sent. */
export async function signCall(
  end: BridgeEnd,
  account: LocalAccount,
  call: { readonly to: Address; readonly data: Hex; readonly value: bigint; readonly feeHeadroom: bigint },
  signal?: AbortSignal,
): Promise<SignedTransaction> {
  const { rpc } = end
  const { to, data, value } = call
  const [nonce, block, tip] = await Promise.all([
    rpc('eth_getTransactionCount', [account.address, 'pending'], signal) as Promise<Hex>,
    rpc('eth_getBlockByNumber', ['latest', false], signal) as Promise<{ baseFeePerGas: Hex }>,
    rpc('eth_maxPriorityFeePerGas', [], signal) as Promise<Hex>,
  ])
  const estimate = (await rpc(
    'eth_estimateGas',
    [{ from: account.address, to, data, value: toQuantity(value) }],
    signal,
  )) as Hex
  const raw = await account.signTransaction({
    type: 'eip1559',
    chainId: toSafeNumber(end.chainId),
    nonce: toSafeNumber(BigInt(nonce)),
    to,
    data,
    value,
    gas: (BigInt(estimate) * (100n + GAS_MARGIN)) / 100n, // rounds down
    maxFeePerGas: call.feeHeadroom * BigInt(block.baseFeePerGas) + BigInt(tip),
    maxPriorityFeePerGas: BigInt(tip),
  })
  return { raw, hash: keccak256Hex(hexToBytes(raw)) }
}

/** Null while it is in no block. */
export async function findReceipt(end: Layer, hash: Hash, signal?: AbortSignal): Promise<Receipt | null> {
  const receipt = (await end.rpc('eth_getTransactionReceipt', [hash], signal)) as {
    status: Hex
    blockNumber: Hex
    logs: { address: string; topics: Hash[]; data: Hex }[]
  } | null
  if (receipt === null) return null
  return {
    succeeded: BigInt(receipt.status) === 1n,
    blockNumber: BigInt(receipt.blockNumber),
    logs: receipt.logs.map((log) => ({ ...log, address: log.address.toLowerCase() as Address })),
  }
}

/** Sends it for as long as the layer does not know it, and waits until it is in a block. Throws a CriticalError if it reverted. */
export async function landTransaction(
  end: Layer,
  transaction: SignedTransaction,
  options: { readonly pollMs: number; readonly signal: AbortSignal },
): Promise<Receipt> {
  const { hash } = transaction
  const { signal } = options
  for (;;) {
    const receipt = await findReceipt(end, hash, signal)
    if (receipt?.succeeded) return receipt
    if (receipt) throw new CriticalError(`${hash} reverted on ${end.name}; nothing was moved`)
    if ((await end.rpc('eth_getTransactionByHash', [hash], signal)) === null) {
      await sendAgain(end, transaction, signal)
    }
    await sleep(options.pollMs, signal)
  }
}

async function sendAgain(end: Layer, { raw, hash }: SignedTransaction, signal: AbortSignal): Promise<void> {
  try {
    await end.rpc('eth_sendRawTransaction', [raw], signal)
  } catch (error) {
    const kind = classifySendError(error)
    if (kind === 'alreadyKnown') return
    if (kind !== 'nonceTooLow') throw error
    // Mined in the meantime, or never to be.
    if ((await findReceipt(end, hash, signal)) === null)
      throw new CriticalError(
        `${hash} can no longer be mined: another transaction of its account took its nonce; start again with another file`,
      )
  }
}
