/** Transactions to this L1, mined on request. Every field is given here: viem's gas estimate is one that its execution client refuses. */
import { type Abi, encodeDeployData, type LocalAccount } from 'viem'
import type { Address, Hash, Hex } from '../../../src/primitives/hex.ts'
import type { PosL1 } from './startPosL1.ts'

export type TransactionRequest = {
  readonly account: LocalAccount
  /** Absent: a contract is made of `data`. */
  readonly to?: Address
  readonly data?: Hex
  /** Wei. */
  readonly value?: bigint
  /** Default 10 million. */
  readonly gas?: bigint
  /** Default: the account's next, by its mined transactions. */
  readonly nonce?: number
}

/** The part of a receipt that tests read, in the form of JSON-RPC. */
export type Receipt = {
  readonly status: Hex
  readonly blockNumber: Hex
  readonly blockHash: Hash
  readonly transactionHash: Hash
  readonly contractAddress: Address | null
  readonly gasUsed: Hex
  readonly logs: readonly {
    readonly address: Address
    readonly topics: readonly Hash[]
    readonly data: Hex
  }[]
}

const GWEI = 10n ** 9n
/** Blocks made for one transaction; it is in the first, unless its pool does not offer it yet. */
const BLOCKS_MAX = 5

/** Puts it into the pool. */
export async function sendTransaction(l1: PosL1, request: TransactionRequest): Promise<Hash> {
  const { account, to, data, value = 0n, gas = 10_000_000n } = request
  const raw = await account.signTransaction({
    type: 'eip1559',
    chainId: l1.chainId,
    nonce: request.nonce ?? (await nextNonce(l1, account.address)),
    maxFeePerGas: 100n * GWEI,
    maxPriorityFeePerGas: GWEI,
    ...{ value, gas },
    ...(to === undefined ? {} : { to }),
    ...(data === undefined ? {} : { data }),
  })
  return (await l1.rpc('eth_sendRawTransaction', [raw])) as Hash
}

/** Begins slots, or waits for them, until the transaction is in a block. */
export async function mineTransaction(l1: PosL1, hash: Hash): Promise<Receipt> {
  for (let blocks = 0; blocks < BLOCKS_MAX; blocks++) {
    await l1.nextSlot()
    const receipt = await l1.rpc('eth_getTransactionReceipt', [hash])
    if (receipt !== null) return receipt as Receipt
  }
  throw new Error(`${hash} is in none of the last ${BLOCKS_MAX} blocks`)
}

/** `status` 0x1, or an error. */
export async function executeTransaction(l1: PosL1, request: TransactionRequest): Promise<Receipt> {
  const receipt = await mineTransaction(l1, await sendTransaction(l1, request))
  if (receipt.status !== '0x1') throw new Error(`${receipt.transactionHash} failed`)
  return receipt
}

export async function deployContract(
  l1: PosL1,
  contract: {
    readonly account: LocalAccount
    readonly artifact: { readonly abi: Abi; readonly bytecode: Hex }
    readonly args?: readonly unknown[]
  },
): Promise<{ readonly address: Address; readonly receipt: Receipt }> {
  const { abi, bytecode } = contract.artifact
  const data = encodeDeployData({ abi, bytecode, args: contract.args ?? [] })
  const receipt = await executeTransaction(l1, { account: contract.account, data })
  if (receipt.contractAddress === null) throw new Error(`${receipt.transactionHash} made no contract`)
  return { address: receipt.contractAddress.toLowerCase() as Address, receipt }
}

export async function nextNonce(l1: PosL1, address: Address): Promise<number> {
  return Number(await l1.rpc('eth_getTransactionCount', [address, 'latest']))
}
