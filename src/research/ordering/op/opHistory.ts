/** A channel of OP Mainnet as history to order anew: no state, so nothing of it is executed. */
import { recoverSender } from '../../../engine/sender.ts'
import { decodeTransaction, type Transaction } from '../../../engine/transaction.ts'
import { maxBigint, minBigint } from '../../../primitives/bigint.ts'
import { type Address, bytesToHex } from '../../../primitives/hex.ts'
import { keccak256Hex } from '../../../primitives/keccak.ts'
import { equalSequencers, type History, type PastTransaction, slotTimes } from '../history.ts'
import { parseHex, readChannel } from './channel.ts'
import { decodeSpanBatch, SPAN_BATCH_VERSION, type SpanBatch } from './spanBatch.ts'

/** https://github.com/ethereum-optimism/superchain-registry (mainnet/op.toml) */
const OP_MAINNET = { chainId: 10n, genesisTime: 1_686_068_903n, blockSeconds: 2n }
/** Coinbase of every block: the SequencerFeeVault, a predeploy. https://specs.optimism.io/protocol/predeploys.html */
const SEQUENCER: Address = '0x4200000000000000000000000000000000000011'
/** What a block may have, unless one of the channel asks for more. */
const GAS_LIMIT = 30_000_000n

/** Throws RangeError for what is no channel of span batches of this chain. */
export function readOpHistory(hex: string, name: string): History {
  const batches = readChannel(parseHex(hex)).map((batch) => {
    if (batch[0] !== SPAN_BATCH_VERSION)
      throw new RangeError('the channel has single batches; only span batches (since Delta) are read')
    return decodeSpanBatch(batch, OP_MAINNET.chainId)
  })
  const timed = batches.map((batch) => ({ batch, times: timesOf(batch) }))
  const beginsAt = (timed[0]?.times[0] ?? 0n) - OP_MAINNET.blockSeconds
  const blocks = batches.flatMap((batch) => batch.blocks)
  const decoded = blocks.map(({ transactions }) => transactions.map(decode))
  const gasLimit = decoded
    .map((block) => block.reduce((sum, each) => sum + each.transaction.gasLimit, 0n))
    .reduce(maxBigint, GAS_LIMIT)
  return {
    title: `${name}: OP Mainnet, ${blocks.length} blocks from ${timeOf(beginsAt)}, ${decoded.flat().length} transactions`,
    transactions: number(decoded),
    slots: slotTimes(
      beginsAt,
      timed.flatMap(({ times }) => times),
    ).map((slot) => ({ ...slot, gasLimit, proposer: SEQUENCER })),
    publicationOf: publications(batches),
    sequencers: equalSequencers(4),
    notes: [
      'Nothing was executed: a channel has no state. Gas is the limit of each transaction.',
      `No channel says the gas limit of blocks: taken as ${gasLimit}, the larger of ${GAS_LIMIT} and the most that a block of the channel asks for.`,
      'No channel says base fees: a block’s is taken as the lowest price any of its transactions would pay, which it cannot exceed; tips are what is left, so lower bounds of what the block’s order could see.',
      'Deposits, which come from L1 and stand first in their blocks under every rule, are no part of a channel and left out.',
    ],
  }
}

function timesOf({ relativeTimestamp, blocks }: SpanBatch): readonly bigint[] {
  const first = OP_MAINNET.genesisTime + relativeTimestamp
  return blocks.map((_, index) => first + BigInt(index) * OP_MAINNET.blockSeconds)
}

function publications(batches: readonly SpanBatch[]): History['publicationOf'] {
  let first = 0
  return batches.flatMap(({ blocks }) => {
    const publication = { first, last: first + blocks.length - 1 }
    first += blocks.length
    return blocks.map(() => publication)
  })
}

type Decoded = { readonly raw: Uint8Array; readonly transaction: Transaction; readonly sender: Address }

function decode(raw: Uint8Array): Decoded {
  const decoded = decodeTransaction(raw)
  const sender = decoded.type === 'transaction' ? recoverSender(decoded.transaction) : null
  if (decoded.type !== 'transaction' || sender === null)
    throw new RangeError('the channel has a transaction that nobody can have signed')
  return { raw, transaction: decoded.transaction, sender: bytesToHex(sender) }
}

function number(blocks: readonly (readonly Decoded[])[]): readonly PastTransaction[] {
  let canonicalIndex = 0
  return blocks.flatMap((block, canonicalSlot) => {
    const baseFee = lowest(block.map(({ transaction }) => transaction.maxFeePerGas))
    return block.map(({ raw, transaction, sender }) => ({
      hash: keccak256Hex(raw),
      sender,
      nonce: transaction.nonce,
      tip: minBigint(transaction.maxPriorityFeePerGas, transaction.maxFeePerGas - baseFee),
      gas: transaction.gasLimit,
      canonicalIndex: canonicalIndex++,
      canonicalSlot,
    }))
  })
}

const lowest = (values: readonly bigint[]): bigint => values.reduce(minBigint, values[0] ?? 0n)

const timeOf = (seconds: bigint): string => new Date(Number(seconds) * 1_000).toISOString()
