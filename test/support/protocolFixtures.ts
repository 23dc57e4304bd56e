/** Captured inputs of the Taiko provers, read in place from ../shared/fixtures (taiko.md §6.2 describes their layout). */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BlockHeader } from '../../src/primitives/header.ts'
import { headerHash } from '../../src/primitives/header.ts'
import { type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import type { L1BlockRef, ParentContext, Proposal } from '../../src/protocol/protocol.ts'

export const FIXTURES = join(import.meta.dirname, '../../../shared/fixtures')

export const fixturePath = (path: string): string => join(FIXTURES, path)
export const hasFixture = (path: string): boolean => existsSync(fixturePath(path))
export const readFixture = (path: string): string => readFileSync(fixturePath(path), 'utf8')

// biome-ignore lint/suspicious/noExplicitAny: foreign JSON, read field by field below
export type Json = any

export const SURGE = 'taiko/surge-dev-shasta-proposal1-10blocks.guest-input.json'
export const HEKLA = 'taiko/taiko-hekla-pacaya-batch1306738.guest-input.json'
export const ONTAKE = 'taiko/taiko-mainnet-ontake-block780758.guest-input.json'
export const SHASTA_HEADER = 'taiko/taiko-mainnet-shasta-block6444570.header-anchor.json'

export function readJsonFixture(path: string): Json {
  return JSON.parse(readFixture(path))
}

const optional = <K extends string, T>(key: K, value: unknown, convert: (value: never) => T) =>
  value === null || value === undefined ? {} : ({ [key]: convert(value as never) } as { [key in K]: T })

export function toHeader(json: Json): BlockHeader {
  const hex = (value: Hex): Hex => value.toLowerCase() as Hex
  return {
    parentHash: hex(json.parent_hash),
    ommersHash: hex(json.ommers_hash),
    coinbase: hex(json.beneficiary),
    stateRoot: hex(json.state_root),
    transactionsRoot: hex(json.transactions_root),
    receiptsRoot: hex(json.receipts_root),
    logsBloom: hexToBytes(json.logs_bloom),
    difficulty: BigInt(json.difficulty),
    number: BigInt(json.number),
    gasLimit: BigInt(json.gas_limit),
    gasUsed: BigInt(json.gas_used),
    timestamp: BigInt(json.timestamp),
    extraData: hexToBytes(json.extra_data),
    mixHash: hex(json.mix_hash),
    nonce: typeof json.nonce === 'number' ? new Uint8Array(8) : hexToBytes(json.nonce),
    ...optional('baseFeePerGas', json.base_fee_per_gas, BigInt),
    ...optional('withdrawalsRoot', json.withdrawals_root, hex),
    ...optional('blobGasUsed', json.blob_gas_used, BigInt),
    ...optional('excessBlobGas', json.excess_blob_gas, BigInt),
    ...optional('parentBeaconBlockRoot', json.parent_beacon_block_root, hex),
    ...optional('requestsHash', json.requests_hash ?? json.requests_root, hex),
  }
}

export function toL1Block(json: Json): L1BlockRef {
  const header = toHeader(json)
  return { ...header, hash: headerHash(header) }
}

/** Where no captured input says which L1 transaction it was. */
export const UNKNOWN_L1: Proposal['l1'] = {
  blockNumber: 0n,
  blockHash: `0x${'00'.repeat(32)}`,
  transactionHash: `0x${'00'.repeat(32)}`,
  logIndex: 0,
}

export function toParent(
  header: BlockHeader,
  rest: Pick<ParentContext, 'grandparentTimestamp' | 'anchorBlockNumber' | 'anchorNonce'> & {
    feeSlot?: bigint
  },
): ParentContext {
  return { ...header, baseFeePerGas: header.baseFeePerGas ?? 0n, hash: headerHash(header), ...rest }
}
