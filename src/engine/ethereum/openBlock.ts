/** A plain Ethereum block from its environment on: system calls, transactions, withdrawals or rewards, requests, and the header over it all. */
import { Address as EvmAddress } from '@ethereumjs/util'
import { defined } from '../../primitives/assert.ts'
import { type BlockHeader, headerHash } from '../../primitives/header.ts'
import { type Address, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { orderedTrieRoot } from '../../primitives/orderedTrie.ts'
import { encodeReceipt, logsBloom } from '../../primitives/receipt.ts'
import type { Withdrawal } from '../../primitives/withdrawal.ts'
import { blobParametersAt, type EthereumSpec, ethereumForkAt, isForkActive } from '../../spec/ethereumSpec.ts'
import { type BlockRun, createBlockRun } from '../blockRun.ts'
import type { AddResult, AncestorHashes, ExecutedTransaction } from '../engine.ts'
import { ethereumRules } from '../rules/evmRules.ts'
import { GAS_PER_BLOB } from '../rules/filter.ts'
import type { SenderPool } from '../senderPool.ts'
import type { StateChanges, StateSource } from '../state/source.ts'
import { decodeTransaction } from '../transaction.ts'
import { blobBaseFee } from './blobFee.ts'
import { ommersHash, withdrawalsRoot } from './block.ts'
import { InvalidBlockError } from './invalidBlock.ts'
import { collectRequests, requestsHash } from './requests.ts'
import { blockRewards } from './rewards.ts'
import { BEACON_ROOTS, HISTORY_STORAGE, runSystemCall } from './systemCalls.ts'

/** What is known of a block before its transactions. */
export type BlockEnvironment = Pick<
  BlockHeader,
  | 'parentHash'
  | 'coinbase'
  | 'difficulty'
  | 'number'
  | 'gasLimit'
  | 'timestamp'
  | 'extraData'
  | 'mixHash'
  | 'nonce'
  | 'baseFeePerGas'
  | 'excessBlobGas'
  | 'parentBeaconBlockRoot'
> & { readonly ommers: readonly BlockHeader[]; readonly withdrawals?: readonly Withdrawal[] }

export type OpenEthereumBlock = {
  readonly run: BlockRun
  /** One that is refused leaves no trace. */
  add(raw: Uint8Array): Promise<AddResult>
  /** Nothing can be added afterwards. */
  seal(): Promise<SealedEthereumBlock>
}

export type SealedEthereumBlock = {
  readonly hash: Hash
  readonly header: BlockHeader
  readonly transactions: readonly ExecutedTransaction[]
  readonly changes: StateChanges
  /** EIP-7685; none before Prague. */
  readonly requests: readonly Uint8Array[]
}

const WEI_PER_GWEI = 1_000_000_000n
const BLOB_TRANSACTION = 3

/** Begins the block on `state`, the state after its parent: the system calls before the transactions are made. */
export async function openEthereumBlock(input: {
  readonly spec: EthereumSpec
  readonly senders: Pick<SenderPool, 'senderOf'>
  readonly environment: BlockEnvironment
  readonly state: StateSource
  readonly ancestorHash: AncestorHashes
}): Promise<OpenEthereumBlock> {
  const { spec, environment, state } = input
  const fork = ethereumForkAt(spec, environment)
  const rules = ethereumRules(fork)
  const blobs = blobParametersAt(spec, environment.timestamp)
  const { excessBlobGas } = environment
  const run = await createBlockRun({
    execution: { type: 'ethereum', spec },
    rules,
    senders: input.senders,
    info: {
      ...environment,
      baseFeePerGas: environment.baseFeePerGas ?? 0n,
      ...(blobs && excessBlobGas !== undefined && { blobBaseFee: blobBaseFee(excessBlobGas, blobs) }),
    },
    basefeeSharingPctg: 0,
    state,
    ancestorHash: input.ancestorHash,
  })
  const has = (name: Parameters<typeof isForkActive>[1]) => isForkActive(fork, name)
  if (has('cancun')) {
    const root = defined(environment.parentBeaconBlockRoot, 'the parent beacon block root')
    await runSystemCall(run.context, BEACON_ROOTS, hexToBytes(root))
  }
  if (has('prague')) await runSystemCall(run.context, HISTORY_STORAGE, hexToBytes(environment.parentHash))

  const transactions: ExecutedTransaction[] = []
  let blobGasUsed = 0n
  const blobGasMax = GAS_PER_BLOB * BigInt(blobs?.max ?? 0)

  return {
    run,
    async add(raw) {
      const blobGas = blobGasOf(raw)
      if (blobGasUsed + blobGas > blobGasMax)
        return {
          type: 'refused',
          rule: 'D-76',
          reason: `more than ${blobs?.max ?? 0} blobs in a block`,
        }
      const result = await run.run(raw, transactions.length)
      if (result.type === 'refused') return result
      blobGasUsed += blobGas
      const transaction = rules.receiptsHoldStatus
        ? result.transaction
        : await withStateRoot(result.transaction, run, state)
      transactions.push(transaction)
      return { type: 'added', transaction }
    },
    async seal() {
      const logs = transactions.flatMap(({ receipt }) => receipt.logs)
      for (const { address, amount } of environment.withdrawals ?? [])
        await credit(run, address, amount * WEI_PER_GWEI)
      const requests = has('prague') ? await collectRequests(run.context, logs, spec.depositContract) : []
      for (const [recipient, wei] of blockRewards(fork, environment, environment.ommers))
        await credit(run, recipient, wei)
      const changes = run.state.takeChanges()
      const { ommers, withdrawals, baseFeePerGas, parentBeaconBlockRoot, ...before } = environment
      if (has('shanghai') !== (withdrawals !== undefined))
        throw new InvalidBlockError('withdrawals', `wrong under ${fork}`, environment.number)
      const header: BlockHeader = {
        ...before,
        ommersHash: ommersHash(ommers),
        stateRoot: await state.rootAfter(changes),
        transactionsRoot: orderedTrieRoot(transactions.map(({ raw }) => raw)),
        receiptsRoot: orderedTrieRoot(transactions.map(({ receipt }) => encodeReceipt(receipt))),
        logsBloom: logsBloom(logs),
        gasUsed: run.gasUsed(),
        ...(baseFeePerGas !== undefined && { baseFeePerGas }),
        ...(withdrawals !== undefined && { withdrawalsRoot: withdrawalsRoot(withdrawals) }),
        ...(has('cancun') && { blobGasUsed }),
        ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
        ...(has('prague') && { requestsHash: requestsHash(requests) }),
      }
      return { hash: headerHash(header), header, transactions, changes, requests }
    },
  }
}

/** Receipts before EIP-658 hold the state root after each transaction. */
async function withStateRoot(
  transaction: ExecutedTransaction,
  run: BlockRun,
  state: StateSource,
): Promise<ExecutedTransaction> {
  const stateRoot = await state.rootAfter(run.state.takeChanges())
  return { ...transaction, receipt: { ...transaction.receipt, stateRoot } }
}

function blobGasOf(raw: Uint8Array): bigint {
  if (raw[0] !== BLOB_TRANSACTION) return 0n
  const decoded = decodeTransaction(raw)
  if (decoded.type === 'undecodable') return 0n
  return GAS_PER_BLOB * BigInt(decoded.transaction.blobs?.versionedHashes.length ?? 0)
}

/** Nothing is credited without an amount: a zero must not create an account. EIP-161, EIP-4895. */
async function credit({ state }: BlockRun, recipient: Address, wei: bigint): Promise<void> {
  if (wei === 0n) return
  const address = new EvmAddress(hexToBytes(recipient))
  const balance = (await state.getAccount(address))?.balance ?? 0n
  await state.modifyAccountFields(address, { balance: balance + wei })
  state.assertComplete()
}
