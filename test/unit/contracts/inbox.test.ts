/** The contract and the code that follows it must mean the same bytes: each hash and encoding is made by both. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytesToHex, type Hash, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { PAYLOAD_BYTES_PER_BLOB } from '../../../src/protocol/blobCodec.ts'
import { type Commitment, encodeCommitment, hashCommitment } from '../../../src/protocol/shasta/commitment.ts'
import {
  ALL_FORCED_INCLUSIONS,
  FORCED_INCLUSIONS_MAX,
  forcedInclusionFee,
} from '../../../src/protocol/shasta/forcedInclusions.ts'
import { decodeCheckpointSaved, decodeInboxEvent } from '../../../src/protocol/shasta/inboxEvents.ts'
import { decodeProposal, type HashedProposal, hashProposal } from '../../../src/protocol/shasta/proposals.ts'
import { encodeProposeInput } from '../../../src/protocol/shasta/proposeInput.ts'
import { createDevnetSpec } from '../../../src/spec/devnet.ts'
import { startTestL1, type TestL1 } from '../../support/contracts/anvil.ts'
import {
  deployInbox,
  GENESIS_HASH,
  type InboxClient,
  L2_CHAIN_ID,
  logsOf,
  PROPOSER,
  SETTINGS,
} from '../../support/contracts/inbox.ts'

const GENESIS_PROPOSAL: HashedProposal = {
  id: 0n,
  timestamp: 0n,
  endOfSubmissionWindowTimestamp: 0n,
  proposer: ZERO_ADDRESS,
  parentHash: ZERO_HASH,
  originBlockNumber: 0n,
  originBlockHash: ZERO_HASH,
  basefeeSharingPctg: 0,
  sources: [],
}
const payload = (text: string) => new TextEncoder().encode(text)
const proposeData = (numBlobs: number, numForcedInclusions: number, offset = 0) =>
  bytesToHex(encodeProposeInput({ deadline: 0n, blobStartIndex: 0, numBlobs, offset, numForcedInclusions }))

let l1: TestL1
let inbox: InboxClient
let spec: ReturnType<typeof createDevnetSpec>

beforeAll(async () => {
  l1 = await startTestL1('prague')
  inbox = await deployInbox(l1.url)
  spec = createDevnetSpec({
    l1ChainId: 31337n,
    l2ChainId: L2_CHAIN_ID,
    inbox: inbox.address,
    startBlock: inbox.deployment.blockNumber,
    genesisTime: 0n,
    secondsPerSlot: 12n,
    genesis: { hash: GENESIS_HASH, stateRoot: ZERO_HASH },
  })
})
afterAll(() => l1?.close())

/** A proposal as the follower decodes it from its event. */
async function proposalOf(receipt: Awaited<ReturnType<InboxClient['send']>>) {
  expect(receipt.status).toBe('success')
  const [log] = logsOf(receipt)
  return decodeProposal({ spec, log: log!, l1Block: await inbox.blockOf(receipt) })
}

test('activation emits the pseudo-proposal, which is none, and the genesis it stands on', async () => {
  const [proposed, activated] = logsOf(inbox.deployment)
  expect(decodeProposal({ spec, log: proposed!, l1Block: await inbox.blockOf(inbox.deployment) })).toBeNull()
  expect(decodeInboxEvent(activated!)).toEqual({ type: 'inboxActivated', lastPacayaBlockHash: GENESIS_HASH })
  expect(await inbox.read('getProposalHash', [0n])).toBe(hashProposal(GENESIS_PROPOSAL))
})

test('proposals decoded from events hash to what the inbox stored, forced inclusions first', async () => {
  // Two blobs: a payload of one byte more than a blob holds.
  const first = await inbox.send(
    'propose',
    ['0x', proposeData(2, 0, 7)],
    new Uint8Array(PAYLOAD_BYTES_PER_BLOB + 1),
  )
  const one = await proposalOf(first)
  expect(one).toMatchObject({
    id: 1n,
    proposer: PROPOSER,
    parentHash: hashProposal(GENESIS_PROPOSAL),
    basefeeSharingPctg: SETTINGS.basefeeSharingPctg,
    sources: [
      { isForcedInclusion: false, blobSlice: { offset: 7, blobHashes: await inbox.blobHashesOf(first) } },
    ],
  })
  expect(one?.sources[0]?.blobSlice.blobHashes).toHaveLength(2)
  expect(await inbox.read('getProposalHash', [1n])).toBe(one?.hash)

  // Excess comes back, so the same value may be sent whatever the fee is.
  const saved: Hash[] = []
  for (const pending of [0n, 1n]) {
    const fee = forcedInclusionFee({
      baseFeeInGwei: SETTINGS.forcedInclusionFeeInGwei,
      doubleThreshold: SETTINGS.forcedInclusionFeeDoubleThreshold,
      pending,
    })
    expect(await inbox.read('getCurrentForcedInclusionFee')).toBe(fee)
    const reference = { blobStartIndex: 0, numBlobs: 1, offset: 5 }
    const receipt = await inbox.send(
      'saveForcedInclusion',
      [reference],
      payload(`forced ${pending}`),
      10n ** 18n,
    )
    const [blobHash] = await inbox.blobHashesOf(receipt)
    saved.push(blobHash!)
    expect(decodeInboxEvent(logsOf(receipt)[0]!)).toEqual({
      type: 'forcedInclusionSaved',
      feeInGwei: fee,
      blobSlice: {
        blobHashes: [blobHash],
        offset: 5,
        timestamp: (await inbox.blockOf(receipt)).timestamp,
      },
    })
  }

  const two = await proposalOf(
    await inbox.send('propose', ['0x', proposeData(1, ALL_FORCED_INCLUSIONS)], payload('own')),
  )
  expect(two?.parentHash).toBe(one?.hash)
  expect(two?.sources.map(({ isForcedInclusion }) => isForcedInclusion)).toEqual([true, true, false])
  expect(two?.sources.slice(0, 2).map(({ blobSlice }) => blobSlice.blobHashes[0])).toEqual(saved)
  expect(await inbox.read('getProposalHash', [2n])).toBe(two?.hash)
  expect(await inbox.read('getForcedInclusionState')).toEqual([2, 2])
})

test('takes as many forced inclusions as the follower expects at most', async () => {
  const reference = { blobStartIndex: 0, numBlobs: 1, offset: 0 }
  for (let i = 0; i <= FORCED_INCLUSIONS_MAX; i++)
    await inbox.send('saveForcedInclusion', [reference], payload('again'), 10n ** 18n)
  const proposal = await proposalOf(
    await inbox.send('propose', ['0x', proposeData(1, ALL_FORCED_INCLUSIONS)], payload('own')),
  )
  expect(proposal?.sources).toHaveLength(FORCED_INCLUSIONS_MAX + 1)
})

test('a proof of attesters finalizes, emits and saves what the commitment says', async () => {
  const hashes = [`0x${'a1'.repeat(32)}`, `0x${'a2'.repeat(32)}`] as const
  const commitment: Commitment = {
    firstProposalId: 1n,
    firstProposalParentBlockHash: GENESIS_HASH,
    lastProposalHash: (await inbox.read('getProposalHash', [2n])) as Hash,
    actualProver: PROPOSER,
    endBlockNumber: 12n,
    endStateRoot: `0x${'5e'.repeat(32)}`,
    transitions: hashes.map((blockHash) => ({ proposer: PROPOSER, timestamp: 1_700_000_000n, blockHash })),
  }
  const proof = await inbox.attest(hashCommitment(commitment))
  const receipt = await inbox.send('prove', [bytesToHex(encodeCommitment(commitment)), proof])
  expect(receipt.status).toBe('success')
  const [proved, checkpoint] = logsOf(receipt)
  expect(decodeInboxEvent(proved!)).toEqual({
    type: 'proved',
    firstProposalId: 1n,
    firstNewProposalId: 1n,
    lastProposalId: 2n,
    actualProver: PROPOSER,
  })
  const saved = { blockNumber: 12n, blockHash: hashes[1], stateRoot: commitment.endStateRoot }
  expect(decodeCheckpointSaved(checkpoint!)).toEqual(saved)
  expect(await inbox.readOf('CheckpointStore', checkpoint!.address, 'getCheckpoint', [12n])).toEqual({
    ...saved,
    blockNumber: 12,
  })
  expect(await inbox.read('getCoreState')).toMatchObject({
    lastFinalizedProposalId: 2,
    lastFinalizedBlockHash: hashes[1],
  })
})

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex)
const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(bytesToHex)
const uint48 = fc.bigInt({ min: 0n, max: 2n ** 48n - 1n })

/** Numbers in place of bigints where the ABI has at most 48 bits. */
const toAbi = (value: unknown): unknown => {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(toAbi)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, toAbi(field)]))
}

test('any proposal has one hash', async () => {
  const source = fc.record({
    isForcedInclusion: fc.boolean(),
    blobSlice: fc.record({
      blobHashes: fc.array(hash, { maxLength: 3 }),
      offset: fc.integer({ min: 0, max: 2 ** 24 - 1 }),
      timestamp: uint48,
    }),
  })
  const proposal: fc.Arbitrary<HashedProposal> = fc.record({
    id: uint48,
    timestamp: uint48,
    endOfSubmissionWindowTimestamp: uint48,
    proposer: address,
    parentHash: hash,
    originBlockNumber: uint48,
    originBlockHash: hash,
    basefeeSharingPctg: fc.integer({ min: 0, max: 255 }),
    sources: fc.array(source, { maxLength: 4 }),
  })
  await fc.assert(
    fc.asyncProperty(proposal, async ({ parentHash, ...rest }) => {
      const abiValue = toAbi({ ...rest, parentProposalHash: parentHash })
      expect(await inbox.read('hashProposal', [abiValue])).toBe(hashProposal({ ...rest, parentHash }))
    }),
    { numRuns: 25 },
  )
})

test('any commitment has one hash', async () => {
  const transition = fc.record({ proposer: address, timestamp: uint48, blockHash: hash })
  const commitment: fc.Arbitrary<Commitment> = fc.record({
    firstProposalId: uint48,
    firstProposalParentBlockHash: hash,
    lastProposalHash: hash,
    actualProver: address,
    endBlockNumber: uint48,
    endStateRoot: hash,
    transitions: fc.array(transition, { maxLength: 5 }),
  })
  await fc.assert(
    fc.asyncProperty(commitment, async (value) => {
      expect(await inbox.read('hashCommitment', [toAbi(value)])).toBe(hashCommitment(value))
    }),
    { numRuns: 25 },
  )
})
