/** Transactions by what they do: signed once, then executable in any block of any branch, as after a reorg. */
import { concat, encodeFunctionData, encodePacked, toHex } from 'viem'
import { type Address, type Hash, type Hex, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { ACCOUNTS, signerOf } from './accounts.ts'
import { type Blob, payloadToBlobs } from './blob.ts'
import type { InboxCall, L2Checkpoint } from './inbox.ts'
import { INBOX_ABI, TOKEN_ABI } from './inboxAbi.ts'
import { type SignedTransaction, signTransaction, type TransactionFields } from './transaction.ts'

export type L1Call =
  | InboxCall
  | { readonly type: 'transfer' }
  | {
      readonly type: 'tokenTransfer'
      readonly token: Address
      readonly to: Address
      readonly value: bigint
      /** How many Transfer logs it leaves. */
      readonly logs: number
    }
  | { readonly type: 'revert' }

export type L1Transaction = SignedTransaction & { readonly call: L1Call; readonly blobs: readonly Blob[] }

/** Bytes to be put in blobs, or blobs made already. */
export type BlobContent = { readonly payload: Uint8Array } | { readonly blobs: readonly Blob[] }

export type ProposeOptions = BlobContent & {
  readonly proposer?: Address
  /** Bytes into the decoded payload; default 0. */
  readonly offset?: number
  /** At most so many from the queue; default all, as proposer clients ask. */
  readonly forcedInclusions?: number
  readonly endOfSubmissionWindowTimestamp?: bigint
}
export type SaveForcedInclusionOptions = BlobContent & { readonly from?: Address; readonly offset?: number }
export type ProveOptions = {
  readonly lastProposalId: bigint
  readonly lastProposalHash: Hash
  readonly actualProver?: Address
  readonly checkpoint?: L2Checkpoint
  /** What it says of L2, from its first proposal on. Without it the proof comes by way of another contract, which no one can look into. */
  readonly claim?: ProofClaim
}
export type ProofClaim = {
  readonly firstProposalId: bigint
  /** Of the last L2 block before it. */
  readonly parentHash: Hash
  /** Of the last L2 block of each proposal, in order. */
  readonly blockHashes: readonly Hash[]
}

export type Transactions = ReturnType<typeof createTransactions>

const ALL_FORCED_INCLUSIONS = 0xffff
const GWEI = 10n ** 9n
/** A contract that calls the inbox with what it is called with. */
const RELAY: Address = `0x${'4e'.repeat(20)}`
const TOKEN: Address = `0x${'70'.repeat(20)}`
const NO_CHECKPOINT: L2Checkpoint = {
  blockNumber: 0n,
  blockHash: `0x${'00'.repeat(32)}`,
  stateRoot: `0x${'00'.repeat(32)}`,
}

export function createTransactions(config: {
  readonly chainId: bigint
  readonly inbox: Address
  readonly l2GenesisHash: Hash
  readonly forcedInclusionFeeGwei: bigint
}) {
  const nonces = new Map<Address, bigint>()

  const sign = (
    call: L1Call,
    from: Address,
    fields: Partial<TransactionFields> & { readonly to: Address; readonly gas: bigint },
    blobs: readonly Blob[] = [],
  ): L1Transaction => {
    const account = signerOf(from)
    const nonce = nonces.get(account.address) ?? 0n
    nonces.set(account.address, nonce + 1n)
    const whole: TransactionFields = {
      type: blobs.length === 0 ? 2 : 3,
      chainId: config.chainId,
      nonce,
      value: 0n,
      input: new Uint8Array(0),
      maxFeePerGas: 100n * GWEI,
      maxPriorityFeePerGas: GWEI,
      maxFeePerBlobGas: blobs.length === 0 ? 0n : 100n * GWEI,
      blobHashes: blobs.map((blob) => blob.versionedHash),
      ...fields,
    }
    return { ...signTransaction(whole, account), call, blobs }
  }
  const toInbox = (data: Hex, gas: bigint) => ({ to: config.inbox, gas, input: hexToBytes(data) })
  const first = ACCOUNTS[0]!.address

  return {
    activate: (): L1Transaction => {
      const data = encodeFunctionData({
        abi: INBOX_ABI,
        functionName: 'activate',
        args: [config.l2GenesisHash],
      })
      return sign({ type: 'activate' }, first, toInbox(data, 300_000n))
    },

    propose: (options: ProposeOptions): L1Transaction => {
      const proposer = options.proposer ?? first
      const blobs = blobsOf(options)
      const call = {
        type: 'propose' as const,
        proposer,
        blobHashes: blobs.map((blob) => blob.versionedHash),
        offset: options.offset ?? 0,
        forcedInclusions: options.forcedInclusions ?? ALL_FORCED_INCLUSIONS,
        ...(options.endOfSubmissionWindowTimestamp !== undefined && {
          endOfSubmissionWindowTimestamp: options.endOfSubmissionWindowTimestamp,
        }),
      }
      const input = encodePacked(
        ['uint48', 'uint16', 'uint16', 'uint24', 'uint16'],
        [0, 0, blobs.length, call.offset, call.forcedInclusions],
      )
      const data = encodeFunctionData({ abi: INBOX_ABI, functionName: 'propose', args: ['0x', input] })
      return sign(call, proposer, toInbox(data, 500_000n), blobs)
    },

    saveForcedInclusion: (options: SaveForcedInclusionOptions): L1Transaction => {
      const blobs = blobsOf(options)
      const offset = options.offset ?? 0
      const blobHashes = blobs.map((blob) => blob.versionedHash)
      const data = encodeFunctionData({
        abi: INBOX_ABI,
        functionName: 'saveForcedInclusion',
        args: [{ blobStartIndex: 0, numBlobs: blobs.length, offset }],
      })
      const from = options.from ?? ACCOUNTS[1]!.address
      // Enough for a long queue; what is too much comes back.
      const value = 10n * config.forcedInclusionFeeGwei * GWEI
      const fields = { ...toInbox(data, 200_000n), value }
      const call = { type: 'saveForcedInclusion' as const, from, blobHashes, offset, valueWei: value }
      return sign(call, from, fields, blobs)
    },

    prove: ({ claim, ...options }: ProveOptions): L1Transaction => {
      const actualProver = options.actualProver ?? ACCOUNTS[2]!.address
      const checkpoint = options.checkpoint ?? NO_CHECKPOINT
      const call = {
        ...{ type: 'prove' as const, ...options, actualProver, checkpoint },
        ...(claim && { firstProposalId: claim.firstProposalId }),
      }
      const { firstProposalId, parentHash, blockHashes } = claim ?? {
        ...{ firstProposalId: 0n, parentHash: NO_CHECKPOINT.blockHash, blockHashes: [] },
      }
      const commitment = encodePacked(
        ['uint48', 'bytes32', 'bytes32', 'address', 'uint48', 'bytes32', 'uint16'],
        [
          Number(firstProposalId),
          parentHash,
          call.lastProposalHash,
          actualProver,
          Number(checkpoint.blockNumber),
          checkpoint.stateRoot,
          blockHashes.length,
        ],
      )
      // The simulated inbox does not look at who proposed what when.
      const transitions = blockHashes.map((blockHash) =>
        encodePacked(['address', 'uint48', 'bytes32'], [actualProver, 0, blockHash]),
      )
      const proven = concat([commitment, ...transitions])
      const data = encodeFunctionData({ abi: INBOX_ABI, functionName: 'prove', args: [proven, '0x'] })
      return sign(call, actualProver, { ...toInbox(data, 900_000n), ...(!claim && { to: RELAY }) })
    },

    /** The owner rewinds what counts as final, as `StateRecovered` tells. */
    recoverState: (
      lastFinalizedProposalId: bigint,
      lastFinalizedBlockHash: Hash = ZERO_HASH,
    ): L1Transaction =>
      sign(
        { type: 'recoverState', lastFinalizedProposalId, lastFinalizedBlockHash },
        first,
        toInbox('0x01', 100_000n),
      ),

    voidForcedInclusions: (): L1Transaction =>
      sign({ type: 'voidForcedInclusions' }, first, toInbox('0x02', 100_000n)),

    /** `hashesWith`: the new code hashes proposals with something more. */
    upgrade: (implementation: Address, hashesWith?: Hash): L1Transaction =>
      sign(
        { type: 'upgrade', implementation, ...(hashesWith && { hashesWith }) },
        first,
        toInbox('0x03', 100_000n),
      ),

    /** No log. Type 0 makes it a legacy transaction. */
    transfer: (
      options: { readonly type?: 0 | 2; readonly to?: Address; readonly value?: bigint } = {},
    ): L1Transaction =>
      sign({ type: 'transfer' }, ACCOUNTS[3]!.address, {
        to: options.to ?? ACCOUNTS[1]!.address,
        value: options.value ?? 1n,
        gas: 21_000n,
        ...(options.type === undefined ? {} : { type: options.type }),
      }),

    /** Logs of another contract; its address and topics may be chosen, so that a bloom can mislead. */
    tokenTransfer: (
      options: {
        readonly token?: Address
        readonly to?: Address
        readonly value?: bigint
        readonly logs?: number
      } = {},
    ): L1Transaction => {
      const { token = TOKEN, to = ACCOUNTS[1]!.address, value = 1n, logs = 1 } = options
      const data = encodeFunctionData({ abi: TOKEN_ABI, functionName: 'transfer', args: [to, value] })
      const fields = { to: token, gas: 100_000n, input: hexToBytes(data) }
      return sign({ type: 'tokenTransfer', token, to, value, logs }, ACCOUNTS[3]!.address, fields)
    },

    /** Fails: a receipt with status 0 and no logs. */
    revert: (): L1Transaction =>
      sign({ type: 'revert' }, ACCOUNTS[3]!.address, toInbox(toHex(0xdead), 60_000n)),

    /** Any blob transaction to someone else: its blobs lie in the same slot as ours. */
    foreignBlobs: (content: BlobContent): L1Transaction =>
      sign({ type: 'transfer' }, ACCOUNTS[3]!.address, { to: TOKEN, gas: 21_000n }, blobsOf(content)),
  }
}

function blobsOf(content: BlobContent): readonly Blob[] {
  return 'blobs' in content ? content.blobs : payloadToBlobs(content.payload)
}
