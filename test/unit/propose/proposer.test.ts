import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeFunctionData, encodeFunctionData } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildGenesis } from '../../../src/engine/genesis.ts'
import { versionedHashOf } from '../../../src/l1/versionedHash.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { createBlobProver } from '../../../src/propose/blobProver.ts'
import { signBlobTransaction, wrapBlobTransaction } from '../../../src/propose/blobTransaction.ts'
import type { Poster } from '../../../src/propose/poster.ts'
import type { PostRequest } from '../../../src/propose/postRequest.ts'
import { encodeBlobs } from '../../../src/protocol/blobCodec.ts'
import { inboxAbi } from '../../../src/protocol/shasta/abi.ts'
import { encodeManifest } from '../../../src/protocol/shasta/encodeManifest.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { L1_CHAIN_ID, startTestL1, type TestL1 } from '../../support/proposeAnvil.ts'
import { CHAIN_ID, hasDevnetGenesis } from '../../support/proposeChain.ts'
import { type ProposeNode, startProposeNode, until } from '../../support/proposeNode.ts'
import { signTransaction, testAccount, testAddress } from '../../support/proposeTransactions.ts'
import { hashingCreation } from '../../support/zkHeavy.ts'

const GENESIS_FILE = join(import.meta.dirname, '../../../contracts/artifacts/devnet-genesis.json')
const GWEI = 1_000_000_000n
const prover = createBlobProver(0)
const sign = (index: number, fields: object = {}) => signTransaction(index, { chainId: CHAIN_ID, ...fields })

let l1: TestL1
let node: ProposeNode

beforeAll(async () => {
  if (!hasDevnetGenesis) return
  const json = JSON.parse(readFileSync(GENESIS_FILE, 'utf8'))
  for (let index = 1; index <= 5; index++) json.alloc[testAddress(index)] = { balance: '0xde0b6b3a7640000' }
  const genesis = buildGenesis(json)
  l1 = await startTestL1('osaka', { chainId: BigInt(CHAIN_ID), genesisHash: genesis.hash })
  node = await startProposeNode(l1, genesis, prover)
})
afterAll(async () => {
  await node?.close()
  await l1?.close()
})

const safe = () => node.chain.heads().safe.number
const isIncluded = async (hash: Hash) => (await node.chain.transactionPosition(hash)) !== undefined
/** Mines a block and waits until the node has derived the proposal in it. */
const land = async () => {
  const before = safe()
  await l1.mine()
  await until(() => safe() > before)
}

// One story on one chain: each test goes on where the one before it ended.
describe.skipIf(!hasDevnetGenesis)('a proposer on a live L1', () => {
  test('posts what is pooled, and the node derives it', async () => {
    const hash = await node.pool.add(await sign(1))
    expect(await node.proposer.step()).toMatchObject({ type: 'posted', unconfirmed: 0 })
    // Nothing new until it is included.
    expect(await node.proposer.step()).toMatchObject({ type: 'inFlight', unconfirmed: 1 })
    await land()
    expect(await isIncluded(hash)).toBe(true)
    expect(await node.chain.proposal(1n)).toMatchObject({ sources: [{ isForcedInclusion: false }] })
    await until(() => node.pool.status().pending === 0)
  })

  test('goes on block after block, empty ones too', async () => {
    for (const id of [2n, 3n]) {
      expect(await node.proposer.step()).toMatchObject({ type: 'posted' })
      await land()
      expect(await node.chain.proposal(id)).toBeDefined()
    }
    expect(node.proposer.status()).toMatchObject({ landed: 2, reverted: 0 })
    const idle = node.proposerWith({ proposesEmpty: false })
    expect(await idle.step()).toMatchObject({ type: 'waiting', detail: 'there is nothing to propose' })
  })

  test('takes a forced inclusion that could fall due, before its own transactions', async () => {
    const forced = await sign(2)
    await saveForcedInclusion(forced)
    await l1.mine()
    const own = await node.pool.add(await sign(3))
    await until(async () => (await node.proposer.step()).type === 'posted')
    await land()
    const [last] = [(await node.chain.proposal(4n))!]
    expect(last.sources.map(({ isForcedInclusion, fault }) => [isForcedInclusion, fault])).toEqual([
      [true, undefined],
      [false, undefined],
    ])
    expect((await node.chain.transactionPosition(own))!.blockNumber).toBe(last.lastBlock)
    expect(
      (await node.chain.blockByNumber(last.firstBlock))!.transactions.map(({ raw }) => raw),
    ).toContainEqual(forced)
  })

  test('what fits no block leaves the pool with its reason, and the rest is proposed', async () => {
    const heavy = await node.pool.add(
      await sign(5, { ...hashingCreation, maxPriorityFeePerGas: 1_500_000_000n }),
    )
    const own = await node.pool.add(await sign(3, { nonce: 1 }))
    const warnings: [object, string][] = []
    const logger = {
      ...silentLogger,
      warn: (fields: object, message: string) => void warnings.push([fields, message]),
    }
    const poster: Poster = {
      ...node.poster,
      submit: async () => ({ type: 'refused', reason: 'only looked at' }),
    }
    const proposer = node.proposerWith({}, { logger, poster })
    expect(await proposer.step()).toMatchObject({ detail: 'only looked at' })
    expect(warnings).toEqual([
      [
        { transactions: [heavy] },
        'dropped from the pool: the zk gas of each is more than a block has (D-92)',
      ],
    ])
    expect(node.pool.get(heavy)).toBeUndefined()
    expect(node.pool.get(own)).toBeDefined()
    await node.pool.remove([own])
  })

  test('attested checkpoints move the executable clock', async () => {
    expect(node.chain.heads().executable.number).toBe(0n)
    expect(await node.attester.step()).toMatchObject({
      type: 'sent',
      firstProposalId: 1n,
      lastProposalId: 4n,
    })
    // Not sent a second time while it waits.
    expect(await node.attester.step()).toMatchObject({ type: 'waiting' })
    await l1.mine()
    await until(() => node.chain.heads().executable.number === safe())
    expect(await node.attester.step()).toEqual({ type: 'upToDate' })
  })

  test('waits while the node is behind, or too much is unconfirmed or unproven', async () => {
    const steps = [
      [node.proposerWith({}, { ready: () => false }), /not at the head/],
      [node.proposerWith({ unconfirmedMax: 4 }), /4 posts are unconfirmed, at most 4/],
      [node.proposerWith({ unprovenMax: 0n }), /0 proposals are unproven, at most 0/],
    ] as const
    for (const [proposer, detail] of steps)
      expect(await proposer.step()).toMatchObject({ type: 'waiting', detail: expect.stringMatching(detail) })
  })

  test('waits for its turn, and in it brings the lookahead and a deadline that ends with its window', async () => {
    const other = node.proposerWith(
      {},
      { turn: async () => ({ type: 'wait', reason: 'slot 7: it is the turn of another' }) },
    )
    expect(await other.step()).toMatchObject({ type: 'waiting', detail: 'slot 7: it is the turn of another' })

    const lookahead = Uint8Array.from({ length: 512 }, (_, i) => i % 251)
    const { timestamp } = (await l1.rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: Hex }
    const requests: PostRequest[] = []
    const poster: Poster = {
      ...node.poster,
      async submit(request) {
        requests.push(request)
        return { type: 'refused', reason: 'only looked at' }
      },
    }
    // A window that ends three slots after the head, and one that ended with it.
    const endingIn = (slots: bigint) =>
      node.proposerWith(
        {},
        {
          poster,
          turn: async () => ({ type: 'mine', lookahead, latest: BigInt(timestamp) + slots * 12n }),
        },
      )
    expect(await endingIn(3n).step()).toMatchObject({ detail: 'only looked at' })
    expect(requests[0]!.deadline).toBe(BigInt(timestamp) + 36n)
    const { args } = decodeFunctionData({ abi: inboxAbi, data: bytesToHex(requests[0]!.data) })
    expect(args?.[0]).toBe(bytesToHex(lookahead))
    expect(await endingIn(0n).step()).toMatchObject({
      type: 'waiting',
      detail: 'our window on L1 ends with the newest block',
    })
    expect(requests).toHaveLength(1)
  })

  test('after reverts it pauses for longer and longer, and goes on', async () => {
    let block = 1000n
    const reverted = { type: 'reverted', nonce: 0, transactionHash: '0x' } as const
    const head = () => ({ number: block, hash: '0x' as Hash, timestamp: 0n, isPrague: true })
    const poster: Poster = {
      ...node.poster,
      poll: async () => ({ head: head(), unconfirmed: 0, events: [reverted] }),
    }
    const proposer = node.proposerWith({}, { poster })
    for (const pause of [2n, 4n, 8n, 16n, 32n, 32n]) {
      expect((await proposer.step()).detail).toMatch(new RegExp(`until L1 block ${block + pause}$`))
      block += 100n
    }
  })

  test('whatever one round fails of, the next one runs', async () => {
    let rounds = 0
    const poster: Poster = {
      ...node.poster,
      poll: async () => {
        rounds++
        throw new Error('L1 is away')
      },
    }
    const done = new AbortController()
    const proposer = node.proposerWith({}, {
      poster,
      wait: async () => void (rounds === 3 && done.abort()),
    } as never)
    await proposer.run(done.signal)
    expect(rounds).toBe(3)
    expect(proposer.status()).toMatchObject({ type: 'failed', detail: 'L1 is away' })
  })

  test('a reorg takes a proposal away: node and pool go back, and it is proposed again', async () => {
    const hash = await node.pool.add(await sign(4))
    expect(await node.proposer.step()).toMatchObject({ type: 'posted' })
    await land()
    await until(() => node.pool.status().pending === 0)
    const before = safe()
    await l1.rpc('anvil_reorg', [1, []])
    await l1.mine()
    await until(() => safe() < before && node.pool.status().pending === 1)
    expect(await isIncluded(hash)).toBe(false)
    await until(async () => (await node.proposer.step()).type === 'posted')
    await land()
    expect(await isIncluded(hash)).toBe(true)
  })
})

/** As a user who distrusts the proposers does. */
async function saveForcedInclusion(transaction: Uint8Array): Promise<void> {
  const user = testAccount(98)
  await l1.rpc('anvil_setBalance', [user.address, '0x56bc75e2d63100000'])
  const block = {
    timestamp: 0n,
    coinbase: testAddress(2),
    anchorBlockNumber: 0n,
    gasLimit: 0n,
    transactions: [transaction],
  }
  const sidecar = await prover.prove(encodeBlobs(encodeManifest([block])), 1)
  const args = [{ blobStartIndex: 0, numBlobs: 1, offset: 0 }] as const
  const { raw } = await signBlobTransaction(user, {
    chainId: L1_CHAIN_ID,
    nonce: 0,
    to: node.inboxAddress,
    value: 10n ** 16n,
    data: hexToBytes(encodeFunctionData({ abi: inboxAbi, functionName: 'saveForcedInclusion', args })),
    gas: 500_000n,
    blobVersionedHashes: sidecar.commitments.map(versionedHashOf),
    maxFeePerGas: 20n * GWEI,
    maxPriorityFeePerGas: GWEI,
    maxFeePerBlobGas: GWEI,
  })
  await l1.rpc('eth_sendRawTransaction', [bytesToHex(wrapBlobTransaction(raw, sidecar))])
}
