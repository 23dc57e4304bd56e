/** Which Ethereum rules a block executes under, reduced to the questions the engine asks. EIP numbers are named at each field. */
import { CriticalError } from '../../primitives/errors.ts'
import type { ForkName } from '../../spec/rollupSpec.ts'

export type EvmFork = 'shanghai' | 'cancun' | 'prague' | 'osaka'

export type EvmRules = {
  readonly fork: EvmFork
  /** Transaction types that may execute, by EIP-2718 number. */
  readonly transactionTypes: readonly number[]
  /** Calldata has a price floor (EIP-7623). */
  readonly calldataFloor: boolean
  /** SELFDESTRUCT deletes only what the same transaction created (EIP-6780). */
  readonly destroysOnlyNew: boolean
  /** Largest gas limit of one transaction (EIP-7825). */
  readonly transactionGasMax?: bigint
  /** Most blobs one transaction may carry; absent where blob transactions do not execute. EIP-4844, EIP-7691, EIP-7594. */
  readonly blobsPerTransactionMax?: number
}

/** EIP-7825. */
const TRANSACTION_GAS_MAX = 1n << 24n

/** Ethereum's own rules, for test suites. */
const ETHEREUM: Readonly<Record<EvmFork, EvmRules>> = {
  shanghai: { fork: 'shanghai', transactionTypes: [0, 1, 2], calldataFloor: false, destroysOnlyNew: false },
  cancun: {
    fork: 'cancun',
    transactionTypes: [0, 1, 2, 3],
    calldataFloor: false,
    destroysOnlyNew: true,
    blobsPerTransactionMax: 6,
  },
  prague: {
    fork: 'prague',
    transactionTypes: [0, 1, 2, 3, 4],
    calldataFloor: true,
    destroysOnlyNew: true,
    blobsPerTransactionMax: 9,
  },
  osaka: {
    fork: 'osaka',
    transactionTypes: [0, 1, 2, 3, 4],
    calldataFloor: true,
    destroysOnlyNew: true,
    transactionGasMax: TRANSACTION_GAS_MAX,
    blobsPerTransactionMax: 6,
  },
}

export function ethereumRules(fork: EvmFork): EvmRules {
  return ETHEREUM[fork]
}

/**
 * The rules of a rollup block (taiko.md §2.8): blob transactions never execute, whatever the fork.
 * Throws a CriticalError for Unzen, whose blocks also count zk gas.
 */
export function rollupRules(fork: ForkName): EvmRules {
  if (fork === 'unzen')
    throw new CriticalError(
      'this block is under the Unzen rules, which this version cannot execute yet (zk gas is not metered); update the node to follow the chain further',
    )
  return ETHEREUM.shanghai
}
