/** One proposal, one block, one transaction list. D-19, D-31..D-35, D-38, D-39, D-51. */
import { defined } from '../../primitives/assert.ts'
import { firstListRules } from '../legacy/listRules.ts'
import { decodeTransactionList } from '../legacy/transactionList.ts'
import type { Protocol } from '../protocol.ts'
import { genesisDetails } from './proposals.ts'

export const decodeSource: Protocol['decodeSource'] = ({ spec, proposal, sourceIndex, blobs }) => {
  const source = defined(proposal.sources[sourceIndex], `source ${sourceIndex} of block ${proposal.id}`)
  const { transactions, fault } = decodeTransactionList(source, blobs, firstListRules(spec))
  const { timestamp, coinbase, gasLimit } = genesisDetails(proposal)
  const anchorBlockNumber = proposal.originBlockNumber
  const blocks = [{ timestamp, coinbase, anchorBlockNumber, gasLimit, transactions }]
  return fault === undefined ? { blocks } : { blocks, fault }
}
