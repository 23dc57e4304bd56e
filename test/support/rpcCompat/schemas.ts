/**
 * Results of methods as JSON Schema, written from the text of the execution-apis specification (src/schemas, src/debug, src/txpool,
 * src/testing at 033ca6e) and the engine API's payload types; never from our own answers.
 */
import type { AnySchemaObject } from 'ajv'

const hex = (pattern: string) => ({ type: 'string', pattern: `^0x${pattern}$` })
const ref = (name: string) => ({ $ref: `spec#/$defs/${name}` })
const list = (items: object) => ({ type: 'array', items })
const nothing = { type: 'null' }

/** `all` are required, `some` may be there. */
function object(all: Record<string, object>, some: Record<string, object> = {}, isClosed = false) {
  return {
    type: 'object',
    required: Object.keys(all),
    properties: { ...all, ...some },
    ...(isClosed && { additionalProperties: false }),
  }
}

const uint = ref('uint')
const hash = ref('hash32')
const address = ref('address')
const bytes = ref('bytes')
const count = { type: 'integer', minimum: 0 }
const recipient = { oneOf: [nothing, address] }

const unsigned = { nonce: uint, gas: uint, value: uint, input: bytes }
const signature = { r: uint, s: uint }
const typedSignature = { yParity: ref('byte'), ...signature }
const feeCaps = { maxPriorityFeePerGas: uint, maxFeePerGas: uint }
const typedFields = { chainId: uint, accessList: ref('AccessList') }

/** By type, signed. */
const TRANSACTIONS = [
  object(
    { type: hex('0'), ...unsigned, gasPrice: uint, v: uint, ...signature },
    { to: recipient, chainId: uint },
  ),
  object(
    { type: hex('1'), ...unsigned, gasPrice: uint, ...typedFields, ...typedSignature },
    { to: recipient, v: ref('byte') },
  ),
  object(
    { type: hex('2'), ...unsigned, gasPrice: uint, ...feeCaps, ...typedFields, ...typedSignature },
    { to: recipient, v: ref('byte') },
  ),
  object(
    {
      type: hex('3'),
      to: address,
      ...unsigned,
      ...feeCaps,
      ...typedFields,
      ...typedSignature,
      maxFeePerBlobGas: uint,
      blobVersionedHashes: list(hash),
    },
    { gasPrice: uint, v: ref('byte') },
  ),
  object(
    {
      type: hex('4'),
      to: address,
      ...unsigned,
      ...feeCaps,
      ...typedFields,
      ...typedSignature,
      authorizationList: list(
        object({
          chainId: uint,
          nonce: uint,
          address,
          yParity: ref('byte'),
          r: ref('uint256'),
          s: ref('uint256'),
        }),
      ),
    },
    { gasPrice: uint, v: ref('byte') },
  ),
]

const structLog = object(
  { pc: count, op: { type: 'string' }, gas: count, gasCost: count, depth: { type: 'integer', minimum: 1 } },
  {
    error: { type: 'string' },
    refund: count,
    stack: list(ref('uint256')),
    memory: list(hash),
    returnData: bytes,
    storage: { type: 'object', additionalProperties: hash },
  },
)

const resource = object(
  { disabled: { type: 'boolean' } },
  {
    oldestBlock: uint,
    deleteStrategy: object({ type: { const: 'window' }, retentionBlocks: uint }, {}, true),
  },
  true,
)

export const SHARED_SCHEMAS: AnySchemaObject = {
  $id: 'spec',
  $defs: {
    address: hex('[0-9a-fA-F]{40}'),
    byte: hex('[0-9a-f]{1,2}'),
    bytes: hex('[0-9a-f]*'),
    bytes48: hex('[0-9a-f]{96}'),
    bytes256: hex('[0-9a-f]{512}'),
    hash32: hex('[0-9a-f]{64}'),
    uint: hex('(0|[1-9a-f][0-9a-f]*)'),
    uint64: hex('(0|[1-9a-f][0-9a-f]{0,15})'),
    uint256: hex('(0|[1-9a-f][0-9a-f]{0,63})'),
    AccessList: list(object({ address, storageKeys: list(hash) }, {}, true)),
    PendingTransaction: {
      allOf: [
        object(
          { from: address, hash },
          { blockHash: nothing, blockNumber: nothing, blockTimestamp: nothing, transactionIndex: nothing },
        ),
        { oneOf: TRANSACTIONS },
      ],
    },
    PendingByNonce: { type: 'object', additionalProperties: ref('PendingTransaction') },
    PendingByAddress: { type: 'object', additionalProperties: ref('PendingByNonce') },
    Trace: object({
      gas: count,
      failed: { type: 'boolean' },
      returnValue: bytes,
      structLogs: list(structLog),
    }),
    Payload: object({
      parentHash: hash,
      feeRecipient: address,
      stateRoot: hash,
      receiptsRoot: hash,
      logsBloom: ref('bytes256'),
      prevRandao: hash,
      blockNumber: ref('uint64'),
      gasLimit: ref('uint64'),
      gasUsed: ref('uint64'),
      timestamp: ref('uint64'),
      extraData: hex('[0-9a-f]{0,64}'),
      baseFeePerGas: ref('uint256'),
      blockHash: hash,
      transactions: list(bytes),
      withdrawals: list(
        object({ index: ref('uint64'), validatorIndex: ref('uint64'), address, amount: ref('uint64') }),
      ),
      blobGasUsed: ref('uint64'),
      excessBlobGas: ref('uint64'),
    }),
  },
}

const txpoolContent = (item: object) => object({ pending: item, queued: item })
const traces = list(object({ txHash: hash, result: ref('Trace') }))

export const RESULT_SCHEMAS: Readonly<Record<string, AnySchemaObject>> = {
  debug_traceBlockByHash: traces,
  debug_traceBlockByNumber: traces,
  debug_traceTransaction: ref('Trace'),
  eth_capabilities: object(
    {
      head: object({ number: uint, hash }, {}, true),
      state: resource,
      tx: resource,
      logs: resource,
      receipts: resource,
      blocks: resource,
      stateproofs: resource,
    },
    {},
    true,
  ),
  eth_createAccessList: object(
    { accessList: ref('AccessList'), gasUsed: uint },
    { error: { type: 'string' } },
    true,
  ),
  eth_estimateGas: uint,
  eth_gasPrice: uint,
  eth_maxPriorityFeePerGas: uint,
  eth_sendRawTransaction: hash,
  eth_syncing: {
    oneOf: [
      { type: 'boolean' },
      object({}, { startingBlock: uint, currentBlock: uint, highestBlock: uint }, true),
    ],
  },
  testing_buildBlockV1: object(
    {
      executionPayload: ref('Payload'),
      blockValue: ref('uint256'),
      blobsBundle: object({
        commitments: list(ref('bytes48')),
        proofs: list(ref('bytes48')),
        blobs: list(bytes),
      }),
      shouldOverrideBuilder: { type: 'boolean' },
    },
    { executionRequests: list(bytes) },
  ),
  txpool_content: txpoolContent(ref('PendingByAddress')),
  txpool_contentFrom: txpoolContent(ref('PendingByNonce')),
  txpool_status: object({ pending: uint, queued: uint }),
}
