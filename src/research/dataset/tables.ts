/** The tables of a dataset, column by column. dataset.json, the Parquet types, docs/datasets.md and the readers all come from here. */
import { defined } from '../../primitives/assert.ts'
import type { Column, ColumnType, Table, TableName } from './column.ts'

const column = (name: string, type: ColumnType, definition: string): Column => ({ name, type, definition })
const nullable = (name: string, type: ColumnType, definition: string): Column => ({
  name,
  type,
  definition,
  isNullable: true,
})

const L1_CHAIN = column('chain_id', 'u64', 'Chain id of L1.')
const L2_CHAIN = column('chain_id', 'u64', 'Chain id of L2.')

const l1Blocks: Table = {
  name: 'l1_blocks',
  definition: 'Every L1 block of the range.',
  orderBy: ['block_number'],
  columns: [
    L1_CHAIN,
    column('block_number', 'u32', 'L1 block number.'),
    column('block_hash', 'hash', 'L1 block hash, linked to the next block by its parent hash.'),
    column('timestamp', 'timestamp', 'Of the header.'),
    column('slot', 'u64', '(timestamp − genesis time) / seconds per slot.'),
    column(
      'missed_slots',
      'u32',
      'Slots without a block between this one and its parent; 0 for the first block of the range.',
    ),
    column('author', 'address', 'Fee recipient of the header: whoever built the block.'),
    column('base_fee_per_gas', 'u64', 'Wei per gas.'),
    column('gas_used', 'u64', 'Of the header.'),
    column('gas_limit', 'u64', 'Of the header.'),
    column('blob_gas_used', 'u64', 'Of the header; 0 before Cancun.'),
    column('excess_blob_gas', 'u64', 'Of the header; 0 before Cancun.'),
    nullable(
      'blob_target',
      'u32',
      'Blobs a block aims for, by the schedule of L1 as this version knows it; null before Cancun, and where it knows none.',
    ),
    nullable('blob_max', 'u32', 'Blobs a block may have; null as before.'),
    column('proposals', 'u32', 'Proposals of this rollup in the block.'),
    column('forced_inclusions', 'u32', 'Forced inclusions saved in the block.'),
  ],
}

const proposals: Table = {
  name: 'proposals',
  definition: 'Every proposal whose L1 block is in the range.',
  orderBy: ['l1_block_number', 'l1_log_index'],
  columns: [
    L2_CHAIN,
    column(
      'proposal_id',
      'u64',
      'Block id (genesis fork, Ontake), batch id (Pacaya) or proposal id (Shasta); restarts with the fork family.',
    ),
    column('fork', 'string', 'Rule family that decoded it.'),
    column('proposal_hash', 'hash', 'Proposal hash (Shasta) or meta hash (older).'),
    column('l1_block_number', 'u32', 'L1 block that holds the event.'),
    column('l1_block_hash', 'hash', 'Its hash.'),
    column('l1_transaction_hash', 'hash', 'Transaction that proposed.'),
    column('l1_log_index', 'u32', 'Position of the event in the L1 block, over all its transactions.'),
    column('timestamp', 'timestamp', 'Of the L1 block: when the batch was posted.'),
    column('proposer', 'address', 'Named by the event.'),
    nullable(
      'window_end',
      'timestamp',
      'Timestamp of the last slot of the proposer’s window; null where the schedule named none.',
    ),
    column('sources', 'u32', 'Derivation sources, forced inclusions included.'),
    column('blobs', 'u32', 'Blobs of the proposer’s own source.'),
    column('first_block', 'u64', 'First L2 block.'),
    column('last_block', 'u64', 'Last L2 block.'),
    column('transactions', 'u32', 'Executed transactions of all its blocks, without anchor transactions.'),
    nullable(
      'l1_gas_used',
      'u64',
      'Gas of the whole proposing transaction, also where it made several proposals; null where its receipt is not at hand.',
    ),
    nullable('l1_gas_price', 'u64', 'Effective gas price of it, wei per gas; null as before.'),
    nullable('l1_execution_fee', 'wei', 'l1_gas_used × l1_gas_price.'),
    nullable('l1_blob_gas_used', 'u64', 'Blob gas of the proposing transaction; null as before.'),
    nullable(
      'l1_blob_gas_price',
      'u64',
      'Blob base fee of its block, wei per blob gas, by the schedule of L1 as this version knows it; null as before, and where it knows none.',
    ),
    nullable('l1_blob_fee', 'wei', 'l1_blob_gas_used × l1_blob_gas_price; 0 without blobs.'),
    nullable(
      'proven_at',
      'timestamp',
      'L1 time at which a `Proved` event of the range covered it; null where none did, or the inbox took it back.',
    ),
    nullable('proven_in_block', 'u32', 'L1 block of that event; null where there is none.'),
    nullable(
      'proof_fee',
      'wei',
      'Its share of the fees of the transaction that proved it: these, over the proposals that were proven by it, rounded down; null where none did, or its receipt is not at hand.',
    ),
  ],
}

const sources: Table = {
  name: 'sources',
  definition: 'Every derivation source of every proposal, with what its bytes were found to be.',
  orderBy: ['l1_block_number', 'proposal_id', 'source_index'],
  columns: [
    L2_CHAIN,
    column('proposal_id', 'u64', 'As in proposals.'),
    column('fork', 'string', 'As in proposals.'),
    column('l1_block_number', 'u32', 'As in proposals.'),
    column('source_index', 'u32', 'Position in the proposal: forced inclusions first.'),
    column('is_forced_inclusion', 'bool', 'Whether it came from the inbox’s queue.'),
    nullable('saved_at', 'timestamp', 'Forced inclusions: L1 time at which it was queued; null otherwise.'),
    column('blobs', 'u32', 'Blobs it names.'),
    column('blob_hashes', 'string', 'Versioned hashes, in order, joined by commas.'),
    column('offset', 'u64', 'Start in the concatenated decoded payloads, bytes.'),
    nullable(
      'payload_bytes',
      'u64',
      'Decoded bytes of its blobs or calldata; null where they were not at hand.',
    ),
    nullable(
      'inflated_bytes',
      'u64',
      'Bytes of its manifest or list after inflation; null where they were not at hand or none came out.',
    ),
    column('blocks', 'u32', 'L2 blocks it made.'),
    column('listed_transactions', 'u32', 'Transactions it lists, whether they executed or not.'),
    nullable(
      'fault',
      'string',
      'Name of the fault for which it, or its content, was replaced by the default; null if there is none.',
    ),
    nullable('fault_rule', 'string', 'Its rule number in docs/derivation.md.'),
    nullable('fault_detail', 'string', 'What was found.'),
  ],
}

const l2Blocks: Table = {
  name: 'l2_blocks',
  definition: 'Every L2 block derived from the range.',
  orderBy: ['block_number'],
  columns: [
    L2_CHAIN,
    column('block_number', 'u64', 'L2 block number.'),
    column('block_hash', 'hash', 'L2 block hash.'),
    column('timestamp', 'timestamp', 'Of the header.'),
    column('fork', 'string', 'Rules it was executed under.'),
    column('proposal_id', 'u64', 'As in proposals.'),
    column('source_index', 'u32', 'As in sources.'),
    column('is_forced_inclusion', 'bool', 'As in sources.'),
    column('proposer', 'address', 'Of its proposal.'),
    column('coinbase', 'address', 'Of the header: who receives tips and the shared base fee.'),
    column('anchor_block_number', 'u32', 'L1 block its anchor transaction told L2 about.'),
    column('gas_used', 'u64', 'Of the header, with the anchor transaction’s.'),
    column('gas_limit', 'u64', 'Of the header.'),
    column('base_fee_per_gas', 'u64', 'Wei per gas.'),
    column('zk_gas', 'u64', 'Since Unzen the block’s difficulty; 0 before.'),
    column('transactions', 'u32', 'Executed transactions without the anchor transaction.'),
    column('dropped', 'u32', 'Listed transactions that did not execute.'),
    column('size', 'u32', 'Bytes of its RLP.'),
    column('tips', 'wei', 'Priority fees its coinbase received.'),
    column('shared_base_fee', 'wei', 'Base fee that went to its coinbase.'),
    column('treasury_base_fee', 'wei', 'Base fee that went to the treasury.'),
    column('l1_block_number', 'u32', 'L1 block that holds its proposal.'),
    column('safe_at', 'timestamp', 'Time of that L1 block.'),
    nullable(
      'preconfirmed_at',
      'milliseconds',
      'When this node made or first heard a block commitment to these transactions, by its clock; null where it knows of none.',
    ),
    nullable(
      'finalized_at',
      'timestamp',
      'When this node saw it become final, by its clock; null where it did not, or was not yet running.',
    ),
    nullable(
      'executable_at',
      'timestamp',
      'L1 time at which a `Proved` event of the range covered it; null where none did, or the inbox took it back.',
    ),
  ],
}

const transactions: Table = {
  name: 'transactions',
  definition:
    'Every transaction a source of the range lists, executed or dropped, with where it came from. Anchor transactions are left out.',
  orderBy: ['block_number', 'listed_index'],
  columns: [
    L2_CHAIN,
    column('block_number', 'u64', 'L2 block it is in, or was dropped from.'),
    column('listed_index', 'u32', 'Position among the listed transactions of its block.'),
    nullable(
      'transaction_index',
      'u32',
      'Position in the block (the anchor transaction has 0); null if it was dropped.',
    ),
    nullable('transaction_hash', 'hash', 'Null where its bytes are none of a transaction.'),
    nullable('from_address', 'address', 'Sender; null where it cannot be told.'),
    nullable('to_address', 'address', 'Null for a contract creation, or where it cannot be told.'),
    nullable('nonce', 'u64', 'Null where it cannot be told.'),
    nullable('value', 'u256', 'Wei; null where it cannot be told.'),
    nullable('transaction_type', 'u32', 'EIP-2718 type, 0 for legacy; null where it cannot be told.'),
    nullable('input_bytes', 'u32', 'Length of its input; null where it cannot be told.'),
    nullable('input_selector', 'string', 'First four bytes of its input; null if it has fewer.'),
    nullable('gas_limit', 'u64', 'Null where it cannot be told.'),
    nullable(
      'max_fee_per_gas',
      'wei',
      'Wei per gas; the gas price of older types. Null where it cannot be told, or is 10^38 or more.',
    ),
    nullable(
      'max_priority_fee_per_gas',
      'wei',
      'Wei per gas; the gas price of older types. Null where it cannot be told, or is 10^38 or more.',
    ),
    nullable('gas_used', 'u64', 'Null if it was dropped.'),
    nullable('effective_gas_price', 'wei', 'Wei per gas; null if it was dropped.'),
    nullable('success', 'bool', 'False if it reverted or halted; null if it was dropped.'),
    nullable('drop_reason', 'string', 'What was found, as a sentence; null if it executed.'),
    nullable(
      'drop_rule',
      'string',
      'Rule number in docs/derivation.md, one for each kind of reason; null if it executed.',
    ),
    nullable('contract_address', 'address', 'The contract it created; null if none.'),
    column('proposal_id', 'u64', 'As in proposals.'),
    column('source_index', 'u32', 'As in sources.'),
    column('is_forced_inclusion', 'bool', 'As in sources.'),
    column('payload_offset', 'u64', 'Start in the inflated payload of its source, bytes.'),
    column('payload_length', 'u64', 'Length there, bytes.'),
    nullable(
      'first_seen_at',
      'milliseconds',
      'When this node’s pool first had it, or it was first asked for a promise about it, by its clock; null where it never was.',
    ),
  ],
}

const logs: Table = {
  name: 'logs',
  definition: 'Every log of every executed transaction of the range, without anchor transactions.',
  orderBy: ['block_number', 'log_index'],
  columns: [
    L2_CHAIN,
    column('block_number', 'u64', 'L2 block number.'),
    column('transaction_index', 'u32', 'As in transactions.'),
    column('log_index', 'u32', 'Position in the block, over all its transactions.'),
    column('transaction_hash', 'hash', 'As in transactions.'),
    column('address', 'address', 'The contract that logged.'),
    nullable('topic0', 'hash', 'Null if it has fewer topics.'),
    nullable('topic1', 'hash', 'Null if it has fewer topics.'),
    nullable('topic2', 'hash', 'Null if it has fewer topics.'),
    nullable('topic3', 'hash', 'Null if it has fewer topics.'),
    column('data', 'string', '0x and hexadecimals.'),
  ],
}

const forcedInclusions: Table = {
  name: 'forced_inclusions',
  definition: 'Every forced inclusion that was saved in the range, or consumed by a proposal of it.',
  orderBy: ['saved_in_block', 'blob_hash', 'offset', 'saved_at', 'included_in_block', 'proposal_id'],
  columns: [
    L2_CHAIN,
    column('blob_hash', 'hash', 'Versioned hash of its first blob.'),
    column('offset', 'u64', 'As in sources.'),
    nullable('fee', 'wei', 'Paid to be queued; null where the event is before the range.'),
    column('saved_at', 'timestamp', 'L1 time at which it was queued.'),
    nullable('saved_in_block', 'u32', 'That L1 block; null where it is before the range.'),
    nullable(
      'due_at',
      'timestamp',
      'From then on a proposal must take it: saved_at + the inbox’s forced inclusion delay; null where the delay is not known.',
    ),
    column(
      'outcome',
      'string',
      'At the end of the range: `included`, `voided` (the inbox was told to skip so many of the oldest) or `pending`.',
    ),
    nullable('proposal_id', 'u64', 'Of the proposal that took it; null if none did.'),
    nullable('included_in_block', 'u32', 'L1 block of that proposal; null if none took it.'),
    nullable('included_at', 'timestamp', 'L1 time of it; null if none took it.'),
    nullable('l2_block_number', 'u64', 'L2 block it became; null if none took it.'),
  ],
}

const windows: Table = {
  name: 'windows',
  isOfWholeRange: true,
  definition:
    'Every proposer window of the range. Where L1 could be asked who was elected: each window that lies wholly in the range, used or missed; of a schedule that elects one operator an epoch the epochs, under a lookahead the slots up to that of the owner, without those that its fallback decides. Otherwise those that proposals name: windows in which nobody proposed are not there. Empty where anyone may propose.',
  orderBy: ['window_end', 'proposer'],
  columns: [
    L2_CHAIN,
    nullable('window_start', 'timestamp', 'Timestamp of its first slot; null where it is not known.'),
    column('window_end', 'timestamp', 'Timestamp of its last slot.'),
    nullable('slots', 'u32', 'L1 slots in it; null where its first is not known.'),
    nullable('missed_slots', 'u32', 'Of these, slots without an L1 block; null as before.'),
    column(
      'proposer',
      'address',
      'Who was elected: under a lookahead the committer, whose poster may have proposed.',
    ),
    column(
      'outcome',
      'string',
      '`proposed`, `empty` (proposed, but no transaction executed) or `missed` (no proposal).',
    ),
    column('proposals', 'u32', 'Proposals that landed in it.'),
    column('blocks', 'u32', 'L2 blocks of these.'),
  ],
}

const promises: Table = {
  name: 'promises',
  definition:
    'Every promise in the node’s promise book whose slot is in the range: its own and those it was told of.',
  orderBy: ['slot', 'commitment_hash'],
  columns: [
    L2_CHAIN,
    column('commitment_hash', 'hash', 'Hash of the commitment.'),
    column('commitment_type', 'u32', 'Type of the commitment (docs/commitments.md).'),
    column('is_ours', 'bool', 'Whether this node made it.'),
    column('signer', 'address', 'Who made it.'),
    column('slot', 'u64', 'L1 slot it holds for.'),
    column('requested_at', 'milliseconds', 'When it was asked for, by this node’s clock.'),
    nullable('answered_at', 'milliseconds', 'When it was signed; null if it never was.'),
    nullable('transaction_hash', 'hash', 'Transaction promised; null for block commitments.'),
    nullable('block_number', 'u64', 'L2 block promised; null where only a slot is.'),
    column('outcome', 'string', '`pending`, `kept`, `broken` or `expired`.'),
    nullable('reason', 'string', 'Why it was broken or expired; null otherwise.'),
    nullable('broken_by', 'string', 'Who broke it; null otherwise.'),
    nullable('landed_block_number', 'u64', 'L2 block that has the transaction; null if none has.'),
    nullable('l1_block_number', 'u32', 'L1 block that settled it; null while none has.'),
  ],
}

const preconfirmedBlocks: Table = {
  name: 'preconfirmed_blocks',
  definition:
    'Every block commitment in the node’s promise book to a block number of the range, beside what L1 brought.',
  orderBy: ['block_number', 'block_hash', 'commitment_hash'],
  columns: [
    L2_CHAIN,
    column('block_number', 'u64', 'L2 block number.'),
    nullable(
      'block_hash',
      'hash',
      'Hash that was promised; null where it did not land and the stream journal has forgotten it.',
    ),
    column('commitment_hash', 'hash', 'Hash of the block commitment.'),
    column('is_own', 'bool', 'Whether this node made it.'),
    column('window_end', 'timestamp', 'Timestamp of the last slot of its window.'),
    nullable('frags', 'u32', 'Parts it was streamed in; null once the stream journal has forgotten it.'),
    nullable('derived_hash', 'hash', 'Hash of the block of that number that L1 brought; null while none.'),
  ],
}

const proposers: Table = {
  name: 'proposers',
  isOfWholeRange: true,
  definition: 'One row for each proposer of the range, over the range.',
  orderBy: ['proposer'],
  columns: [
    L2_CHAIN,
    column('proposer', 'address', 'As in proposals.'),
    nullable('label', 'string', 'Operator, by the labels file; null without an entry.'),
    nullable('country', 'string', 'Where it is, by the labels file; null where that does not say.'),
    nullable('host', 'string', 'Who hosts it, by the labels file; null where that does not say.'),
    column('proposals', 'u32', 'Its proposals.'),
    column('blocks', 'u32', 'L2 blocks of these.'),
    column('transactions', 'u32', 'Executed transactions of these, without anchor transactions.'),
    column('gas_used', 'u64', 'Gas of these blocks.'),
    column('fees', 'wei', 'Tips and shared base fees of these blocks.'),
    nullable(
      'cost',
      'wei',
      'Execution and blob fees of its proposing transactions; null where one is not at hand.',
    ),
    nullable(
      'stake',
      'wei',
      'Its collateral in the registry at the end of the range, 0 without any; null where no registry holds it, or L1 was not asked.',
    ),
  ],
}

export const TABLES: readonly Table[] = [
  l1Blocks,
  proposals,
  sources,
  l2Blocks,
  transactions,
  logs,
  forcedInclusions,
  windows,
  promises,
  preconfirmedBlocks,
  proposers,
]

export const CHUNKED_TABLES = TABLES.filter(({ isOfWholeRange }) => isOfWholeRange !== true)
export const WHOLE_RANGE_TABLES = TABLES.filter(({ isOfWholeRange }) => isOfWholeRange === true)

export function tableOf(name: TableName): Table {
  return defined(
    TABLES.find((table) => table.name === name),
    `table ${name}`,
  )
}
