/** The inbox of the simulated L1 emits and hashes what the contracts do. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeEventLog, decodeFunctionData, encodeAbiParameters, keccak256, toEventSelector } from 'viem'
import { describe, expect, test } from 'vitest'
import { bytesToHex, type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { decodeBlobs } from '../../../src/protocol/blobCodec.ts'
import { decodeProposal } from '../../../src/protocol/shasta/proposals.ts'
import { createDevnetSpec } from '../../../src/spec/devnet.ts'
import { ACCOUNTS } from '../../support/l1/accounts.ts'
import { payloadToBlobs, toBlob } from '../../support/l1/blob.ts'
import type { L1Block } from '../../support/l1/block.ts'
import { createBusyChain } from '../../support/l1/busyChain.ts'
import { INBOX_ABI, PROPOSAL_PARAMETERS } from '../../support/l1/inboxAbi.ts'
import { GENESIS_PROPOSAL, type InboxProposal, proposalHash } from '../../support/l1/inboxState.ts'
import { createRandom } from '../../support/l1/random.ts'
import { createSimulatedL1, type SimulatedL1 } from '../../support/l1/simulatedL1.ts'

const payload = (byte: number) => Uint8Array.of(byte)

/** Logs of the block's inbox and signal service, by viem. */
function eventsOf(block: L1Block) {
  return block.receipts
    .flatMap((receipt) => receipt.logs)
    .map(({ topics, data }) =>
      decodeEventLog({ abi: INBOX_ABI, topics: topics as [Hash, ...Hash[]], data: bytesToHex(data) }),
    )
}

/** The hash of a proposal from what an observer sees: the event, and the block it is in. */
function observedHash(l1: SimulatedL1, block: L1Block): Hash {
  const event = eventsOf(block).find(({ eventName }) => eventName === 'Proposed')!
  const { args } = event as Extract<typeof event, { eventName: 'Proposed' }>
  const struct = {
    ...args,
    timestamp: Number(block.header.timestamp),
    originBlockNumber: Number(block.header.number) - 1,
    originBlockHash: l1.tree.block(block.header.parentHash)!.hash,
  }
  return keccak256(encodeAbiParameters(PROPOSAL_PARAMETERS, [struct]))
}

describe('hashes and topics', () => {
  test('the all-zero proposal hashes as the live contract says (vector 11)', () => {
    expect(proposalHash(GENESIS_PROPOSAL)).toBe(
      '0x33f24551a517a7ba147890b98c4a2bceece321d529229377a7e34668acd8fa83',
    )
  })

  test('the first proposal of the surge devnet hashes as computed elsewhere (vector 12)', () => {
    const surge: InboxProposal = {
      ...GENESIS_PROPOSAL,
      id: 1n,
      timestamp: 0x69aafd76n,
      proposer: '0x5918b2e647464d4743601a865753e64c8059dc4f',
      parentProposalHash: '0x33f24551a517a7ba147890b98c4a2bceece321d529229377a7e34668acd8fa83',
      originBlockNumber: 0x80n,
      originBlockHash: '0x875ac6ce4f5b514342c2ad7ebc10f361b3cd9c5a7ddcc41ffd77676a6042d8a1',
      basefeeSharingPctg: 75,
      sources: [
        {
          isForcedInclusion: false,
          blobSlice: {
            blobHashes: ['0x017f1fcbe1aaf003f442eef5af082ce5eb90cded27e0f1b94006dffa6226081a'],
            offset: 0,
            timestamp: 0x69aafd76n,
          },
        },
      ],
    }
    expect(proposalHash(surge)).toBe('0xc91ffb9ceafbc1f413c1925264f9df1ccab2b246c0658829465583cbc5438342')
  })

  test.each([
    ['Proposed', '0x7c4c4523e17533e451df15762a093e0693a2cd8b279fe54c6cd3777ed5771213'],
    ['Proved', '0xa274dcaff3629ec7d69d144038e97732516ff306fcbf8a2bc9423d106779a2f0'],
    ['StateRecovered', '0x4c3db930215a6ed0bab3aa335e88316267503d6581fd0b9c52fc72bcfc3a8e00'],
    ['ForcedInclusionSaved', '0x18c4fc1e6ac628dbb537b0375bf0efabf1ff2528af1ec22faa74d2da95c29471'],
    ['InboxActivated', '0xe4356761c97932c05c3ee0859fb1a5e4f91f7a1d7a3752c7d5a72d5cc6ecb2d2'],
    ['CheckpointSaved', '0xf726c53cbb9e62552afc4a8f1bb1d01fa9272e526a7e3a69eba93b778b3f42a6'],
  ])('%s has the topic of the live contract', (name, topic) => {
    const event = INBOX_ABI.find((item) => item.name === name) as Parameters<typeof toEventSelector>[0]
    expect(toEventSelector(event)).toBe(topic)
  })

  test('vector 13: the propose input is packed as the live contract reads it', () => {
    const l1 = createSimulatedL1({ seed: 1 })
    const { input } = l1.transactions.propose({ payload: payload(1), offset: 99, forcedInclusions: 7 })
    const { functionName, args } = decodeFunctionData({ abi: INBOX_ABI, data: bytesToHex(input) })
    expect([functionName, args]).toEqual(['propose', ['0x', '0x000000000000000000010000630007']])
  })
})

describe('proposals', () => {
  test('activation is proposal 0, without sources', () => {
    const l1 = createSimulatedL1({ seed: 1 })
    const [proposed, activated] = eventsOf(l1.blockAt(1))
    expect(proposed).toMatchObject({ eventName: 'Proposed', args: { id: 0, sources: [] } })
    expect(activated!.eventName).toBe('InboxActivated')
    expect(l1.proposals()).toEqual([])
  })

  test('each names the hash that an observer computes for the one before', () => {
    const l1 = createSimulatedL1({ seed: 1 })
    let parent = proposalHash(GENESIS_PROPOSAL)
    for (let id = 1; id <= 5; id++) {
      const { block, proposal, hash } = l1.propose({
        payload: payload(id),
        proposer: ACCOUNTS[id % 2]!.address,
      })
      expect(eventsOf(block)).toMatchObject([{ args: { id, parentProposalHash: parent } }])
      expect(hash).toBe(observedHash(l1, block))
      expect(proposal.id).toBe(BigInt(id))
      l1.mine({ missedSlots: id % 2 })
      parent = hash
    }
  })

  test('carry the versioned hashes of their transaction, and its sender as proposer', () => {
    const l1 = createSimulatedL1({ seed: 1 })
    const proposer = ACCOUNTS[2]!.address
    const { block, proposal } = l1.propose({ payload: new Uint8Array(140_000).fill(3), offset: 12, proposer })
    const [transaction] = block.transactions
    expect(transaction!.from).toBe(proposer)
    expect(transaction!.blobHashes).toHaveLength(2)
    expect(proposal.sources[0]!.blobSlice).toEqual({
      blobHashes: transaction!.blobHashes,
      offset: 12,
      timestamp: block.header.timestamp,
    })
  })

  test('a second one in a block reverts', () => {
    const l1 = createSimulatedL1({ seed: 1 })
    const propose = () => l1.transactions.propose({ payload: payload(1) })
    const block = l1.mine({ transactions: [propose(), propose()] })
    expect([...block.reverts]).toEqual([[1, 'one proposal per L1 block']])
    expect(eventsOf(block)).toHaveLength(1)
  })
})

describe('forced inclusions', () => {
  const chain = () => {
    const l1 = createSimulatedL1({ seed: 1, forcedInclusionDelay: 36n })
    l1.propose({ payload: payload(0) })
    return l1
  }
  const hashesOf = (proposal: InboxProposal) =>
    proposal.sources.map(({ isForcedInclusion, blobSlice }) => [isForcedInclusion, blobSlice.blobHashes[0]])
  const hash = (byte: number) => payloadToBlobs(payload(byte))[0]!.versionedHash

  test('wait for the first proposal', () => {
    const l1 = createSimulatedL1({ seed: 1 })
    expect(() => l1.saveForcedInclusion({ payload: payload(1) })).toThrow('no proposal yet')
  })

  test('come first and in order, with the time they were saved', () => {
    const l1 = chain()
    const saved = [1, 2, 3].map((byte) => l1.saveForcedInclusion({ payload: payload(byte) }))
    expect(eventsOf(saved[0]!)).toMatchObject([
      {
        eventName: 'ForcedInclusionSaved',
        args: { forcedInclusion: { blobSlice: { blobHashes: [hash(1)] } } },
      },
    ])
    const { proposal } = l1.propose({ payload: payload(9) })
    expect(hashesOf(proposal)).toEqual([
      [true, hash(1)],
      [true, hash(2)],
      [true, hash(3)],
      [false, hash(9)],
    ])
    expect(proposal.sources.slice(0, 3).map(({ blobSlice }) => blobSlice.timestamp)).toEqual(
      saved.map((block) => block.header.timestamp),
    )
  })

  test('may be left out until they are due, and not after', () => {
    const l1 = chain()
    l1.saveForcedInclusion({ payload: payload(1) })
    l1.mine()
    expect(hashesOf(l1.propose({ payload: payload(8), forcedInclusions: 0 }).proposal)).toEqual([
      [false, hash(8)],
    ])
    const refused = () => l1.propose({ payload: payload(9), forcedInclusions: 0 })
    expect(refused).toThrow('1 forced inclusions are due')
    expect(l1.propose({ payload: payload(9), forcedInclusions: 1 }).proposal.sources).toHaveLength(2)
  })

  test('ten at most in one proposal', () => {
    const l1 = chain()
    for (let byte = 1; byte <= 12; byte++) l1.saveForcedInclusion({ payload: payload(byte) })
    expect(l1.propose({ payload: payload(90) }).proposal.sources).toHaveLength(11)
    expect(l1.propose({ payload: payload(91) }).proposal.sources).toHaveLength(3)
  })
})

describe('proofs', () => {
  test('cover what was proposed, once', () => {
    const l1 = createSimulatedL1({ seed: 1 })
    const [first, second] = [1, 2].map((byte) => l1.propose({ payload: payload(byte) }))
    const checkpoint = { blockNumber: 5n, blockHash: first!.hash, stateRoot: second!.hash }
    expect(eventsOf(l1.prove({ checkpoint }))).toMatchObject([
      {
        eventName: 'CheckpointSaved',
        args: { blockNumber: 5, blockHash: first!.hash, stateRoot: second!.hash },
      },
      { eventName: 'Proved', args: { firstProposalId: 1, firstNewProposalId: 1, lastProposalId: 2 } },
    ])
    expect(() => l1.prove()).toThrow('already proven')
    l1.propose({ payload: payload(3) })
    expect(eventsOf(l1.prove()).at(-1)).toMatchObject({ args: { firstProposalId: 3, lastProposalId: 3 } })
  })

  test('do not hold on a branch with other proposals', () => {
    const l1 = createSimulatedL1({ seed: 1 })
    l1.propose({ payload: payload(1) })
    const prove = l1.prove().transactions
    l1.reorg({ depth: 2, blocks: [{ transactions: [l1.transactions.propose({ payload: payload(2) })] }] })
    expect([...l1.mine({ transactions: prove }).reverts.values()]).toEqual(['not a proposal of this chain'])
  })

  test('can be taken back by the owner', () => {
    const l1 = createSimulatedL1({ seed: 1 })
    l1.propose({ payload: payload(1) })
    l1.prove()
    const block = l1.mine({ transactions: [l1.transactions.recoverState(0n)] })
    expect(eventsOf(block)).toMatchObject([
      { eventName: 'StateRecovered', args: { nextProposalId: 2, lastFinalizedProposalId: 0 } },
    ])
    expect(eventsOf(l1.prove()).at(-1)).toMatchObject({ args: { firstProposalId: 1, lastProposalId: 1 } })
  })
})

const SURGE = join(
  import.meta.dirname,
  '../../../../shared/fixtures/taiko/surge-dev-shasta-proposal1-10blocks.guest-input.json',
)
describe('blobs', () => {
  test.skipIf(!existsSync(SURGE))('are encoded as a live proposer encodes them', () => {
    const text = readFileSync(SURGE, 'utf8')
    const decoded =
      '0000000000000000000000000000000000000000000000000000000000000001' +
      '0000000000000000000000000000000000000000000000000000000000000052' +
      '789cfbc918fe9331e4614be6aadfd3a6444a6c7ae6eee6ebee9c20d5161efccca721f28e7f480be3c9c30d07c02ae61054b188a08a150455ac23a8620b4115bb08aa384050c531822acee05301009986a944'
    const [blob] = payloadToBlobs(new Uint8Array(Buffer.from(decoded, 'hex')))
    expect(text).toContain(blob!.versionedHash)
    expect(blob!.versionedHash).toBe('0x017f1fcbe1aaf003f442eef5af082ce5eb90cded27e0f1b94006dffa6226081a')
  })
})

test('a proposal may carry raw blobs that are no payload at all', () => {
  const l1 = createSimulatedL1({ seed: 1 })
  const bytes = new Uint8Array(131_072)
  bytes[6] = 2
  const blob = toBlob(bytes)
  const { block, proposal } = l1.propose({ blobs: [blob] })
  expect(proposal.sources[0]!.blobSlice.blobHashes).toEqual([blob.versionedHash])
  expect(block.blobs).toEqual([blob])
  expect(() => toBlob(new Uint8Array(131_072).fill(0xff))).toThrow()
})

describe('src/', () => {
  test('reads the same proposals from the same logs', () => {
    const l1 = createBusyChain({ seed: 1 })
    const spec = createDevnetSpec({
      l1ChainId: l1.config.chainId,
      l2ChainId: 167_777n,
      inbox: l1.config.inbox,
      startBlock: 1n,
      genesisTime: l1.config.genesisTime,
      secondsPerSlot: l1.config.secondsPerSlot,
      genesis: { hash: ZERO_HASH, stateRoot: ZERO_HASH },
    })
    const read = Array.from({ length: Number(l1.head().header.number) + 1 }, (_, i) => l1.blockAt(i)).flatMap(
      (block) => {
        const { number, parentHash, timestamp, stateRoot } = block.header
        const l1Block = { number, parentHash, timestamp, stateRoot, hash: block.hash }
        return block.receipts.flatMap(({ logs }, index) =>
          logs.flatMap((log) => {
            if (log.address !== l1.config.inbox) return []
            const place = { blockNumber: number, blockHash: block.hash, logIndex: 0 }
            const transactionHash = block.transactions[index]!.hash
            const full = { ...log, ...place, transactionHash, data: bytesToHex(log.data) }
            return decodeProposal({ spec, log: full, l1Block }) ?? []
          }),
        )
      },
    )
    expect(read.map(({ id, hash, parentHash }) => [id, hash, parentHash])).toEqual(
      l1.proposals().map((proposal) => [proposal.id, proposalHash(proposal), proposal.parentProposalHash]),
    )
    expect(read).toHaveLength(3)
  })

  test('decodes the payload that the blobs were made of', () => {
    for (const size of [0, 1, 27, 28, 127, 130_044, 130_045, 300_000]) {
      const bytes = createRandom(size).bytes(size)
      const decoded = decodeBlobs(payloadToBlobs(bytes).map((blob) => blob.bytes))
      expect(Object.values(decoded)).toContainEqual(bytes)
    }
  })
})
