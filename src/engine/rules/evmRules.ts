/** Which Ethereum rules a block executes under, reduced to the questions the engine asks. EIP numbers are named at each field. */
import type { EthereumFork } from '../../spec/ethereumSpec.ts'
import { FORKS, type ForkExecution } from '../../spec/forks.ts'
import type { ForkName } from '../../spec/rollupSpec.ts'
import { UNZEN_ZK_SCHEDULE, type ZkSchedule } from '../../spec/zkSchedule.ts'

export type EvmRules = {
  /** Rollup blocks begin at Shanghai; the older ones are plain Ethereum's. */
  readonly fork: EthereumFork
  /** The higher of the two values of s is no signature (EIP-2). */
  readonly lowSignatures: boolean
  /** Legacy signatures may name the chain (EIP-155). */
  readonly signaturesNameChain: boolean
  /** A transaction that creates a contract pays this on top (EIP-2). */
  readonly creationGas: bigint
  /** Of a byte of calldata that is not zero (EIP-2028). */
  readonly calldataByteGas: bigint
  /** Touched accounts that are empty go (EIP-161). */
  readonly clearsEmptyAccounts: boolean
  /** Receipts say whether a transaction succeeded (EIP-658); before, they hold the state root after it. */
  readonly receiptsHoldStatus: boolean
  /** Transaction types that may execute, by EIP-2718 number. */
  readonly transactionTypes: readonly number[]
  /** Refunds give back at most this part of the gas used (EIP-3529). */
  readonly refundQuotient: bigint
  /** The coinbase is warm from the start (EIP-3651). */
  readonly warmCoinbase: boolean
  /** Initcode has a largest size and a price per word (EIP-3860). */
  readonly meteredInitcode: boolean
  /** Blob opcodes and the point-evaluation precompile (EIP-4844): the KZG library must be loaded. */
  readonly usesKzg: boolean
  /** Most blobs one transaction may carry. EIP-4844, EIP-7691, EIP-7594. */
  readonly blobsPerTransactionMax: number
  /** SELFDESTRUCT deletes only what the same transaction created (EIP-6780). */
  readonly destroysOnlyNew: boolean
  /** Calldata has a price floor (EIP-7623). */
  readonly calldataFloor: boolean
  /** Largest gas limit of one transaction (EIP-7825). */
  readonly transactionGasMax?: bigint
  /** A rollup block counts zk gas, and says it as its difficulty. */
  readonly zkGas?: ZkSchedule
}

const FRONTIER: EvmRules = {
  fork: 'frontier',
  lowSignatures: false,
  signaturesNameChain: false,
  creationGas: 0n,
  calldataByteGas: 68n,
  clearsEmptyAccounts: false,
  receiptsHoldStatus: false,
  transactionTypes: [0],
  refundQuotient: 2n,
  warmCoinbase: false,
  meteredInitcode: false,
  usesKzg: false,
  blobsPerTransactionMax: 0,
  destroysOnlyNew: false,
  calldataFloor: false,
}
const HOMESTEAD: EvmRules = {
  ...FRONTIER,
  fork: 'homestead',
  lowSignatures: true,
  creationGas: 32_000n,
}
const SPURIOUS_DRAGON: EvmRules = {
  ...HOMESTEAD,
  fork: 'spuriousDragon',
  signaturesNameChain: true,
  clearsEmptyAccounts: true,
}
const BYZANTIUM: EvmRules = { ...SPURIOUS_DRAGON, fork: 'byzantium', receiptsHoldStatus: true }
const ISTANBUL: EvmRules = { ...BYZANTIUM, fork: 'istanbul', calldataByteGas: 16n }
const BERLIN: EvmRules = { ...ISTANBUL, fork: 'berlin', transactionTypes: [0, 1] }
const LONDON: EvmRules = { ...BERLIN, fork: 'london', transactionTypes: [0, 1, 2], refundQuotient: 5n }
const SHANGHAI: EvmRules = { ...LONDON, fork: 'shanghai', warmCoinbase: true, meteredInitcode: true }
const CANCUN: EvmRules = {
  ...SHANGHAI,
  fork: 'cancun',
  transactionTypes: [0, 1, 2, 3],
  usesKzg: true,
  blobsPerTransactionMax: 6,
  destroysOnlyNew: true,
}
const PRAGUE: EvmRules = {
  ...CANCUN,
  fork: 'prague',
  transactionTypes: [0, 1, 2, 3, 4],
  blobsPerTransactionMax: 9,
  calldataFloor: true,
}
const OSAKA: EvmRules = {
  ...PRAGUE,
  fork: 'osaka',
  blobsPerTransactionMax: 6,
  transactionGasMax: 1n << 24n,
}

/** Ethereum's own rules, each fork as a change of the one before. */
const ETHEREUM: Readonly<Record<EthereumFork, EvmRules>> = {
  frontier: FRONTIER,
  homestead: HOMESTEAD,
  tangerineWhistle: { ...HOMESTEAD, fork: 'tangerineWhistle' },
  spuriousDragon: SPURIOUS_DRAGON,
  byzantium: BYZANTIUM,
  constantinople: { ...BYZANTIUM, fork: 'constantinople' },
  petersburg: { ...BYZANTIUM, fork: 'petersburg' },
  istanbul: ISTANBUL,
  berlin: BERLIN,
  london: LONDON,
  paris: { ...LONDON, fork: 'paris' },
  shanghai: SHANGHAI,
  cancun: CANCUN,
  prague: PRAGUE,
  osaka: OSAKA,
}

export function ethereumRules(fork: EthereumFork): EvmRules {
  return ETHEREUM[fork]
}

/** Osaka, metered (unzen.md §3). */
const UNZEN: EvmRules = {
  ...OSAKA,
  transactionTypes: [0, 1, 2, 4],
  blobsPerTransactionMax: 0,
  zkGas: UNZEN_ZK_SCHEDULE,
}

const ROLLUP: Readonly<Record<ForkExecution, EvmRules>> = { shanghai: SHANGHAI, unzen: UNZEN }

/** The rules of a rollup block (taiko.md §2.8): blob transactions never execute, whatever the fork. */
export function rollupRules(fork: ForkName): EvmRules {
  return ROLLUP[FORKS[fork].execution]
}
