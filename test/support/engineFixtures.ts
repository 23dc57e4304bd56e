/**
 * Captured guest inputs as the engine takes them: a witness, ancestor hashes, and attributes read off the expected header.
 * The anchor transaction comes from the expected body, the listed transactions from the blob; so what these prove is execution.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { RLP } from '@ethereumjs/rlp'
import type { AncestorHashes } from '../../src/engine/engine.ts'
import { decodePath, type Trie } from '../../src/engine/state/partialTrie.ts'
import { MissingStateError } from '../../src/engine/state/source.ts'
import type { Witness } from '../../src/engine/state/witness.ts'
import { bigintToBytes, concatBytes } from '../../src/primitives/bytes.ts'
import { type BlockHeader, headerHash } from '../../src/primitives/header.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../src/primitives/keccak.ts'
import { decodeBlob } from '../../src/protocol/blobCodec.ts'
import type { PayloadAttributes } from '../../src/protocol/protocol.ts'
import type { ForkName, RollupSpec } from '../../src/spec/rollupSpec.ts'

export const SHARED_FIXTURES = join(import.meta.dirname, '../../../shared/fixtures')
const TAIKO = join(SHARED_FIXTURES, 'taiko')

export const GUEST_INPUTS = {
  surge: join(TAIKO, 'surge-dev-shasta-proposal1-10blocks.guest-input.json'),
  hekla: join(TAIKO, 'taiko-hekla-pacaya-batch1306738.guest-input.json'),
  ontake: join(TAIKO, 'taiko-mainnet-ontake-block780758.guest-input.json'),
}

export const hasGuestInputs: boolean = Object.values(GUEST_INPUTS).every((path) => existsSync(path))

// biome-ignore lint/suspicious/noExplicitAny: foreign JSON, read field by field
type Json = any

export type EngineCase = {
  readonly spec: RollupSpec
  readonly attributes: PayloadAttributes
  readonly witness: Witness
  readonly ancestorHash: AncestorHashes
  readonly parent: BlockHeader
  readonly expected: BlockHeader
  readonly json: Json
}

export function loadGuestInput(name: keyof typeof GUEST_INPUTS): EngineCase[] {
  const json: Json = JSON.parse(readFileSync(GUEST_INPUTS[name], 'utf8'))
  const inputs: Json[] = json.inputs ?? [json]
  return inputs.map((input) => caseOf(input, json))
}

function caseOf(input: Json, file: Json): EngineCase {
  const expected = headerOf(input.block.header)
  const parent = headerOf(input.parent_header)
  const { fork, transactions, pctg } = listOf(file)
  const body: Json[] = input.block.body.transactions ?? input.block.body
  return {
    json: input,
    spec: specOf(input.chain_spec),
    expected,
    parent,
    witness: witnessOf(input, parent.stateRoot),
    ancestorHash: ancestorsOf(input, parent),
    attributes: {
      fork,
      number: expected.number,
      parentHash: headerHash(parent),
      coinbase: expected.coinbase,
      gasLimit: expected.gasLimit,
      timestamp: expected.timestamp,
      mixHash: expected.mixHash,
      extraData: expected.extraData,
      baseFeePerGas: expected.baseFeePerGas!,
      basefeeSharingPctg: pctg,
      anchorBlockNumber: 0n,
      anchorTransaction: encodeBodyTransaction(body[0]),
      transactions: transactions.map((raw) => ({ raw, offset: 0 })),
    },
  }
}

function listOf(file: Json): { fork: ForkName; transactions: Uint8Array[]; pctg: number } {
  const proposed = file.taiko.batch_proposed ?? file.taiko.block_proposed
  if (proposed.Shasta !== undefined)
    return { fork: 'shasta', transactions: [], pctg: proposed.Shasta.proposal.basefeeSharingPctg }
  if (proposed.Pacaya !== undefined) {
    const { info } = proposed.Pacaya
    const transactions = transactionsOf(
      file.taiko.tx_data_from_blob[0],
      info.blobByteOffset,
      info.blobByteSize,
    )
    return { fork: 'pacaya', transactions, pctg: info.baseFeeConfig.sharingPctg }
  }
  const { meta } = proposed.Ontake
  const transactions = transactionsOf(file.taiko.tx_data, meta.blobTxListOffset, meta.blobTxListLength)
  return { fork: 'ontake', transactions, pctg: meta.baseFeeConfig.sharingPctg }
}

function transactionsOf(blob: number[], offset: number, size: number): Uint8Array[] {
  const payload = decodeBlob(Uint8Array.from(blob))
  if (payload.type !== 'ok') throw new Error('undecodable blob')
  const list = RLP.decode(inflateSync(payload.value.subarray(offset, offset + size)))
  return (list as (Uint8Array | Uint8Array[])[]).map((item) =>
    item instanceof Uint8Array ? item : RLP.encode(item),
  )
}

function specOf(chainSpec: Json): RollupSpec {
  return {
    name: chainSpec.name,
    l1: { chainId: 1n, inbox: '0x', startBlock: 0n, genesisTime: 0n, secondsPerSlot: 12n },
    l2: { chainId: BigInt(chainSpec.chain_id), anchor: chainSpec.l2_contract.toLowerCase() },
    forks: [],
    shasta: { timestampMaxOffset: 0n, anchorMaxOffset: 0n, baseFeeMin: 0n },
  } as unknown as RollupSpec
}

function ancestorsOf(input: Json, parent: BlockHeader): AncestorHashes {
  const hashes = new Map<bigint, Hash>([[parent.number, headerHash(parent)]])
  for (const json of input.ancestor_headers) {
    const header = headerOf(json)
    hashes.set(header.number, headerHash(header))
  }
  return (number) => {
    const hash = hashes.get(number)
    if (hash === undefined) throw new MissingStateError({ what: `the hash of block ${number}` })
    return hash
  }
}

export function headerOf(json: Json): BlockHeader {
  return {
    parentHash: json.parent_hash,
    ommersHash: json.ommers_hash,
    coinbase: json.beneficiary,
    stateRoot: json.state_root,
    transactionsRoot: json.transactions_root,
    receiptsRoot: json.receipts_root,
    logsBloom: hexToBytes(json.logs_bloom),
    difficulty: BigInt(json.difficulty),
    number: BigInt(json.number),
    gasLimit: BigInt(json.gas_limit),
    gasUsed: BigInt(json.gas_used),
    timestamp: BigInt(json.timestamp),
    extraData: hexToBytes(json.extra_data),
    mixHash: json.mix_hash,
    nonce: new Uint8Array(8),
    ...(json.base_fee_per_gas != null && { baseFeePerGas: BigInt(json.base_fee_per_gas) }),
    ...(json.withdrawals_root != null && { withdrawalsRoot: json.withdrawals_root }),
  }
}

export function witnessOf(input: Json, stateRoot: Hash): Witness {
  return {
    stateRoot,
    stateTrie: trieOf(input.parent_state_trie),
    storageTries: new Map(
      Object.entries<Json>(input.parent_storage).map(([address, [trie]]) => [
        address.toLowerCase() as Hash,
        trieOf(trie),
      ]),
    ),
    codes: input.contracts.map(hexToBytes),
  }
}

function trieOf(node: Json): Trie {
  if (node === null || node.data === 'Null') return null
  const { Digest, Branch, Leaf, Extension } = node.data
  if (Digest !== undefined)
    return Digest === EMPTY_TRIE_ROOT ? null : { type: 'hash', hash: hexToBytes(Digest) }
  if (Branch !== undefined) return { type: 'branch', children: Branch.map(trieOf) }
  const [path, content] = Leaf ?? Extension
  const decoded = decodePath(Uint8Array.from(path))!
  if (Leaf !== undefined) return { type: 'leaf', path: decoded.path, value: Uint8Array.from(content) }
  return { type: 'extension', path: decoded.path, child: trieOf(content)! }
}

/** Only EIP-1559 transactions, which anchors are. */
function encodeBodyTransaction(json: Json): Uint8Array {
  const { signature, transaction } = json.Eip1559 ?? {
    signature: json.signature,
    transaction: json.transaction.Eip1559,
  }
  const n = (value: string | number) => bigintToBytes(BigInt(value))
  const parity =
    signature.odd_y_parity === undefined ? BigInt(signature.yParity) : BigInt(signature.odd_y_parity)
  const fields = [
    n(transaction.chain_id),
    n(transaction.nonce),
    n(transaction.max_priority_fee_per_gas),
    n(transaction.max_fee_per_gas),
    n(transaction.gas_limit),
    hexToBytes(transaction.to),
    n(transaction.value),
    hexToBytes(transaction.input),
    [],
    bigintToBytes(parity),
    n(signature.r),
    n(signature.s),
  ]
  return concatBytes(Uint8Array.of(2), RLP.encode(fields))
}
