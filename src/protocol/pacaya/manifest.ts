/** A batch's flat transaction list, cut into its blocks. D-31..D-37, D-51. */
import { defined } from '../../primitives/assert.ts'
import { PACAYA_LIST_RULES } from '../legacy/listRules.ts'
import { decodeTransactionList } from '../legacy/transactionList.ts'
import type { ManifestBlock, Protocol } from '../protocol.ts'
import { pacayaDetails } from './proposals.ts'

export const decodeSource: Protocol['decodeSource'] = ({ proposal, sourceIndex, blobs }) => {
  const source = defined(proposal.sources[sourceIndex], `source ${sourceIndex} of batch ${proposal.id}`)
  const { transactions, fault } = decodeTransactionList(source, blobs, PACAYA_LIST_RULES)
  const details = pacayaDetails(proposal)
  // Only the last block's time is given; each block lies `timeShift` seconds after the one before.
  const shifts = details.blocks.reduce((sum, block) => sum + block.timeShift, 0n)
  let timestamp = details.lastBlockTimestamp - shifts
  let taken = 0
  const blocks = details.blocks.map(({ numTransactions, timeShift }): ManifestBlock => {
    // The first block's shift is 0 by the contract's rule; were it not, it would lie before the first block as here.
    timestamp += timeShift
    const from = taken
    // A list that is too short leaves the later blocks with what is left; what is too much belongs to no block.
    taken += numTransactions
    return {
      timestamp,
      coinbase: details.coinbase,
      anchorBlockNumber: proposal.originBlockNumber,
      gasLimit: details.gasLimit,
      transactions: transactions.slice(from, taken),
    }
  })
  return fault === undefined ? { blocks } : { blocks, fault }
}
