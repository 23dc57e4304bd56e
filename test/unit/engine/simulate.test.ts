/** Simulated blocks of a rollup; those of plain Ethereum are held against the conversations of execution-apis (test/unit/rpc). */
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createFeeMarket1559Tx, createLegacyTx } from '@ethereumjs/tx'
import { describe, expect, test } from 'vitest'
import { prepareKzg } from '../../../src/engine/kzg.ts'
import { planBlocks } from '../../../src/engine/simulate/plan.ts'
import { simulateBlocks } from '../../../src/engine/simulate/simulate.ts'
import type {
  AskedBlock,
  SimulatedBlock,
  Simulation,
  SimulationResult,
} from '../../../src/engine/simulate/simulated.ts'
import { encodeUnsigned } from '../../../src/engine/simulate/unsigned.ts'
import {
  type BlockHeader,
  EMPTY_OMMERS_HASH,
  headerHash,
  NO_REQUESTS_HASH,
} from '../../../src/primitives/header.ts'
import { type Address, bytesToHex, type Hash, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../../src/primitives/keccak.ts'
import { nextBaseFee } from '../../../src/protocol/shasta/baseFee.ts'
import type { RollupSpec } from '../../../src/spec/rollupSpec.ts'
import {
  allocation,
  BASE_FEE,
  CHAIN_ID,
  COINBASE,
  ETHER,
  SPEC,
  stateWith,
} from '../../support/engineChain.ts'

const ALICE: Address = `0x${'a1'.repeat(20)}`
const BOB: Address = `0x${'b0'.repeat(20)}`
const CONTRACT: Address = `0x${'cc'.repeat(20)}`
const ETH: Address = `0x${'ee'.repeat(20)}`

const base: BlockHeader = {
  parentHash: `0x${'aa'.repeat(32)}`,
  ommersHash: EMPTY_OMMERS_HASH,
  coinbase: COINBASE,
  stateRoot: ZERO_HASH,
  transactionsRoot: EMPTY_TRIE_ROOT,
  receiptsRoot: EMPTY_TRIE_ROOT,
  logsBloom: new Uint8Array(256),
  difficulty: 0n,
  number: 300n,
  gasLimit: 30_000_000n,
  gasUsed: 9_000_000n,
  timestamp: 1_800_000_000n,
  // Three quarters of the base fee are the coinbase's.
  extraData: hexToBytes('0x4b000000000001'),
  mixHash: ZERO_HASH,
  nonce: new Uint8Array(8),
  baseFeePerGas: BASE_FEE,
}

const SHASTA: RollupSpec = { ...SPEC, forks: SPEC.forks.filter(({ name }) => name === 'shasta') }

/** `code` at CONTRACT; ALICE has one ether. */
function simulate(
  blocks: readonly Partial<AskedBlock>[],
  options: Partial<Simulation> & { readonly code?: string; readonly spec?: RollupSpec } = {},
): Promise<SimulationResult> {
  const { code = '', spec = SPEC, ...simulation } = options
  return simulateBlocks(
    {
      execution: { type: 'rollup', spec },
      state: stateWith({ [ALICE]: { balance: ETHER }, [CONTRACT]: { balance: 5n, code: `0x${code}` } }),
      ancestorHash: () => `0x${'99'.repeat(32)}`,
    },
    {
      base,
      timestampBefore: base.timestamp - 2n,
      blocks: blocks.map((block) => ({ overrides: {}, state: new Map(), calls: [], ...block })),
      validates: false,
      tracesTransfers: false,
      gasMax: 50_000_000n,
      returnBytesMax: 1_000_000,
      ...simulation,
    },
  )
}

async function simulated(...asked: Parameters<typeof simulate>): Promise<readonly SimulatedBlock[]> {
  const result = await simulate(...asked)
  if (result.type === 'refused') throw new Error(result.refusal.message)
  return result.blocks
}

async function refused(...asked: Parameters<typeof simulate>): Promise<string> {
  const result = await simulate(...asked)
  return result.type === 'refused' ? result.refusal.reason : 'simulated'
}

describe('blocks', () => {
  test('follow on one another, with those between that nobody asked for', async () => {
    const blocks = await simulated([
      {},
      { overrides: { number: 304n } },
      { overrides: { time: 1_800_000_100n } },
    ])
    expect(blocks.map(({ header }) => header.number)).toEqual([301n, 302n, 303n, 304n, 305n])
    expect(blocks.map(({ header }) => Number(header.timestamp - base.timestamp))).toEqual([2, 4, 6, 8, 100])
    let parent = headerHash(base)
    for (const { header, hash } of blocks) {
      expect(header.parentHash).toBe(parent)
      expect(hash).toBe(headerHash(header))
      parent = hash
    }
  })

  test('have the shape of a Shasta block, and keep who is paid and how', async () => {
    const [block] = await simulated([{}], { spec: SHASTA })
    expect(block?.header).toMatchObject({
      ...{ coinbase: COINBASE, gasLimit: base.gasLimit, extraData: base.extraData, baseFeePerGas: 0n },
      ...{ difficulty: 0n, withdrawalsRoot: EMPTY_TRIE_ROOT, ommersHash: EMPTY_OMMERS_HASH },
      stateRoot: stateWith({ [ALICE]: { balance: ETHER }, [CONTRACT]: { balance: 5n } }).stateRoot,
    })
    for (const field of ['blobGasUsed', 'excessBlobGas', 'parentBeaconBlockRoot', 'requestsHash'])
      expect(block?.header).not.toHaveProperty(field)
  })

  test('have Unzen’s fields, without content, once it is active', async () => {
    await prepareKzg()
    const forks: RollupSpec['forks'] = [
      ...SHASTA.forks,
      { name: 'unzen', activation: { type: 'timestamp', timestamp: base.timestamp + 4n } },
    ]
    const [shasta, unzen] = await simulated([{}, {}], { spec: { ...SPEC, forks } })
    expect(shasta?.header).not.toHaveProperty('excessBlobGas')
    expect(unzen?.header).toMatchObject({
      ...{ blobGasUsed: 0n, excessBlobGas: 0n, parentBeaconBlockRoot: ZERO_HASH },
      ...{ requestsHash: NO_REQUESTS_HASH, difficulty: 0n },
    })
  })

  test('that are validated have the base fee of the chain’s own rule', async () => {
    const [first, second] = await simulated([{}, {}], { validates: true })
    const { number, timestamp, gasLimit, gasUsed } = base
    const parent = { number, timestamp, gasLimit, gasUsed, baseFeePerGas: BASE_FEE }
    const fee = nextBaseFee({ ...parent, grandparentTimestamp: timestamp - 2n }, SPEC.shasta.baseFeeMin)
    expect(first?.header.baseFeePerGas).toBe(fee)
    const next = { number: 301n, timestamp: timestamp + 2n, gasLimit, gasUsed: 0n, baseFeePerGas: fee }
    expect(second?.header.baseFeePerGas).toBe(
      nextBaseFee({ ...next, grandparentTimestamp: timestamp }, SPEC.shasta.baseFeeMin),
    )
  })

  test('see what the blocks before have changed, and their hashes', async () => {
    // With calldata: its size into slot 0. Without: that slot, and the hash of block 301.
    const code = '366013575f545f5261012d4060205260405ff35b365f5500'
    const call = { from: ALICE, to: CONTRACT }
    const asked = [{ calls: [{ ...call, data: new Uint8Array(7) }] }, { calls: [call] }]
    const blocks = await simulated(asked, { code })
    const outcome = blocks[1]?.calls[0]?.outcome
    const data = outcome?.type === 'succeeded' ? bytesToHex(outcome.returnData) : '0x'
    expect(data).toBe(`0x${'7'.padStart(64, '0')}${blocks[0]?.hash.slice(2)}`)
  })

  test('end with the root that their changes make', async () => {
    const calls = [{ from: ALICE, to: BOB, value: 10n }]
    const [block] = await simulated([{ calls }])
    const after = {
      [ALICE]: { balance: ETHER - 10n, nonce: 1n },
      [BOB]: { balance: 10n },
      [CONTRACT]: { balance: 5n },
    }
    expect(block?.header.stateRoot).toBe(stateWith(after).stateRoot)
    expect(block?.header.gasUsed).toBe(21_000n)
  })

  test('share the base fee as the rollup does (D-71)', async () => {
    const overrides = { baseFeePerGas: 1000n }
    const calls = [{ from: ALICE, to: BOB, maxFeePerGas: 1001n, maxPriorityFeePerGas: 1n }]
    const [block] = await simulated([{ overrides, calls }])
    const after = allocation({
      [ALICE]: { balance: ETHER - 21_000n * 1001n, nonce: 1n },
      [CONTRACT]: { balance: 5n },
      [COINBASE]: { balance: 21_000n * 751n },
      [SPEC.l2.anchor]: { balance: 21_000n * 250n },
    })
    expect(block?.header.stateRoot).toBe(await stateWith({}).rootAfter(after))
  })
})

describe('transfers', () => {
  const topic = (address: Address): Hash => `0x${address.slice(2).padStart(64, '0')}`
  const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
  const transfers = (block: SimulatedBlock | undefined, index: number) =>
    block?.calls[index]?.logs.map(({ address, topics, data, index }) => [
      address === ETH && topics[0] === TRANSFER ? 'ETH' : address,
      ...topics.slice(1),
      Number(bytesToHex(data)),
      index,
    ])
  /** CALL(gas, BOB, value 3), then LOG0 of nothing. */
  const SEND = `5f5f5f5f600373${BOB.slice(2)}5af1505f5fa0`

  test('are logged in the order of events, and count among the logs', async () => {
    const call = { from: ALICE, to: CONTRACT, value: 9n }
    const [block] = await simulated([{ calls: [call, { from: ALICE, to: BOB, value: 1n }] }], {
      code: SEND,
      tracesTransfers: true,
    })
    expect(transfers(block, 0)).toEqual([
      ['ETH', topic(ALICE), topic(CONTRACT), 9, 0],
      ['ETH', topic(CONTRACT), topic(BOB), 3, 1],
      [CONTRACT, Number.NaN, 2],
    ])
    expect(transfers(block, 1)).toEqual([['ETH', topic(ALICE), topic(BOB), 1, 3]])
  })

  test('that were undone are not', async () => {
    const [block] = await simulated([{ calls: [{ from: ALICE, to: CONTRACT, value: 9n }] }], {
      code: `${SEND}5f5ffd`,
      tracesTransfers: true,
    })
    expect(block?.calls[0]).toMatchObject({ outcome: { type: 'reverted' }, logs: [] })
  })

  test('of a creation and of a destruction name the receiver', async () => {
    // Init code: SELFDESTRUCT to BOB.
    const data = hexToBytes(`0x73${BOB.slice(2)}ff`)
    const [block] = await simulated([{ calls: [{ from: ALICE, value: 4n, data }] }], {
      tracesTransfers: true,
    })
    const created = '0x'.padEnd(26, '0')
    const [creation, destruction] = transfers(block, 0) ?? []
    expect(creation).toEqual(['ETH', topic(ALICE), expect.stringMatching(`^${created}[0-9a-f]{40}$`), 4, 0])
    expect(destruction).toEqual(['ETH', creation?.[2], topic(BOB), 4, 1])
  })

  test('are no part of the block’s bloom and receipts', async () => {
    const calls = [{ from: ALICE, to: BOB, value: 1n }]
    const [plain] = await simulated([{ calls }])
    const [traced] = await simulated([{ calls }], { tracesTransfers: true })
    expect(traced?.hash).toBe(plain?.hash)
    expect(plain?.calls[0]?.logs).toEqual([])
  })
})

describe('what cannot be simulated is refused with a reason', () => {
  const call = { from: ALICE, to: BOB }
  const paying = { ...call, maxFeePerGas: 10n ** 10n }
  test.each<[string, readonly Partial<AskedBlock>[], boolean]>([
    ['blockNumber', [{ overrides: { number: 300n } }], false],
    ['blockTimestamp', [{ overrides: { time: base.timestamp } }], false],
    ['tooManyBlocks', [{ overrides: { number: 557n } }], false],
    ['blockGasLimit', [{ calls: [{ ...call, gas: 30_000_001n }] }], false],
    ['intrinsicGas', [{ calls: [{ ...call, gas: 20_999n }] }], false],
    ['insufficientFunds', [{ calls: [{ ...call, value: 2n * ETHER }] }], false],
    ['initcodeTooLarge', [{ calls: [{ from: ALICE, data: new Uint8Array(49_153) }] }], false],
    ['nonceTooLow', [{ calls: [paying, { ...paying, nonce: 0n }] }], true],
    ['nonceTooHigh', [{ calls: [{ ...paying, nonce: 1n }] }], true],
    ['feeCapTooLow', [{ calls: [call] }], true],
    ['tipAboveFeeCap', [{ calls: [{ ...paying, maxPriorityFeePerGas: 10n ** 11n }] }], true],
    ['override', [{ state: new Map([[ALICE, { movePrecompileTo: BOB }]]) }], false],
  ])('%s', async (reason, blocks, validates) => {
    expect(await refused(blocks, { validates })).toBe(reason)
  })

  test('nonces and prices stop nobody who asks without validation', async () => {
    const calls = [{ ...call, nonce: 77n }]
    expect(await refused([{ overrides: { baseFeePerGas: 10n }, calls }])).toBe('simulated')
  })
})

test('gas is bounded over all blocks together', async () => {
  // JUMPDEST PUSH0 JUMP: until the gas is gone.
  const options = { code: '5b5f56', gasMax: 200_000n }
  const calls = [{ from: ALICE, to: CONTRACT }]
  const [block] = await simulated([{ calls }], options)
  expect(block?.calls[0]?.outcome).toEqual({ type: 'failed', error: 'out of gas', isGasCapped: true })
  expect(block?.header.gasUsed).toBe(200_000n)
  expect(await refused([{ calls }, { calls }], options)).toBe('intrinsicGas')
})

test('what the calls return is bounded over all blocks together', async () => {
  // PUSH1 64 PUSH0 RETURN.
  const asked = [{ calls: [{ to: CONTRACT }] }, { calls: [{ to: CONTRACT }] }]
  expect(await refused(asked, { code: '60405ff3', returnBytesMax: 128 })).toBe('simulated')
  expect(await refused(asked, { code: '60405ff3', returnBytesMax: 127 })).toBe('tooLarge')
})

test('numbers and times are planned before anything runs', () => {
  const asked = { overrides: {}, state: new Map(), calls: [] }
  const plan = planBlocks(
    { number: 5n, timestamp: 50n },
    [asked, { ...asked, overrides: { time: 51n } }],
    12n,
  )
  expect(plan).toMatchObject({ type: 'refused', refusal: { reason: 'blockTimestamp' } })
})

describe('unsigned transactions are encoded as EthereumJS does', () => {
  const common = new Common({ chain: { ...Mainnet, chainId: Number(CHAIN_ID) }, hardfork: Hardfork.Prague })
  const to = BOB
  const data = Uint8Array.of(1, 2)
  const call = { to, gas: 50_000n, nonce: 3n, value: 7n, data }

  test('type 2', () => {
    const slot: Hash = `0x${'01'.repeat(32)}`
    const accessList = [{ address: hexToBytes(ALICE), slots: [hexToBytes(slot)] }]
    const encoded = encodeUnsigned({ ...call, maxFeePerGas: 9n, accessList }, CHAIN_ID, false)
    const expected = createFeeMarket1559Tx(
      {
        ...{ chainId: CHAIN_ID, nonce: 3n, maxFeePerGas: 9n, maxPriorityFeePerGas: 0n, gasLimit: 50_000n },
        ...{ to, value: 7n, data, accessList: [{ address: ALICE, storageKeys: [slot] }] },
        ...{ v: 0n, r: 0n, s: 0n },
      },
      { common },
    )
    expect(bytesToHex(encoded)).toBe(bytesToHex(expected.serialize()))
  })

  test('legacy', () => {
    const encoded = encodeUnsigned({ ...call, gasPrice: 9n }, CHAIN_ID, false)
    const expected = createLegacyTx(
      { nonce: 3n, gasPrice: 9n, gasLimit: 50_000n, to, value: 7n, data },
      { common },
    )
    expect(bytesToHex(encoded)).toBe(bytesToHex(expected.serialize()))
  })
})
