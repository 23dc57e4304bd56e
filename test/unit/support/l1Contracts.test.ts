/**
 * The same signed transactions on the simulated L1 and on the real contracts (anvil): the same receipts, events, answers of views,
 * and reverts. Only hashes of L1 blocks differ, and what hashes them; those are checked one by one.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createWalletClient, decodeEventLog, encodeFunctionData, http, zeroAddress } from 'viem'
import { foundry } from 'viem/chains'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { versionedHashOf } from '../../../src/l1/versionedHash.ts'
import { type Address, bytesToHex, type Hash, type Hex } from '../../../src/primitives/hex.ts'
import { createBlobProver } from '../../../src/propose/blobProver.ts'
import {
  type BlobFees,
  signBlobTransaction,
  wrapBlobTransaction,
} from '../../../src/propose/blobTransaction.ts'
import { encodePropose } from '../../../src/propose/postRequest.ts'
import { classifySendError } from '../../../src/propose/sendErrors.ts'
import { encodeBlobs } from '../../../src/protocol/blobCodec.ts'
import { readArtifact } from '../../support/contracts/artifacts.ts'
import { INBOX_ABI, WHITELIST_SCHEDULE_ABI } from '../../support/l1/inboxAbi.ts'
import { proposalHash } from '../../support/l1/inboxState.ts'
import { type L1Server, serveL1 } from '../../support/l1/server.ts'
import { createSimulatedL1, type SimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { L1_CHAIN_ID, L1_SECONDS_PER_SLOT, startTestL1, type TestL1 } from '../../support/proposeAnvil.ts'
import { testAccount } from '../../support/proposeTransactions.ts'

const hasContracts = existsSync(join(import.meta.dirname, '../../../contracts/artifacts/Inbox.json'))
const GWEI = 10n ** 9n
const ETHER = 10n ** 18n
const SETTINGS = {
  ringBufferSize: 8,
  basefeeSharingPctg: 75,
  forcedInclusionDelay: 48,
  forcedInclusionFeeInGwei: 1_000_000n,
  forcedInclusionFeeDoubleThreshold: 50n,
  permissionlessInclusionMultiplier: 5,
}
const VERIFIER: Address = `0x${'9f'.repeat(20)}`
const L2_GENESIS: Hash = `0x${'4c'.repeat(32)}`
const OPERATOR = testAccount(41)
const STRANGER = testAccount(42)
const POOR = testAccount(43)
const FEES: BlobFees = {
  maxFeePerGas: 20n * GWEI,
  maxPriorityFeePerGas: GWEI,
  maxFeePerBlobGas: 20n * GWEI,
}
const prover = createBlobProver(0)

type Answer = {
  readonly result?: unknown
  readonly error?: { readonly message: string; readonly data?: Hex }
}
type Side = {
  readonly name: string
  readonly ask: (method: string, params?: readonly unknown[]) => Promise<Answer>
  readonly mine: () => Promise<void>
}

let anvil: TestL1
let server: L1Server
let sim: SimulatedL1
let sides: readonly Side[] = []
let inbox: Address
let schedule: Address

beforeAll(async () => {
  if (!hasContracts) return
  anvil = await startTestL1('osaka', { chainId: 1n, genesisHash: L2_GENESIS })
  await deploy()
  const config = await viewOf(anvil.url, 'getConfig')
  const block = (await asker(anvil.url)('eth_getBlockByNumber', ['latest', false])).result as Record<
    string,
    Hex
  >
  const height = Number(block.number)
  sim = createSimulatedL1({
    seed: 'contracts',
    chainId: BigInt(L1_CHAIN_ID),
    genesisTime: BigInt(block.timestamp!) - BigInt(height * L1_SECONDS_PER_SLOT),
    secondsPerSlot: BigInt(L1_SECONDS_PER_SLOT),
    inbox,
    scheduleAddress: schedule,
    proofVerifier: VERIFIER,
    signalService: `0x${config.slice(2 + 3 * 64 + 24, 2 + 4 * 64)}`,
    l2GenesisHash: L2_GENESIS,
    basefeeSharingPctg: SETTINGS.basefeeSharingPctg,
    forcedInclusionDelay: BigInt(SETTINGS.forcedInclusionDelay),
    forcedInclusionFeeGwei: SETTINGS.forcedInclusionFeeInGwei,
    forcedInclusionFeeDoubleThreshold: SETTINGS.forcedInclusionFeeDoubleThreshold,
    permissionlessInclusionMultiplier: BigInt(SETTINGS.permissionlessInclusionMultiplier),
    ringBufferSize: BigInt(SETTINGS.ringBufferSize),
    schedule: {
      type: 'whitelist',
      operators: [OPERATOR.address.toLowerCase() as Address],
      slotsPerEpoch: 32,
    },
    balances: { [OPERATOR.address]: 1000n * ETHER, [STRANGER.address]: 1000n * ETHER },
    activate: false,
  })
  for (let number = 1; number < height; number++) sim.mine()
  sim.mine({ transactions: [sim.transactions.activate()] })
  server = await serveL1(sim)
  sides = [
    { name: 'contracts', ask: asker(anvil.url), mine: () => anvil.mine() },
    { name: 'simulation', ask: asker(server.url), mine: async () => void sim.mineNext() },
  ]
}, 180_000)
afterAll(async () => {
  await server?.close()
  await anvil?.close()
})

async function deploy(): Promise<void> {
  await anvil.rpc('evm_setAutomine', [true])
  for (const account of [OPERATOR, STRANGER])
    await anvil.rpc('anvil_setBalance', [account.address, `0x${(1000n * ETHER).toString(16)}`])
  const deployer = testAccount(40)
  await anvil.rpc('anvil_setBalance', [deployer.address, `0x${(1000n * ETHER).toString(16)}`])
  const wallet = createWalletClient({ account: deployer, chain: foundry, transport: http(anvil.url) })
  const make = async (name: string, args: readonly unknown[]): Promise<Address> => {
    const hash = await wallet.deployContract({ ...readArtifact(name), args })
    // Mined at once, and known a moment later.
    return vi.waitFor(async () => {
      const receipt = (await anvil.rpc('eth_getTransactionReceipt', [hash])) as Record<string, Address> | null
      return receipt!.contractAddress!.toLowerCase() as Address
    }, 30_000)
  }
  // Without beacon roots the first operator has every epoch.
  schedule = await make('WhitelistSchedule', [deployer.address, [OPERATOR.address], zeroAddress, 0, 12, 32])
  inbox = await make('Inbox', [
    { ...SETTINGS, proofVerifier: VERIFIER, proposerChecker: schedule },
    L2_GENESIS,
  ])
  await anvil.rpc('evm_setAutomine', [false])
}

function asker(url: string): Side['ask'] {
  return async (method, params = []) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    return (await response.json()) as Answer
  }
}

async function viewOf(url: string, functionName: 'getConfig'): Promise<Hex> {
  const data = encodeFunctionData({ abi: INBOX_ABI, functionName })
  return (await asker(url)('eth_call', [{ to: inbox, data }, 'latest'])).result as Hex
}

/** The answers of both, which a test expects to be the same. */
async function both<T>(ask: (side: Side) => Promise<T>): Promise<T> {
  const [real, simulated] = [await ask(sides[0]!), await ask(sides[1]!)]
  expect(simulated).toEqual(real)
  return simulated
}

const nonces = new Map<Address, number>()

type ProposeFields = {
  readonly deadline?: bigint
  readonly blobCount?: number
  readonly forcedInclusions?: number
}
const encode = ({ deadline = 0n, blobCount = 1, forcedInclusions = 0 }: ProposeFields) =>
  encodePropose({ lookahead: new Uint8Array(), deadline, blobCount, forcedInclusions })

async function signBlobs(
  account: typeof OPERATOR,
  data: Uint8Array,
  options: {
    readonly value?: bigint
    readonly nonce?: number
    readonly fees?: BlobFees
    content?: string
  } = {},
): Promise<Hex> {
  const nonce = options.nonce ?? nonces.get(account.address) ?? 0
  nonces.set(account.address, nonce + 1)
  const sidecar = await prover.prove(encodeBlobs(Buffer.from(options.content ?? 'content')), 1)
  const { raw } = await signBlobTransaction(account, {
    chainId: L1_CHAIN_ID,
    nonce,
    to: inbox,
    data,
    value: options.value ?? 0n,
    gas: 1_000_000n,
    blobVersionedHashes: sidecar.commitments.map(versionedHashOf),
    ...(options.fees ?? FEES),
  })
  return bytesToHex(wrapBlobTransaction(raw, sidecar))
}
const signPropose = (account: typeof OPERATOR, fields: ProposeFields = {}) =>
  signBlobs(account, encode(fields))
const signSave = (value: bigint) => {
  const args = [{ blobStartIndex: 0, numBlobs: 1, offset: 5 }] as const
  const data = encodeFunctionData({ abi: INBOX_ABI, functionName: 'saveForcedInclusion', args })
  return signBlobs(STRANGER, Buffer.from(data.slice(2), 'hex'), { value, content: 'forced' })
}

/** A block with these, on both; for each whether it succeeded and its logs without the parent's hash. */
const land = (...raws: readonly Hex[]) =>
  both(async ({ ask, mine }) => {
    const hashes: Hash[] = []
    for (const raw of raws) {
      const sent = await ask('eth_sendRawTransaction', [raw])
      expect(sent.error).toBeUndefined()
      hashes.push(sent.result as Hash)
    }
    await mine()
    const receipts: unknown[] = []
    for (const hash of hashes) {
      const { result } = await ask('eth_getTransactionReceipt', [hash])
      const receipt = result as Record<string, Hex> & { logs: readonly { topics: Hash[]; data: Hex }[] }
      const { status, type, from, to, blockNumber, transactionHash } = receipt
      const logs = receipt.logs.map(({ topics, data }) => ({ topics, data: hideParent(topics, data) }))
      receipts.push({ status, type, from, to, blockNumber, transactionHash, logs })
    }
    return receipts as readonly {
      readonly status: Hex
      readonly logs: readonly { topics: Hash[]; data: Hex }[]
    }[]
  })

/** The first word of `Proposed` from the second proposal on. */
function hideParent(topics: readonly Hash[], data: Hex): Hex {
  return topics.length === 3 && BigInt(topics[1]!) > 1n ? `0x${'**'.repeat(32)}${data.slice(66)}` : data
}

const statuses = (receipts: readonly { readonly status: Hex }[]) =>
  receipts.map(({ status }) => Number(status))

const call = (to: Address, data: Hex, from: Address = OPERATOR.address, blobs: readonly Hash[] = []) =>
  both(async ({ ask }) => {
    const fields = {
      to,
      data,
      from,
      ...(blobs.length > 0 && { blobVersionedHashes: blobs, maxFeePerBlobGas: '0x77359400' }),
    }
    const { result, error } = await ask('eth_call', [fields, 'latest'])
    return error === undefined ? { result } : { revert: error.data }
  })
const view = (
  functionName: 'getCoreState' | 'getConfig' | 'getForcedInclusionState' | 'getCurrentForcedInclusionFee',
) => call(inbox, encodeFunctionData({ abi: INBOX_ABI, functionName }))
const queue = (start: number, count: number) =>
  call(
    inbox,
    encodeFunctionData({ abi: INBOX_ABI, functionName: 'getForcedInclusions', args: [start, count] }),
  )
const mine = (blocks: number) =>
  both(async (side) => {
    for (let i = 0; i < blocks; i++) await side.mine()
  })

// One story on two chains: each test goes on where the one before it ended.
describe.skipIf(!hasContracts)('the simulated inbox', () => {
  test('is configured as the contract', async () => {
    await view('getConfig')
    await view('getCoreState')
    for (const functionName of [
      'getOperatorForCurrentEpoch',
      'getOperatorForNextEpoch',
      'secondsPerEpoch',
    ] as const)
      await call(schedule, encodeFunctionData({ abi: WHITELIST_SCHEDULE_ABI, functionName }))
    for (const account of [OPERATOR, STRANGER]) {
      const args = [account.address, '0x'] as const
      await call(
        schedule,
        encodeFunctionData({ abi: WHITELIST_SCHEDULE_ABI, functionName: 'checkProposer', args }),
      )
    }
    expect((await call(schedule, '0x12345678')).revert).toBe('0x')
    expect((await call(inbox, '0x12345678')).revert).toBe('0x')
  })

  test('takes a proposal and emits it', async () => {
    const [receipt] = await land(await signPropose(OPERATOR))
    expect(Number(receipt!.status)).toBe(1)
    expect(
      decodeEventLog({ abi: INBOX_ABI, ...(receipt!.logs[0] as { topics: [Hash]; data: Hex }) }),
    ).toMatchObject({
      eventName: 'Proposed',
      args: { id: 1, endOfSubmissionWindowTimestamp: 0 },
    })
    await view('getCoreState')
  })

  test('takes one proposal a block', async () => {
    expect(statuses(await land(await signPropose(OPERATOR), await signPropose(OPERATOR)))).toEqual([1, 0])
  })

  test("reverts with the contract's errors", async () => {
    const blob: Hash = `0x01${'ab'.repeat(31)}`
    await mine(1)
    const revertOf = async (data: Uint8Array, from: Address = OPERATOR.address) =>
      (await call(inbox, bytesToHex(data), from, [blob])).revert
    const found = [
      await revertOf(encode({ deadline: 5n })),
      await revertOf(encode({ blobCount: 0 })),
      await revertOf(encode({ blobCount: 2 })),
      await revertOf(encode({}), STRANGER.address),
    ]
    const args = ['0x', '0x00'] as const
    const data = encodeFunctionData({ abi: INBOX_ABI, functionName: 'propose', args })
    found.push((await call(inbox, data, OPERATOR.address, [blob])).revert)
    expect(new Set(found).size).toBe(5)
    for (const revert of found) expect(revert).toMatch(/^0x[0-9a-f]{8}$/)
    // Nothing reverts without a reason.
    expect(await call(inbox, bytesToHex(encode({})), OPERATOR.address, [blob])).toEqual({ result: '0x' })
  })

  test('a batch that comes after its deadline, or from somebody else, fails in its block', async () => {
    expect(statuses(await land(await signPropose(OPERATOR, { deadline: 5n })))).toEqual([0])
    expect(statuses(await land(await signPropose(STRANGER)))).toEqual([0])
  })

  test('queues forced inclusions, gives back what is too much, and reverts below the fee', async () => {
    const fee = SETTINGS.forcedInclusionFeeInGwei * GWEI
    expect(statuses(await land(await signSave(fee - 1n)))).toEqual([0])
    expect(statuses(await land(await signSave(3n * fee)))).toEqual([1])
    await view('getCurrentForcedInclusionFee')
    await view('getForcedInclusionState')
    for (const [start, count] of [
      [0, 10],
      [1, 1],
      [0, 0],
    ] as const)
      await queue(start, count)
    expect(await both(async ({ ask }) => (await ask('eth_getBalance', [inbox, 'latest'])).result)).toBe(
      `0x${fee.toString(16)}`,
    )
  })

  test('leaves them out until they are due, not after', async () => {
    expect(statuses(await land(await signPropose(OPERATOR)))).toEqual([1])
    await mine(4)
    expect(statuses(await land(await signPropose(OPERATOR)))).toEqual([0])
    expect(statuses(await land(await signPropose(OPERATOR, { forcedInclusions: 0xffff })))).toEqual([1])
    expect(
      await both(async ({ ask }) => BigInt((await ask('eth_getBalance', [inbox, 'latest'])).result as Hex)),
    ).toBe(0n)
    await view('getForcedInclusionState')
  })

  test('lets anyone propose who takes an overdue one, and nobody else', async () => {
    expect(statuses(await land(await signSave(10n ** 18n)))).toEqual([1])
    // Due after four slots, overdue after twenty.
    await mine(19)
    expect(statuses(await land(await signPropose(STRANGER, { forcedInclusions: 1 })))).toEqual([0])
    expect(statuses(await land(await signPropose(STRANGER, { forcedInclusions: 1 })))).toEqual([1])
    expect(statuses(await land(await signPropose(STRANGER)))).toEqual([0])
  })

  test('takes no more than the ring has room for, and overwrites nothing', async () => {
    const next = BigInt((await view('getCoreState')).result!.toString().slice(0, 66))
    for (let id = next; id < 8n; id++) expect(statuses(await land(await signPropose(OPERATOR)))).toEqual([1])
    expect(statuses(await land(await signPropose(OPERATOR)))).toEqual([0])
    const data = encode({})
    const reverts = (await call(inbox, bytesToHex(data), OPERATOR.address, [`0x01${'ab'.repeat(31)}`])).revert
    expect(reverts).toMatch(/^0x[0-9a-f]{8}$/)
  })

  test("hashes proposals as the contract, on the contract's own L1 blocks", async () => {
    const ask = sides[0]!.ask
    const logs = (await ask('eth_getLogs', [{ address: inbox, fromBlock: '0x0', toBlock: 'latest' }]))
      .result as {
      topics: [Hash, ...Hash[]]
      data: Hex
      blockNumber: Hex
    }[]
    let checked = 0
    for (const log of logs) {
      const event = decodeEventLog({ abi: INBOX_ABI, ...log })
      if (event.eventName !== 'Proposed' || event.args.id === 0) continue
      const block = (await ask('eth_getBlockByNumber', [log.blockNumber, false])).result as Record<
        string,
        Hex
      >
      const { sources, ...args } = event.args
      const hash = proposalHash({
        ...args,
        id: BigInt(args.id),
        proposer: args.proposer.toLowerCase() as Address,
        endOfSubmissionWindowTimestamp: BigInt(args.endOfSubmissionWindowTimestamp),
        timestamp: BigInt(block.timestamp!),
        originBlockNumber: BigInt(log.blockNumber) - 1n,
        originBlockHash: block.parentHash!,
        sources: sources.map(({ isForcedInclusion, blobSlice }) => ({
          isForcedInclusion,
          blobSlice: { ...blobSlice, timestamp: BigInt(blobSlice.timestamp) },
        })),
      })
      const asked = encodeFunctionData({
        abi: INBOX_ABI,
        functionName: 'getProposalHash',
        args: [BigInt(args.id)],
      })
      expect(hash).toBe((await ask('eth_call', [{ to: inbox, data: asked }, 'latest'])).result)
      checked++
    }
    expect(checked).toBe(7)
  })
})

describe.skipIf(!hasContracts)('the simulated pool', () => {
  const kindOf = async (raw: Hex) =>
    both(async ({ ask }) => {
      const { error } = await ask('eth_sendRawTransaction', [raw])
      return error === undefined ? 'taken' : classifySendError(new Error(error.message))
    })

  test('refuses for the reasons for which another does', async () => {
    const nonce = nonces.get(OPERATOR.address)!
    const first = await signPropose(OPERATOR)
    const again = (factor: bigint) =>
      signBlobs(OPERATOR, encode({}), {
        nonce,
        fees: {
          maxFeePerGas: factor * FEES.maxFeePerGas,
          maxPriorityFeePerGas: factor * FEES.maxPriorityFeePerGas,
          maxFeePerBlobGas: factor * FEES.maxFeePerBlobGas,
        },
        content: 'other',
      })
    expect(await kindOf(first)).toBe('taken')
    expect(await kindOf(first)).toBe('alreadyKnown')
    expect(await kindOf(await again(1n))).toBe('replacementUnderpriced')
    expect(await kindOf(await again(2n))).toBe('taken')
    expect(await kindOf(await signBlobs(OPERATOR, encode({}), { nonce: 0 }))).toBe('nonceTooLow')
    expect(await kindOf(await signBlobs(POOR, encode({})))).toBe('insufficientFunds')
    const counts = await both(async ({ ask }) => [
      (await ask('eth_getTransactionCount', [OPERATOR.address, 'latest'])).result,
      (await ask('eth_getTransactionCount', [OPERATOR.address, 'pending'])).result,
    ])
    expect(counts.map(Number)).toEqual([nonce, nonce + 1])
  })

  test("takes no blob with another's proofs", async () => {
    const sidecar = await prover.prove(encodeBlobs(Buffer.from('honest')), 1)
    const { raw } = await signBlobTransaction(STRANGER, {
      chainId: L1_CHAIN_ID,
      nonce: nonces.get(STRANGER.address)!,
      to: inbox,
      data: encode({}),
      gas: 1_000_000n,
      blobVersionedHashes: sidecar.commitments.map(versionedHashOf),
      ...FEES,
    })
    const proofs = sidecar.proofs.with(3, sidecar.proofs[4]!)
    const lie = bytesToHex(wrapBlobTransaction(raw, { ...sidecar, proofs }))
    const { error } = await sides[1]!.ask('eth_sendRawTransaction', [lie])
    expect(error?.message).toContain('invalid proof')
    const other = bytesToHex(
      wrapBlobTransaction(raw, { ...sidecar, blobs: encodeBlobs(Buffer.from('false')) }),
    )
    expect((await sides[1]!.ask('eth_sendRawTransaction', [other])).error?.message).toContain('mismatches')
  })
})
