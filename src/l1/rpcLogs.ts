/** The answer of `eth_getLogs` over a range of verified headers: nobody signs it, so it is only a hint until proven (history.ts). */
import { bytesToHex, type Hash } from '../primitives/hex.ts'
import type { L1Log } from '../protocol/protocol.ts'
import type { L1Header } from './l1.ts'
import { readHex, readList, readObject, readQuantity } from './rpcJson.ts'
import { decodeLog } from './rpcReceipts.ts'
import type { Watch } from './watch.ts'
import { check } from './wrongData.ts'

/**
 * Wanted logs by block hash, in order.
 * What contradicts the headers on its face is refused: a log of a block outside the range, or one the bloom rules out.
 */
export function decodeRangeLogs(
  json: unknown,
  headers: readonly L1Header[],
  watch: Watch,
): ReadonlyMap<Hash, readonly L1Log[]> {
  const blocks = new Map(headers.map((header) => [header.hash, header]))
  const logs = new Map<Hash, L1Log[]>()
  for (const item of readList(json, 'the logs')) {
    const log = decodeRangeLog(item)
    if (!watch.wants(log)) continue
    const block = blocks.get(log.blockHash)
    check(block !== undefined, `a log is of block ${log.blockHash}, which is not in the range asked for`)
    check(block.number === log.blockNumber, `a log of block ${block.number} says number ${log.blockNumber}`)
    check(watch.mayHold(block.header), `the bloom of block ${block.number} rules out a log that was given`)
    const ofBlock = logs.get(block.hash)
    const last = ofBlock?.at(-1)
    check(
      last === undefined || last.logIndex < log.logIndex,
      `the logs of block ${block.number} are out of order`,
    )
    if (ofBlock) ofBlock.push(log)
    else logs.set(block.hash, [log])
  }
  return logs
}

function decodeRangeLog(json: unknown): L1Log {
  const fields = readObject(json, 'a log')
  const { address, topics, data } = decodeLog(json)
  return {
    address,
    topics,
    data: bytesToHex(data),
    blockNumber: readQuantity(fields.blockNumber, 'the block number of a log'),
    blockHash: readHex(fields.blockHash, 'the block hash of a log', 32),
    transactionHash: readHex(fields.transactionHash, 'the transaction hash of a log', 32),
    logIndex: Number(readQuantity(fields.logIndex, 'the index of a log')),
  }
}
