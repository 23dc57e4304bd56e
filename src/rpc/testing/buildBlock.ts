/**
 * `testing_buildBlockV1`: the block that given attributes and transactions would make, for makers of test fixtures. Only where a node is
 * served for suites: it works for whoever asks. https://github.com/ethereum/execution-apis/blob/033ca6e/src/testing/testing_buildBlockV1.yaml
 */
import { z } from 'zod'
import type { BlockHeader } from '../../primitives/header.ts'
import { type Address, bytesToHex, type Hash, toQuantity } from '../../primitives/hex.ts'
import type { Withdrawal } from '../../primitives/withdrawal.ts'
import type { BlobSidecar } from '../../propose/pool/networkForm.ts'
import { RpcError } from '../errors.ts'
import { type Json, withdrawalJson } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { addressParam, bytesParam, hashParam, quantityParam } from '../params.ts'
import { address, bytes, hash, quantity } from '../schemas/words.ts'

export type BuildRequest = {
  readonly parentHash: Hash
  /** Seconds. */
  readonly timestamp: bigint
  readonly prevRandao: Hash
  readonly feeRecipient: Address
  readonly withdrawals: readonly Withdrawal[]
  readonly parentBeaconBlockRoot: Hash
  /** All of them, in order; null: what the pool has. */
  readonly transactions: readonly Uint8Array[] | null
  readonly extraData: Uint8Array
}

export type BuildResult =
  | {
      readonly type: 'built'
      readonly hash: Hash
      readonly header: BlockHeader
      readonly transactions: readonly Uint8Array[]
      /** Wei that the fee recipient earns. */
      readonly value: bigint
      readonly sidecars: readonly BlobSidecar[]
      readonly requests: readonly Uint8Array[]
    }
  /** In a sentence. */
  | { readonly type: 'refused'; readonly reason: string }

export type BuildBlock = (request: BuildRequest) => Promise<BuildResult>

const withdrawalParam = z.object({
  index: quantityParam,
  validatorIndex: quantityParam,
  address: addressParam,
  amount: quantityParam,
})
const attributesParam = z.object({
  timestamp: quantityParam,
  prevRandao: hashParam,
  suggestedFeeRecipient: addressParam,
  withdrawals: z.array(withdrawalParam).max(16, 'at most 16 withdrawals wanted').default([]),
  parentBeaconBlockRoot: hashParam,
})

const payload = z
  .strictObject({
    parentHash: hash,
    feeRecipient: address,
    stateRoot: hash,
    receiptsRoot: hash,
    logsBloom: bytes,
    prevRandao: hash,
    blockNumber: quantity,
    gasLimit: quantity,
    gasUsed: quantity,
    timestamp: quantity,
    extraData: bytes,
    baseFeePerGas: quantity,
    blockHash: hash,
    transactions: z.array(bytes),
    withdrawals: z.array(
      z.strictObject({ index: quantity, validatorIndex: quantity, address, amount: quantity }),
    ),
    blobGasUsed: quantity,
    excessBlobGas: quantity,
  })
  .meta({ id: 'ExecutionPayload' })
const builtBlock = z
  .strictObject({
    executionPayload: payload,
    blockValue: quantity,
    blobsBundle: z.strictObject({
      commitments: z.array(bytes),
      proofs: z.array(bytes),
      blobs: z.array(bytes),
    }),
    executionRequests: z.array(bytes),
    shouldOverrideBuilder: z.boolean(),
  })
  .meta({ id: 'BuiltBlock' })

export function buildBlockMethods(build: BuildBlock): Methods {
  return {
    testing_buildBlockV1: defineMethod({
      cost: COST.logs,
      summary: 'The block that the given attributes and transactions make; nothing changes.',
      params: {
        parentBlockHash: hashParam,
        payloadAttributes: attributesParam,
        transactions: z.array(bytesParam).nullish(),
        extraData: bytesParam.nullish(),
      },
      result: builtBlock,
      handle: async ({ parentBlockHash, payloadAttributes, transactions, extraData }) => {
        const { timestamp, prevRandao, suggestedFeeRecipient, withdrawals, parentBeaconBlockRoot } =
          payloadAttributes
        const result = await build({
          ...{ parentHash: parentBlockHash, timestamp, prevRandao, withdrawals, parentBeaconBlockRoot },
          feeRecipient: suggestedFeeRecipient,
          transactions: transactions ?? null,
          extraData: extraData ?? new Uint8Array(0),
        })
        if (result.type === 'refused') throw new RpcError({ code: 'invalidInput', message: result.reason })
        return builtJson(result, withdrawals)
      },
    }),
  }
}

function builtJson(built: Extract<BuildResult, { type: 'built' }>, withdrawals: readonly Withdrawal[]): Json {
  const { header, sidecars } = built
  return {
    executionPayload: {
      parentHash: header.parentHash,
      feeRecipient: header.coinbase,
      stateRoot: header.stateRoot,
      receiptsRoot: header.receiptsRoot,
      logsBloom: bytesToHex(header.logsBloom),
      prevRandao: header.mixHash,
      blockNumber: toQuantity(header.number),
      gasLimit: toQuantity(header.gasLimit),
      gasUsed: toQuantity(header.gasUsed),
      timestamp: toQuantity(header.timestamp),
      extraData: bytesToHex(header.extraData),
      baseFeePerGas: toQuantity(header.baseFeePerGas ?? 0n),
      blockHash: built.hash,
      transactions: built.transactions.map(bytesToHex),
      withdrawals: withdrawals.map(withdrawalJson),
      blobGasUsed: toQuantity(header.blobGasUsed ?? 0n),
      excessBlobGas: toQuantity(header.excessBlobGas ?? 0n),
    },
    blockValue: toQuantity(built.value),
    blobsBundle: {
      commitments: sidecars.flatMap(({ commitments }) => commitments.map(bytesToHex)),
      proofs: sidecars.flatMap(({ proofs }) => proofs.map(bytesToHex)),
      blobs: sidecars.flatMap(({ blobs }) => blobs.map(bytesToHex)),
    },
    executionRequests: built.requests.map(bytesToHex),
    shouldOverrideBuilder: false,
  }
}
