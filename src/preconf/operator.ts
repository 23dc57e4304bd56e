/**
 * An operator of L1 proposers, as its owner runs it: register, opt in, claim validators, opt out. Each step is looked up before it is
 * sent, and simulated, so that doing it twice costs nothing and a refusal has a name.
 */
import {
  type Abi,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  HttpRequestError,
  http,
  type PublicClient,
  TimeoutError,
} from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { maxBigint } from '../primitives/bigint.ts'
import { CriticalError } from '../primitives/errors.ts'
import type { Address, Hash, Hex } from '../primitives/hex.ts'
import { REGISTRY_ABI, WHERE_ABI } from './registryAbi.ts'

export type OperatorContracts = {
  readonly schedule: Address
  readonly registry: Address
  readonly slasher: Address
  readonly validatorMap: Address
  readonly slotsPerEpoch: bigint
  readonly gloasForkEpoch: bigint
}

export type L1Client = Pick<
  PublicClient,
  | 'readContract'
  | 'simulateContract'
  | 'estimateGas'
  | 'waitForTransactionReceipt'
  | 'getBlock'
  | 'getChainId'
>

export type Transaction = {
  readonly address: Address
  readonly abi: Abi
  readonly functionName: string
  readonly args: readonly unknown[]
  /** Wei. */
  readonly value?: bigint
  /** Gas limit not to go below: some servers' estimates do not see that a call asks for gas which it does not use. */
  readonly gasMin?: bigint
}

export type Owner = {
  readonly address: Address
  /** Waits for the receipt. CriticalError, with the contract's own reason, for what the contract refuses. */
  send(transaction: Transaction): Promise<{ readonly hash: Hash; readonly gasUsed: bigint }>
}

/** What the chain says about an operator. */
export type OperatorStatus = {
  readonly owner: Address
  readonly keys: number
  readonly collateralWei: bigint
  /** Seconds since the Unix epoch, as all times here. */
  readonly registeredAt: bigint
  /** From when on it can opt in. */
  readonly usableFrom: bigint
  /** Absent while registered. */
  readonly unregisteredAt?: bigint
  readonly isDeleted: boolean
  /** Absent before the first opt-in. */
  readonly optIn?: {
    readonly committer: Address
    readonly optedInAt: bigint
    readonly optedOutAt?: bigint
    readonly bondWei: bigint
    readonly isActive: boolean
  }
  /** Another account that may post for the operator. */
  readonly poster?: Address
}

export function createL1Client(url: string): PublicClient {
  return createPublicClient({ transport: http(url), pollingInterval: 500 })
}

/** From the inbox to the contracts an operator needs. CriticalError where proposing is not by the lookahead. */
export async function findContracts(l1: L1Client, inbox: Address): Promise<OperatorContracts> {
  const read = <T>(address: Address, functionName: string) =>
    l1.readContract({ address, abi: WHERE_ABI as Abi, functionName }) as Promise<T>
  const { proposerChecker } = await read<{ proposerChecker: Address }>(inbox, 'getConfig')
  try {
    const [registry, slasher, validatorMap, beacon] = await Promise.all([
      read<Address>(proposerChecker, 'registry'),
      read<Address>(proposerChecker, 'slasher'),
      read<Address>(proposerChecker, 'validatorMap'),
      read<{ slotsPerEpoch: number; gloasForkEpoch: bigint }>(proposerChecker, 'beaconSettings'),
    ])
    return {
      schedule: lower(proposerChecker),
      registry: lower(registry),
      slasher: lower(slasher),
      validatorMap: lower(validatorMap),
      slotsPerEpoch: BigInt(beacon.slotsPerEpoch),
      gloasForkEpoch: beacon.gloasForkEpoch,
    }
  } catch (cause) {
    if (isUnanswered(cause)) throw cause
    throw new CriticalError(
      `the schedule ${lower(proposerChecker)} of inbox ${inbox} is no lookahead schedule: there is nothing to opt in to`,
      { cause },
    )
  }
}

/** Undefined for a root nobody registered. */
export async function readOperator(
  l1: L1Client,
  contracts: OperatorContracts,
  root: Hash,
): Promise<OperatorStatus | undefined> {
  const registry = { address: contracts.registry, abi: REGISTRY_ABI } as const
  const [config, operator, optIn, isActive, poster] = await Promise.all([
    l1.readContract({ ...registry, functionName: 'getConfig' }),
    l1.readContract({ ...registry, functionName: 'getOperatorData', args: [root] }),
    l1.readContract({ ...registry, functionName: 'getSlasherCommitment', args: [root, contracts.slasher] }),
    l1.readContract({ ...registry, functionName: 'isOptedIntoSlasher', args: [root, contracts.slasher] }),
    l1.readContract({ address: contracts.schedule, abi: WHERE_ABI, functionName: 'posters', args: [root] }),
  ])
  if (operator.registeredAt === 0) return undefined
  return {
    owner: lower(operator.owner),
    keys: operator.numKeys,
    collateralWei: operator.collateralWei,
    registeredAt: BigInt(operator.registeredAt),
    usableFrom: BigInt(operator.registeredAt) + BigInt(config.fraudProofWindow),
    ...(operator.unregisteredAt !== UINT48_MAX && { unregisteredAt: BigInt(operator.unregisteredAt) }),
    isDeleted: operator.deleted,
    ...(optIn.optedInAt > 0 && {
      optIn: {
        committer: lower(optIn.committer),
        optedInAt: BigInt(optIn.optedInAt),
        ...(optIn.optedOutAt > 0 && { optedOutAt: BigInt(optIn.optedOutAt) }),
        bondWei: optIn.bondWei,
        isActive,
      },
    }),
    ...(BigInt(poster) !== 0n && { poster: lower(poster) }),
  }
}

/** @param key Private key of the account that owns the operator and pays for its transactions. */
export async function createOwner(l1: L1Client, url: string, key: Hex): Promise<Owner> {
  const account: PrivateKeyAccount = privateKeyToAccount(key)
  const id = await l1.getChainId()
  const chain = defineChain({
    id,
    name: `chain ${id}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  })
  const wallet = createWalletClient({ account, chain, transport: http(url) })
  return {
    address: lower(account.address),
    async send(transaction) {
      const { address, abi, functionName, args, value = 0n, gasMin = 0n } = transaction
      const call = { address, abi, functionName, args, value }
      // By address: with the account itself, viem adds fees that not every server takes in an estimate.
      const from = account.address
      await l1.simulateContract({ ...call, account: from }).catch((cause: unknown) => {
        throw new CriticalError(`${functionName} would fail: ${reasonOf(cause)}`, { cause })
      })
      const data = encodeFunctionData({ abi, functionName, args })
      const [estimate, { baseFeePerGas }] = await Promise.all([
        l1.estimateGas({ account: from, to: address, data, value }),
        l1.getBlock(),
      ])
      const hash = await wallet.sendTransaction({
        to: address,
        data,
        value,
        gas: maxBigint((estimate * GAS_MARGIN) / 100n, gasMin),
        maxPriorityFeePerGas: PRIORITY_FEE,
        maxFeePerGas: 2n * (baseFeePerGas ?? 0n) + PRIORITY_FEE,
      })
      const receipt = await l1.waitForTransactionReceipt({ hash })
      if (receipt.status !== 'success')
        throw new CriticalError(`${functionName} failed on L1 in transaction ${hash}`)
      return { hash, gasUsed: receipt.gasUsed }
    },
  }
}

/** The server, not the contract, is what failed. */
function isUnanswered(error: unknown): boolean {
  const isTransport = (each: unknown) => each instanceof HttpRequestError || each instanceof TimeoutError
  return error instanceof BaseError && error.walk(isTransport) !== null
}

/** The contract's own word for it, where it has one. */
function reasonOf(error: unknown): string {
  const revert =
    error instanceof BaseError
      ? error.walk((each) => each instanceof ContractFunctionRevertedError)
      : undefined
  if (revert instanceof ContractFunctionRevertedError)
    return revert.data?.errorName ?? revert.signature ?? revert.shortMessage
  return error instanceof BaseError ? error.shortMessage : String(error)
}

/** Percent of an estimate: state moves on between the estimate and the block. */
const GAS_MARGIN = 130n
/** Wei per gas. */
const PRIORITY_FEE = 10n ** 9n

/** In the registry: not unregistered. */
const UINT48_MAX = 2 ** 48 - 1

function lower(address: Address): Address {
  return address.toLowerCase() as Address
}
