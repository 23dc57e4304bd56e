/** What the inbox has said, from the notes of derivation to `based_syncStatus`. */
import { expect, test } from 'vitest'
import type { InboxNote } from '../../../src/derive/deriveStep.ts'
import { type InboxStatus, inboxWarnings, noteInbox } from '../../../src/derive/inboxStatus.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { syncStatusJson } from '../../../src/rpc/based/syncStatus.ts'
import { syncStatus } from '../../../src/rpc/schemas/based.ts'

const said = (l1Block: bigint) => ({ l1Block, transactionHash: hashOf(Number(l1Block)) })
const hashOf = (n: number): Hash => `0x${n.toString(16).padStart(64, '0')}`
const proved = (l1Block: bigint, claim: 'indirect' | 'distrusted', compared: number): InboxNote => ({
  item: {
    ...said(l1Block),
    ...{ type: 'proved', firstProposalId: 3n, firstNewProposalId: 4n, lastProposalId: 5n },
    claim: { type: claim },
  },
  compared,
})
const NOTES: readonly InboxNote[] = [
  proved(7n, 'indirect', 0),
  { item: { ...said(8n), type: 'upgraded', implementation: `0x${'11'.repeat(20)}` } },
  {
    item: {
      ...said(8n),
      ...{ type: 'recovered', lastFinalizedProposalId: 2n, lastFinalizedBlockHash: hashOf(2) },
    },
  },
  { item: { ...said(9n), type: 'forcedInclusionsVoided', from: 1n, to: 4n } },
]

function statusJson(inbox: InboxStatus) {
  const block = { number: 0n, hash: hashOf(1) }
  const chain = {
    heads: () => ({ latest: block, safe: block, finalized: block, executable: block }),
    headerByNumber: async () => undefined,
    origin: async () => undefined,
  }
  const l1 = { trust: 'single-provider' as const, providers: [] }
  return syncStatusJson({
    chain: chain as never,
    sync: () => ({ l1, startL1Block: 0n, isSynced: true, problems: [], inbox }),
  })
}

test('the newest of each kind is told, in the form of the document', async () => {
  const json = syncStatus.parse(await statusJson(noteInbox({}, NOTES)))
  expect(json.inbox).toEqual({
    proof: {
      ...{ l1_block: 7, l1_transaction: hashOf(7), first_proposal: 3, last_proposal: 5 },
      ...{ claim: 'indirect', compared: 0 },
    },
    recovery: { l1_block: 8, l1_transaction: hashOf(8), last_proposal: 2 },
    voided_forced_inclusions: { l1_block: 9, l1_transaction: hashOf(9), from: 1, to: 4 },
    upgrade: { l1_block: 8, l1_transaction: hashOf(8), implementation: `0x${'11'.repeat(20)}` },
  })
  const quiet = syncStatus.parse(await statusJson({}))
  expect(new Set(Object.values(quiet.inbox))).toEqual(new Set([null]))
})

test('a newest proof that was not compared is a warning, one that was is none', () => {
  expect(inboxWarnings(noteInbox({}, NOTES))).toEqual([expect.stringContaining('another contract')])
  const distrusted = noteInbox({}, [...NOTES, proved(10n, 'distrusted', 0)])
  expect(inboxWarnings(distrusted)).toEqual([expect.stringMatching(/L1 block 10.* held for false/)])
  expect(inboxWarnings({})).toEqual([])
})
