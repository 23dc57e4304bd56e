/**
 * A transaction list that came by calldata. The event of its block has its hash alone; the bytes lie in the L1 transaction, and from
 * July 2024 on also in an event of their own. D-19;
 * https://github.com/taikoxyz/taiko-mono/blob/2dd30ab2dc/packages/protocol/contracts/L1/libs/LibProposing.sol
 */
import { decodeFunctionData, parseAbi } from 'viem'
import { bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { decodeEvent } from '../events.ts'
import type { L1Log } from '../protocol.ts'

export const CALLDATA_TX_LIST_TOPIC: Hash =
  '0xa07bc5e8f00f6065c8727821591c519efd2348e4ff0c26560a85592e85b6f418'

const eventAbi = parseAbi(['event CalldataTxList(uint256 indexed blockId, bytes txList)'])
const proposeAbi = parseAbi(['function proposeBlock(bytes params, bytes txList)'])

/** The list in a `CalldataTxList` event, and the block it is for. */
export function decodeCalldataList(log: L1Log): { readonly blockId: bigint; readonly list: Uint8Array } {
  const { blockId, txList } = decodeEvent(eventAbi, 'CalldataTxList', log)
  return { blockId, list: hexToBytes(txList) }
}

/** The list in the input of an L1 transaction; null if that is no direct call of `proposeBlock`. */
export function listInCalldata(input: Uint8Array): Uint8Array | null {
  try {
    const { args } = decodeFunctionData({ abi: proposeAbi, data: bytesToHex(input) })
    return hexToBytes(args[1])
  } catch {
    return null
  }
}
