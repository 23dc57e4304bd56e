/** Lists in calldata: what an event only hashes is found in the inbox's own event or in the proposing transaction. D-19. */
import { encodeAbiParameters, encodeFunctionData, parseAbi, parseAbiParameters, toEventSelector } from 'viem'
import { expect, test } from 'vitest'
import { findCalldata } from '../../../src/derive/calldata.ts'
import { toWord } from '../../../src/primitives/bytes.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { CALLDATA_TX_LIST_TOPIC } from '../../../src/protocol/legacy/calldata.ts'
import type { L1Log, Proposal } from '../../../src/protocol/protocol.ts'
import { createProposal } from '../../support/protocolBuilders.ts'

const list = hexToBytes('0x789c0102030405')
const other = hexToBytes('0x789c99')
const place = {
  blockNumber: 20_000_000n,
  blockHash: `0x${'aa'.repeat(32)}` as Hash,
  transactionHash: `0x${'dd'.repeat(32)}` as Hash,
}
const proposal = createProposal({
  fork: 'genesis',
  id: 77n,
  sources: [
    {
      isForcedInclusion: false,
      blobSlice: { blobHashes: [], offset: 0, timestamp: 1n },
      calldataHash: keccak256Hex(list),
    },
  ],
  l1: { ...place, logIndex: 5 },
})

const listLog = (blockId: bigint, bytes: Uint8Array): L1Log => ({
  ...place,
  address: `0x${'06'.repeat(20)}`,
  topics: [CALLDATA_TX_LIST_TOPIC, bytesToHex(toWord(blockId)) as Hash],
  data: encodeAbiParameters(parseAbiParameters('bytes'), [bytesToHex(bytes)]) as Hex,
  logIndex: 4,
})

/** An L1 on which the proposing transaction has this input; counts who asks for it. */
function l1With(input: Hex) {
  const asked: unknown[] = []
  return {
    asked,
    l1: {
      transaction: async (at: unknown) => {
        asked.push(at)
        return { to: null, input: hexToBytes(input) }
      },
    },
  }
}

const proposeBlock = (bytes: Uint8Array): Hex =>
  encodeFunctionData({
    abi: parseAbi(['function proposeBlock(bytes _params, bytes _txList) payable']),
    args: ['0x1234', bytesToHex(bytes)],
  })

const find = (input: Hex, logs: readonly L1Log[], of: Proposal = proposal) => {
  const { asked, l1 } = l1With(input)
  const found = findCalldata({ l1, signal: new AbortController().signal }, of, logs)
  return { asked, calldata: found.then(({ sources }) => sources[0]?.calldata) }
}

test('the event has the topic of the contract', () => {
  expect(toEventSelector('CalldataTxList(uint256,bytes)')).toBe(CALLDATA_TX_LIST_TOPIC)
})

test('is taken from the event of its block, and the transaction is not asked for', async () => {
  const { asked, calldata } = find('0x', [listLog(76n, other), listLog(77n, list)])
  expect(await calldata).toEqual(list)
  expect(asked).toEqual([])
})

test('is taken from the transaction where there is no such event', async () => {
  const { asked, calldata } = find(proposeBlock(list), [listLog(76n, list)])
  expect(await calldata).toEqual(list)
  expect(asked).toEqual([{ hash: place.transactionHash, ...place, transactionHash: undefined }])
})

test("another list than the event's hash names is never taken", async () => {
  await expect(find(proposeBlock(other), [listLog(77n, other)]).calldata).rejects.toThrow(
    /list of L2 block 77 is not in the calldata/,
  )
})

test('a transaction that calls something else has no list', async () => {
  for (const input of ['0x', '0xef16e845', `0x12345678${'00'.repeat(64)}`] as const)
    await expect(find(input, []).calldata).rejects.toThrow(/list of L2 block 77/)
})

test('a proposal with blobs, or whose list is there, is left as it is', async () => {
  const known = { ...proposal, sources: proposal.sources.map((source) => ({ ...source, calldata: other })) }
  const shasta = createProposal()
  for (const of of [known, shasta]) {
    const { asked, l1 } = l1With('0x')
    expect(await findCalldata({ l1, signal: new AbortController().signal }, of, [])).toEqual(of)
    expect(asked).toEqual([])
  }
})
