/** Rows of L2 blocks, their transactions (executed and dropped) and their logs. */
import type { BlockOrigin, StoredBlock, StoredProposal, StoredTransaction } from '../../chain/chain.ts'
import { splitFees } from '../../engine/rules/fees.ts'
import { recoverSender } from '../../engine/sender.ts'
import { decodeTransaction } from '../../engine/transaction.ts'
import { assert } from '../../primitives/assert.ts'
import { bytesToHex, type Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import type { ListedTransaction } from '../../protocol/protocol.ts'
import { basefeeSharingPctgOf } from '../../protocol/sharedBaseFee.ts'
import { FORKS } from '../../spec/forks.ts'
import { forkAt, type RollupSpec } from '../../spec/rollupSpec.ts'
import type { Row } from '../dataset/column.ts'

export type L2Input = {
  readonly spec: RollupSpec
  readonly block: StoredBlock
  readonly origin: BlockOrigin
  readonly proposal: StoredProposal
  /** As its source lists them; absent where its bytes are not at hand. */
  readonly listed?: readonly ListedTransaction[]
  /** When the node first heard of things, in milliseconds; seconds where the table has them. */
  readonly times: {
    readonly preconfirmedAt: number | null
    readonly finalizedAt: number | null
    readonly executableAt: number | null
    readonly firstSeen: ReadonlyMap<Hash, number>
  }
}

export function l2BlockRow({ spec, block, origin, proposal, times }: L2Input): Row {
  const { header, hash, size } = block
  const users = usersOf(block)
  const fork = forkAt(spec, header) ?? origin.fork
  const baseFeePerGas = header.baseFeePerGas ?? 0n
  const basefeeSharingPctg = basefeeSharingPctgOf(fork, header.extraData)
  let tips = 0n
  let shared = 0n
  let treasury = 0n
  for (const { gasUsed, effectiveGasPrice } of users) {
    tips += gasUsed * (effectiveGasPrice - baseFeePerGas)
    const split = splitFees({ gasUsed, baseFeePerGas, tipPerGas: 0n, basefeeSharingPctg })
    shared += split.coinbase
    treasury += split.treasury
  }
  return {
    chain_id: spec.l2.chainId,
    block_number: header.number,
    block_hash: hash,
    timestamp: Number(header.timestamp),
    fork,
    proposal_id: origin.proposalId,
    source_index: origin.sourceIndex,
    is_forced_inclusion: origin.isForcedInclusion,
    proposer: proposal.proposer,
    coinbase: header.coinbase,
    anchor_block_number: Number(origin.anchorBlock.number),
    gas_used: header.gasUsed,
    gas_limit: header.gasLimit,
    base_fee_per_gas: baseFeePerGas,
    zk_gas: FORKS[fork].execution === 'unzen' ? header.difficulty : 0n,
    transactions: users.length,
    dropped: origin.dropped.length,
    size,
    tips,
    shared_base_fee: shared,
    treasury_base_fee: treasury,
    l1_block_number: Number(proposal.l1.blockNumber),
    safe_at: Number(proposal.timestamp),
    preconfirmed_at: times.preconfirmedAt,
    finalized_at: times.finalizedAt,
    executable_at: times.executableAt,
  }
}

export function transactionRows(input: L2Input): readonly Row[] {
  const { spec, block, origin, listed, times } = input
  const executed = new Map<number, { readonly index: number; readonly transaction: StoredTransaction }>()
  for (const [index, transaction] of block.transactions.entries())
    if (transaction.listedIndex !== undefined) executed.set(transaction.listedIndex, { index, transaction })
  const dropped = new Map(origin.dropped.map((each) => [each.listedIndex, each]))
  return origin.listed.map(({ offset, length }, listedIndex) => {
    const ran = executed.get(listedIndex)
    const drop = dropped.get(listedIndex)
    const what = `transaction ${listedIndex} of L2 block ${block.header.number}`
    assert((ran === undefined) !== (drop === undefined), `${what} was neither executed nor dropped, or both`)
    const raw = ran?.transaction.raw ?? listed?.[listedIndex]?.raw
    assert(raw === undefined || raw.length === length, `${what} is not the one that was derived`)
    const fields = fieldsOf(raw, ran?.transaction)
    return {
      chain_id: spec.l2.chainId,
      block_number: block.header.number,
      listed_index: listedIndex,
      transaction_index: ran?.index ?? null,
      ...fields,
      gas_used: ran?.transaction.gasUsed ?? null,
      effective_gas_price: ran ? weiOf(ran.transaction.effectiveGasPrice) : null,
      success: ran?.transaction.receipt.succeeded ?? null,
      drop_reason: drop?.reason ?? null,
      drop_rule: drop?.rule ?? null,
      contract_address: ran?.transaction.createdContract ?? null,
      proposal_id: origin.proposalId,
      source_index: origin.sourceIndex,
      is_forced_inclusion: origin.isForcedInclusion,
      payload_offset: BigInt(offset),
      payload_length: BigInt(length),
      first_seen_at: (fields.transaction_hash && times.firstSeen.get(fields.transaction_hash)) ?? null,
    }
  })
}

export function logRows({ spec, block }: Pick<L2Input, 'spec' | 'block'>): readonly Row[] {
  const rows: Row[] = []
  let logIndex = 0
  for (const [index, { hash, receipt, listedIndex }] of block.transactions.entries()) {
    for (const { address, topics, data } of receipt.logs) {
      const log_index = logIndex++
      if (listedIndex === undefined) continue
      const [topic0 = null, topic1 = null, topic2 = null, topic3 = null] = topics
      rows.push({
        chain_id: spec.l2.chainId,
        block_number: block.header.number,
        transaction_index: index,
        log_index,
        transaction_hash: hash,
        address,
        ...{ topic0, topic1, topic2, topic3 },
        data: bytesToHex(data),
      })
    }
  }
  return rows
}

/** Without the anchor transaction. */
function usersOf({ transactions }: StoredBlock): readonly StoredTransaction[] {
  return transactions.filter(({ listedIndex }) => listedIndex !== undefined)
}

const NOTHING_TOLD = {
  transaction_hash: null,
  from_address: null,
  to_address: null,
  nonce: null,
  value: null,
  transaction_type: null,
  input_bytes: null,
  input_selector: null,
  gas_limit: null,
  max_fee_per_gas: null,
  max_priority_fee_per_gas: null,
} as const

function fieldsOf(raw: Uint8Array | undefined, ran: StoredTransaction | undefined) {
  const decoded = raw && decodeTransaction(raw)
  if (raw === undefined || decoded?.type !== 'transaction') return NOTHING_TOLD
  const { transaction } = decoded
  const { to, data } = transaction
  const sender = ran?.sender ?? hexOrNull(recoverSender(transaction))
  return {
    transaction_hash: ran?.hash ?? keccak256Hex(raw),
    from_address: sender,
    to_address: hexOrNull(to),
    nonce: transaction.nonce,
    value: transaction.value,
    transaction_type: transaction.type,
    input_bytes: data.length,
    input_selector: data.length < 4 ? null : bytesToHex(data.subarray(0, 4)),
    gas_limit: transaction.gasLimit,
    max_fee_per_gas: weiOf(transaction.maxFeePerGas),
    max_priority_fee_per_gas: weiOf(transaction.maxPriorityFeePerGas),
  }
}

function hexOrNull(bytes: Uint8Array | null) {
  return bytes && bytesToHex(bytes)
}

const WEI_MAX = 10n ** 38n

/** A dropped transaction may offer any number. */
function weiOf(value: bigint): bigint | null {
  return value < WEI_MAX ? value : null
}
