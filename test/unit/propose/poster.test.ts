import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseTransaction } from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  toQuantity,
} from '../../../src/primitives/hex.ts'
import { decodeRlp } from '../../../src/primitives/rlp.ts'
import { createBlobProver } from '../../../src/propose/blobProver.ts'
import { unwrapSidecar } from '../../../src/propose/blobTransaction.ts'
import { createFileJournal } from '../../../src/propose/journal.ts'
import type { RpcRequest } from '../../../src/propose/l1Rpc.ts'
import {
  createPoster,
  DEFAULT_POSTER_OPTIONS,
  type Poster,
  type PosterOptions,
} from '../../../src/propose/poster.ts'
import { encodePropose, type PostRequest } from '../../../src/propose/postRequest.ts'
import { encodeBlobs } from '../../../src/protocol/blobCodec.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { L1_CHAIN_ID, setBaseFee, startTestL1, type TestL1 } from '../../support/proposeAnvil.ts'

const hasContracts = existsSync(join(import.meta.dirname, '../../../contracts/artifacts/Inbox.json'))
const GWEI = 1_000_000_000n
const PARENT: Hash = `0x${'aa'.repeat(32)}`
const FAR = 1n << 40n
const GENESIS = { chainId: 1670042n, genesisHash: PARENT }
const prover = createBlobProver(0)

/** One for all tests: loading a trusted setup takes a server seconds. */
let l1: TestL1
let osaka: TestL1
/** Also for the reorg: no test comes after it there, as anvil's pool may be confused. */
let prague: TestL1
let inbox: Address
let account: PrivateKeyAccount
let directory: string

beforeAll(async () => {
  if (!hasContracts) return
  osaka = await startTestL1('osaka', GENESIS)
  prague = await startTestL1('prague', GENESIS)
})
afterAll(async () => {
  await osaka?.close()
  await prague?.close()
})

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-post-'))
  if (hasContracts) await use(osaka)
})
afterEach(() => rmSync(directory, { recursive: true }))

const use = async (server: TestL1) => {
  l1 = server
  const fresh = await l1.deploy()
  inbox = fresh.deployment.inbox
  account = fresh.account
  await setBaseFee(l1, GWEI)
}

/** A process of its own: all it shares with another one is the journal's directory. */
function poster(options: Partial<PosterOptions> = {}, rpc: RpcRequest = l1.rpc): Poster {
  return createPoster(
    { rpc, account, prover, journal: createFileJournal(directory), logger: silentLogger },
    { ...DEFAULT_POSTER_OPTIONS, chainId: L1_CHAIN_ID, inbox, ...options },
  )
}

function request(content: string, deadline = FAR): PostRequest {
  const blobs = encodeBlobs(Buffer.from(content))
  return {
    blobs,
    deadline,
    parentHash: PARENT,
    data: encodePropose({
      lookahead: new Uint8Array(),
      deadline,
      blobCount: blobs.length,
      forcedInclusions: 0,
    }),
  }
}

const pooled = async (hash: Hash) =>
  (await l1.rpc('eth_getTransactionByHash', [hash])) as Record<string, Hex> | null
const sentHash = (result: { type: string; transactionHash?: Hash }): Hash => {
  expect(result.type).toBe('sent')
  return result.transactionHash!
}
/** As another program with our key would. */
const sendForeign = async () => {
  const raw = await account.signTransaction({
    type: 'eip1559',
    chainId: L1_CHAIN_ID,
    nonce: 0,
    to: account.address,
    gas: 21_000n,
    maxFeePerGas: 10n * GWEI,
    maxPriorityFeePerGas: GWEI,
  })
  await l1.rpc('eth_sendRawTransaction', [raw])
}
const accountNonce = async () => Number(await l1.rpc('eth_getTransactionCount', [account.address, 'latest']))

describe.skipIf(!hasContracts)('a blob transaction', () => {
  const postAndLand = async (version: 0 | 1, proofs: number) => {
    let wrapped: Uint8Array | undefined
    const recording: RpcRequest = (method, params, signal) => {
      if (method === 'eth_sendRawTransaction') wrapped = hexToBytes(params[0] as Hex)
      return l1.rpc(method, params, signal)
    }
    const post = request('first')
    const transactionHash = sentHash(await poster({}, recording).submit(post))
    expect(unwrapSidecar(wrapped!)).toMatchObject({ version })
    expect(unwrapSidecar(wrapped!).proofs).toHaveLength(proofs)
    expect(decodeRlp(wrapped!.subarray(1), 5)).toHaveLength(4 + version)
    await l1.mine()
    const { events } = await poster().poll()
    expect(events).toMatchObject([{ type: 'landed', proposalId: 1n, transactionHash }])
    const [landed] = events
    expect(landed?.type === 'landed' && (await l1.blobsOf(landed.blockNumber))).toEqual(
      post.blobs.map((blob) => new Uint8Array(blob)),
    )
    return wrapped!
  }

  test('under Osaka carries cell proofs, and L1 serves its blob', async () => {
    await postAndLand(1, 128)
  })

  test('under Prague carries blob proofs, as viem reads them, and L1 serves its blob', async () => {
    await use(prague)
    const parsed = parseTransaction(bytesToHex(await postAndLand(0, 1)) as `0x03${string}`)
    const [proof] = (await prover.prove(request('first').blobs, 0)).proofs
    expect(parsed.sidecars).toMatchObject([{ proof: bytesToHex(proof!) }])
    expect(parsed).toMatchObject({ type: 'eip4844', nonce: 0, chainId: L1_CHAIN_ID })
  })
})

describe.skipIf(!hasContracts)('exactly once', () => {
  test('a stop between sending and receipt neither repeats nor forgets a proposal', async () => {
    sentHash(await poster().submit(request('once')))
    // A new process.
    const second = poster()
    expect((await second.poll()).inFlight).toMatchObject({ nonce: 0, parentHash: PARENT })
    expect(await second.submit(request('once'))).toEqual({ type: 'alreadySent', nonce: 0 })
    expect(await second.keep()).toBeUndefined()
    await l1.mine()
    const third = poster()
    expect(await third.poll()).toMatchObject({ events: [{ type: 'landed', proposalId: 1n }], unconfirmed: 1 })
    expect((await third.poll()).events).toEqual([])
    expect([await l1.nextProposalId(inbox), await accountNonce()]).toEqual([2n, 1])
  })

  test('a stop between writing and sending sends what was written', async () => {
    const broken: RpcRequest = (method, params, signal) => {
      if (method === 'eth_sendRawTransaction') throw new Error('the process dies here')
      return l1.rpc(method, params, signal)
    }
    await expect(poster({}, broken).submit(request('written'))).rejects.toThrow('dies here')
    const second = poster()
    const { inFlight } = await second.poll()
    expect(sentHash((await second.keep())!)).toBe(inFlight!.attempts[0]!.hash)
    await l1.mine()
    expect((await second.poll()).events).toMatchObject([{ type: 'landed', proposalId: 1n }])
  })

  test('an answer that got lost on its way is not a second proposal', async () => {
    const forgetful: RpcRequest = async (method, params, signal) => {
      const answer = await l1.rpc(method, params, signal)
      if (method === 'eth_sendRawTransaction') throw new Error('connection reset')
      return answer
    }
    await expect(poster({}, forgetful).submit(request('lost answer'))).rejects.toThrow('connection reset')
    expect(await poster().submit(request('lost answer'))).toEqual({ type: 'alreadySent', nonce: 0 })
    await l1.mine()
    expect((await poster().poll()).events).toMatchObject([{ type: 'landed' }])
    expect(await l1.nextProposalId(inbox)).toBe(2n)
  })

  test('newer content takes the place of what is in flight, and only one of them lands', async () => {
    const first = sentHash(await poster().submit(request('outdated')))
    const old = (await pooled(first))!
    const second = sentHash(await poster().submit(request('newer')))
    const next = (await pooled(second))!
    expect(next.nonce).toBe(old.nonce)
    for (const field of ['maxFeePerGas', 'maxPriorityFeePerGas', 'maxFeePerBlobGas'])
      expect(BigInt(next[field]!)).toBeGreaterThanOrEqual(2n * BigInt(old[field]!))
    await l1.mine(2)
    expect((await poster().poll()).events).toMatchObject([{ type: 'landed', transactionHash: second }])
    expect(await l1.nextProposalId(inbox)).toBe(2n)
  })

  test('a key that somebody else uses too is noticed before anything is sent', async () => {
    await sendForeign()
    expect(await poster().submit(request('shared key'))).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('this node did not send'),
    })
  })

  test('a nonce that somebody else used is given up', async () => {
    const broken: RpcRequest = (method, params, signal) => {
      if (method === 'eth_sendRawTransaction') throw new Error('nonce too low')
      return l1.rpc(method, params, signal)
    }
    expect(await poster({}, broken).submit(request('taken'))).toEqual({ type: 'mined', nonce: 0 })
    await sendForeign()
    await l1.mine(3)
    expect((await poster().poll()).events).toEqual([{ type: 'superseded', nonce: 0 }])
    sentHash(await poster().submit(request('taken')))
  })
})

describe.skipIf(!hasContracts)('fees', () => {
  test('a stuck transaction is replaced at twice all three fees, until it lands', async () => {
    const first = sentHash(await poster().submit(request('stuck')))
    const old = (await pooled(first))!
    expect(await poster().keep()).toBeUndefined()
    for (let i = 0; i < 3; i++) {
      await setBaseFee(l1, 100n * GWEI)
      await l1.mine()
    }
    const second = sentHash((await poster().keep())!)
    const next = (await pooled(second))!
    for (const field of ['maxFeePerGas', 'maxPriorityFeePerGas', 'maxFeePerBlobGas'])
      expect(BigInt(next[field]!)).toBeGreaterThanOrEqual(2n * BigInt(old[field]!))
    await l1.mine()
    expect((await poster().poll()).events).toMatchObject([{ type: 'landed', transactionHash: second }])
  })

  test('what a pool wants more of is offered more, without being asked twice', async () => {
    let refusals = 3
    const demanding: RpcRequest = (method, params, signal) => {
      if (method === 'eth_sendRawTransaction' && refusals-- > 0)
        throw new Error('replacement transaction underpriced')
      return l1.rpc(method, params, signal)
    }
    const result = await poster({}, demanding).submit(request('dear'))
    expect(result).toMatchObject({ type: 'sent', fees: { maxPriorityFeePerGas: 8n * GWEI } })
    await l1.mine()
    expect((await poster().poll()).events).toMatchObject([{ type: 'landed' }])
  })

  test.each(['maxFeePerGas', 'maxFeePerBlobGas'] as const)(
    'above the cap of %s nothing is sent',
    async (fee) => {
      const feeCaps = { ...DEFAULT_POSTER_OPTIONS.feeCaps, [fee]: 1n }
      expect(await poster({ feeCaps }).submit(request('too dear'))).toMatchObject({ type: 'tooExpensive' })
      expect((await poster().poll()).inFlight).toBeUndefined()
      expect(await l1.rpc('txpool_status', [])).toEqual({ pending: '0x0', queued: '0x0' })
      sentHash(await poster().submit(request('too dear')))
    },
  )
})

describe.skipIf(!hasContracts)('on L1', () => {
  test('a revert costs its fee and no more: the next proposal lands', async () => {
    const { head } = await poster().poll()
    const hash = sentHash(await poster().submit(request('late', head.timestamp + 13n)))
    await l1.rpc('evm_setNextBlockTimestamp', [toQuantity(head.timestamp + 60n)])
    await l1.mine()
    expect(await poster().poll()).toMatchObject({
      events: [{ type: 'reverted', transactionHash: hash }],
      unconfirmed: 0,
    })
    sentHash(await poster().submit(request('in time')))
    await l1.mine()
    expect((await poster().poll()).events).toMatchObject([{ type: 'landed', proposalId: 1n }])
  })

  test('what the inbox would refuse now is not sent', async () => {
    expect(await poster().submit(request('expired', 1n))).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('the inbox would revert'),
    })
    expect((await poster().poll()).inFlight).toBeUndefined()
  })

  test('a success without a Proposed event is no proposal', async () => {
    inbox = `0x${'ee'.repeat(20)}`
    sentHash(await poster().submit(request('nowhere')))
    await l1.mine()
    expect((await poster().poll()).events).toMatchObject([{ type: 'noEvent' }])
  })

  test('a proposal that a reorg takes away is sent again as it was', async () => {
    await use(prague)
    const hash = sentHash(await poster().submit(request('reorged')))
    await l1.mine(2)
    expect((await poster().poll()).events).toMatchObject([{ type: 'landed', proposalId: 1n }])
    await l1.rpc('anvil_reorg', [2, []])
    const dropped = await poster().poll()
    expect(dropped.events).toEqual([{ type: 'dropped', nonce: 0, proposalId: 1n }])
    expect(dropped.inFlight).toMatchObject({ nonce: 0, parentHash: PARENT })
    expect(sentHash((await poster().keep())!)).toBe(hash)
    await l1.mine()
    expect((await poster().poll()).events).toMatchObject([{ type: 'landed', transactionHash: hash }])
    await l1.mine(32)
    expect(await poster().poll()).toMatchObject({
      events: [{ type: 'confirmed', proposalId: 1n }],
      unconfirmed: 0,
    })
  })
})
