/** What only the whole range tells: proofs that are taken back, and queue entries that will never be included. */
import { privateKeyToAccount } from 'viem/accounts'
import { expect, test } from 'vitest'
import type { L1Header } from '../../../src/l1/l1.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import type { Log } from '../../../src/primitives/receipt.ts'
import { createFactFinder } from '../../../src/research/collect/facts.ts'
import type { L1Transaction } from '../../../src/research/collect/l1Source.ts'
import {
  forcedInclusionSavedLog,
  forcedInclusionsVoidedLog,
  proposedLog,
  provedLog,
  stateRecoveredLog,
} from '../../support/l1/inboxEvents.ts'
import type { InboxSource } from '../../support/l1/inboxState.ts'
import { createSimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { specOf } from '../../support/l1Room.ts'

const spec = specOf(createSimulatedL1({ seed: 'facts' }))
const { inbox } = spec.l1
const ALICE = `0x${'a1'.repeat(20)}` as const
const hash = (byte: string): Hash => `0x${byte.repeat(32)}`

/** Blocks from 1 on, each with its logs. */
function find(blocks: readonly (readonly Log[])[], transaction?: L1Transaction) {
  const finder = createFactFinder(spec, new Set([blocks.length]))
  for (const [index, logs] of blocks.entries()) {
    const number = BigInt(index + 1)
    const block = {
      ...{ number, hash: hash('bb'), parentHash: hash('ba'), timestamp: timeOf(number), header: {} },
    } as L1Header
    finder.note(
      {
        type: 'block',
        block,
        logs: logs.map((log, logIndex) => ({
          ...log,
          data: bytesToHex(log.data),
          ...{ blockNumber: number, blockHash: block.hash, transactionHash: hash('cc'), logIndex },
        })),
      },
      transaction && new Map([[hash('cc'), transaction]]),
    )
  }
  return finder.facts()
}
const timeOf = (number: bigint) => 1_700_000_000n + number * 12n

const saved = (byte: string, timestamp: bigint) =>
  forcedInclusionSavedLog(inbox, 5n, { blobHashes: [hash(byte)], offset: 7, timestamp })
const proposed = (id: bigint, sources: readonly InboxSource[]) =>
  proposedLog(inbox, {
    ...{ id, proposer: ALICE, sources, timestamp: 0n, parentProposalHash: hash('00') },
    ...{ originBlockNumber: 0n, originBlockHash: hash('00'), basefeeSharingPctg: 0 },
    endOfSubmissionWindowTimestamp: 0n,
  })
const forced = (byte: string, timestamp: bigint): InboxSource => ({
  isForcedInclusion: true,
  blobSlice: { blobHashes: [hash(byte)], offset: 7, timestamp },
})
const proved = (firstNew: bigint, last: bigint) =>
  provedLog(inbox, { first: 1n, firstNew, last, actualProver: ALICE })

test('a proof counts from the first that said it, until the inbox takes it back', () => {
  const { proven } = find([
    [proved(1n, 2n)],
    [proved(2n, 4n)],
    [stateRecoveredLog(inbox, 5n, 1n, hash('01'))],
    [proved(2n, 2n)],
  ])
  expect([...proven].map(([id, { number, timestamp }]) => [id, number, timestamp])).toEqual([
    [1n, 1n, timeOf(1n)],
    [2n, 4n, timeOf(4n)],
  ])
})

test('what a transaction paid is shared by all that it proved, in however many proofs', async () => {
  const raw = await privateKeyToAccount(hash('01')).signTransaction({
    ...{ type: 'legacy', chainId: 1, nonce: 0, to: inbox, gas: 1_000n, gasPrice: 7n },
  })
  const { proven } = find([[proved(1n, 1n), proved(2n, 4n)]], { raw: hexToBytes(raw), gasUsed: 101n })
  expect([...proven.values()].map(({ feeWei }) => feeWei)).toEqual(Array(4).fill(176n))
  expect([...find([[proved(1n, 2n)]]).proven.values()].map(({ feeWei }) => feeWei)).toEqual([null, null])
})

test('forced inclusions are taken, voided from the oldest on, or wait', () => {
  const early = timeOf(0n)
  const { forced: found } = find([
    [saved('01', timeOf(1n)), saved('02', timeOf(1n))],
    // The first was queued before the range.
    [proposed(9n, [forced('00', early), forced('01', timeOf(1n))])],
    [saved('03', timeOf(3n)), saved('04', timeOf(3n))],
    [forcedInclusionsVoidedLog(inbox, 11, 13)],
  ])
  expect(found.map(({ blobHash, outcome }) => [blobHash, outcome.type])).toEqual([
    [hash('01'), 'included'],
    [hash('02'), 'voided'],
    [hash('00'), 'included'],
    [hash('03'), 'voided'],
    [hash('04'), 'pending'],
  ])
  const [taken, , before] = found
  expect(taken).toMatchObject({
    saved: { at: { number: 1n, timestamp: timeOf(1n) }, feeWei: 5n * 10n ** 9n },
    outcome: { at: { number: 2n }, proposal: { id: 9n }, sourceIndex: 1 },
  })
  expect(before).toMatchObject({ savedAt: early, outcome: { sourceIndex: 0 } })
  expect(before).not.toHaveProperty('saved')
})

test('remembers the headers that chunks end with', () => {
  expect(find([[], []]).ends).toEqual(new Map([[2, { hash: hash('bb'), timestamp: timeOf(2n) }]]))
})
