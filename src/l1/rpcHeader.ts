/** L1 headers from JSON-RPC blocks: decoded, hashed again, linked to their parents. Yellow Paper §4.3; execution-apis `Block`. */
import { type BlockHeader, headerHash } from '../primitives/header.ts'
import type { Hash } from '../primitives/hex.ts'
import type { L1Header } from './l1.ts'
import { type JsonObject, readBytes, readHex, readObject, readQuantity } from './rpcJson.ts'
import { check } from './wrongData.ts'

/** The block as JSON must be the one asked for; its hash is computed, never believed. */
export function verifyHeader(
  json: unknown,
  expected: { readonly hash?: Hash; readonly number?: bigint },
): L1Header {
  const block = readObject(json, 'the block')
  const header = decodeHeader(block)
  const hash = headerHash(header)
  const unknown = unknownFields(block)
  const hint =
    unknown.length === 0
      ? ''
      : `; it has fields this version does not know (${unknown.join(', ')}): if every provider says so, L1 has forked and Plumbline needs an update`
  const claimed = readHex(block.hash, 'the block hash', 32)
  check(
    hash === claimed,
    `block ${header.number} says hash ${claimed} but its header hashes to ${hash}${hint}`,
  )
  check(
    expected.hash === undefined || hash === expected.hash,
    `asked for block ${expected.hash}, got ${hash}`,
  )
  check(
    expected.number === undefined || header.number === expected.number,
    `asked for block number ${expected.number}, got ${header.number}`,
  )
  return toL1Header(header, hash)
}

export function toL1Header(header: BlockHeader, hash: Hash): L1Header {
  const { number, parentHash, timestamp, stateRoot } = header
  return { number, hash, parentHash, timestamp, stateRoot, header }
}

export function decodeHeader(block: JsonObject): BlockHeader {
  const hash = (key: string) => readHex(block[key], key, 32)
  const quantity = (key: string) => readQuantity(block[key], key)
  const has = (key: string) => block[key] !== undefined && block[key] !== null
  return {
    parentHash: hash('parentHash'),
    ommersHash: hash('sha3Uncles'),
    coinbase: readHex(block.miner, 'miner', 20),
    stateRoot: hash('stateRoot'),
    transactionsRoot: hash('transactionsRoot'),
    receiptsRoot: hash('receiptsRoot'),
    logsBloom: readBytes(block.logsBloom, 'logsBloom', 256),
    difficulty: quantity('difficulty'),
    number: quantity('number'),
    gasLimit: quantity('gasLimit'),
    gasUsed: quantity('gasUsed'),
    timestamp: quantity('timestamp'),
    extraData: readBytes(block.extraData, 'extraData'),
    mixHash: hash('mixHash'),
    nonce: readBytes(block.nonce, 'nonce', 8),
    ...(has('baseFeePerGas') ? { baseFeePerGas: quantity('baseFeePerGas') } : {}),
    ...(has('withdrawalsRoot') ? { withdrawalsRoot: hash('withdrawalsRoot') } : {}),
    ...(has('blobGasUsed') ? { blobGasUsed: quantity('blobGasUsed') } : {}),
    ...(has('excessBlobGas') ? { excessBlobGas: quantity('excessBlobGas') } : {}),
    ...(has('parentBeaconBlockRoot') ? { parentBeaconBlockRoot: hash('parentBeaconBlockRoot') } : {}),
    ...(has('requestsHash') ? { requestsHash: hash('requestsHash') } : {}),
  }
}

/** Everything a block object has today, header or not; what is beside them may be a header field of a later fork. */
const KNOWN_FIELDS = new Set(
  (
    'parentHash sha3Uncles miner stateRoot transactionsRoot receiptsRoot logsBloom difficulty number gasLimit gasUsed ' +
    'timestamp extraData mixHash nonce baseFeePerGas withdrawalsRoot blobGasUsed excessBlobGas parentBeaconBlockRoot ' +
    'requestsHash hash size totalDifficulty transactions uncles withdrawals author'
  ).split(' '),
)

function unknownFields(block: JsonObject): readonly string[] {
  return Object.keys(block)
    .filter((key) => !KNOWN_FIELDS.has(key))
    .map((key) => key.slice(0, 40))
    .slice(0, 8)
}
