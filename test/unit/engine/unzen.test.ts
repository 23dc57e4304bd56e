/** Blocks under Unzen: Osaka's rules, zk gas as their difficulty, cut off before the transaction that would exceed it. unzen.md §1.2, §3. */
import { describe, expect, test } from 'vitest'
import { openBlock } from '../../../src/engine/execute.ts'
import { createSenderPool } from '../../../src/engine/senderPool.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import { concatBytes, toWord } from '../../../src/primitives/bytes.ts'
import { headerHash, NO_REQUESTS_HASH } from '../../../src/primitives/header.ts'
import { type Hex, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { readArtifact } from '../../support/contracts/artifacts.ts'
import {
  ancestorHash,
  attributesFor,
  CHAIN_ID,
  ETHER,
  executeOn,
  SPEC,
  stateWith,
} from '../../support/engineChain.ts'
import { signTransaction, testAddress } from '../../support/proposeTransactions.ts'

const chainId = Number(CHAIN_ID)
const ALICE = testAddress(1)
const BOB = testAddress(2)
const fork = 'unzen'
const HISTORY = '0x0000f90827f1c53a10cb7a02335b175320002935'
const SPENDER = `0x${'5e'.repeat(20)}` as const

/** Hashes 32 bytes that far out in memory: 31 zk gas for each gas. About 48 million at 0xd0000. */
const hashAt = (offset: string): Hex => `0x602062${offset}2000`

const funded = (code: Hex = '0x') =>
  stateWith({
    [ALICE]: { balance: ETHER },
    [BOB]: { balance: ETHER },
    [SPENDER]: { code },
  })

const spend = (key: number, nonce = 0) =>
  signTransaction(key, { chainId, to: SPENDER, value: 0n, gas: 6_000_000n, nonce })

test('a block with nothing but its anchor transaction over 255 ancestors counts about a million', async () => {
  const { deployedBytecode: code } = readArtifact('Anchor')
  // anchorV4 of no newer checkpoint. Public networks hold 1,160,742 a block, and 1,750,318 with a newer one (unzen.md §4.4).
  const anchorData = concatBytes(hexToBytes('0x523e6854'), toWord(0n), toWord(1n), toWord(2n))
  const block = await executeOn(stateWith({ [SPEC.l2.anchor]: { code } }), [], { fork, anchorData })
  expect(block.transactions[0]?.receipt.succeeded).toBe(true)
  expect(block.header.difficulty).toBeGreaterThan(900_000n)
  expect(block.header.difficulty).toBeLessThan(1_800_000n)
})

describe('a header under Unzen', () => {
  test('has the zk gas as its difficulty, and the fields of Osaka with nothing in them', async () => {
    const block = await executeOn(funded(), [await signTransaction(1, { chainId })], { fork })
    // Two transactions that run no code: the anchor's contract is not there.
    expect(block.header).toMatchObject({
      difficulty: 2n * 243_000n,
      blobGasUsed: 0n,
      excessBlobGas: 0n,
      parentBeaconBlockRoot: ZERO_HASH,
      requestsHash: NO_REQUESTS_HASH,
    })
    expect(block.hash).toBe(headerHash(block.header))
  })

  test('counts neither the protocol’s own calls nor a transaction that is not valid', async () => {
    const state = stateWith({
      [ALICE]: { balance: ETHER },
      // CALLDATALOAD 0, NUMBER, SSTORE
      [HISTORY]: { code: '0x5f354355' },
    })
    const block = await executeOn(state, [await signTransaction(1, { chainId, nonce: 7 })], { fork })
    expect(block.dropped.map(({ rule }) => rule)).toEqual(['D-83'])
    expect(block.header.difficulty).toBe(243_000n)
    const parent = [...block.changes.storage.get(HISTORY)!.slots.values()]
    expect(parent.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(['aa'.repeat(32)])
  })

  test('before Unzen nothing is counted', async () => {
    const block = await executeOn(funded(), [await signTransaction(1, { chainId })])
    expect(block.header.difficulty).toBe(0n)
    expect(block.header.requestsHash).toBeUndefined()
  })
})

describe('the limit of a block', () => {
  test('ends the block before the transaction that exceeds it, which leaves no trace', async () => {
    const listed = [await spend(1), await spend(2), await spend(1, 1), await signTransaction(2, { chainId })]
    const block = await executeOn(funded(hashAt('0d0000')), listed, { fork })
    expect(block.transactions).toHaveLength(3)
    expect(block.header.difficulty).toBeLessThanOrEqual(100_000_000n)
    expect(block.dropped).toEqual([
      { listedIndex: 2, rule: 'D-92', reason: 'the zk gas of the block is used up' },
      { listedIndex: 3, rule: 'D-92', reason: 'the block ended before it' },
    ])
    expect(block.changes.accounts.get(ALICE)?.nonce).toBe(1n)
    const without = await executeOn(funded(hashAt('0d0000')), listed.slice(0, 2), { fork })
    expect(block.hash).toBe(without.hash)
  })

  test('holds in a frame of a frame, whose caller does not swallow it', async () => {
    const caller = `0x${'ca'.repeat(20)}` as const
    const state = stateWith({
      [ALICE]: { balance: ETHER },
      [SPENDER]: { code: hashAt('180000') },
      // CALL SPENDER with all gas, then STOP whatever came of it
      [caller]: { code: `0x5f5f5f5f5f73${SPENDER.slice(2)}5af100` },
    })
    const raw = await signTransaction(1, { chainId, to: caller, value: 0n, gas: 12_000_000n })
    const block = await executeOn(state, [raw], { fork })
    expect(block.dropped.map(({ rule }) => rule)).toEqual(['D-92'])
    expect(block.changes.accounts.has(ALICE)).toBe(false)
  })

  test('a block that is filled from outside goes on with what still fits', async () => {
    const block = await openBlock({
      spec: SPEC,
      senders: createSenderPool(0),
      attributes: attributesFor([], { fork }),
      state: funded(hashAt('0d0000')),
      ancestorHash,
    })
    const results = []
    for (const raw of [
      await spend(1),
      await spend(2),
      await spend(1, 1),
      await signTransaction(2, { chainId, nonce: 1 }),
    ])
      results.push(await block.add(raw))
    expect(results.map(({ type }) => type)).toEqual(['added', 'added', 'refused', 'added'])
    const sealed = await block.seal()
    expect(sealed.transactions).toHaveLength(4)
    expect(sealed.changes.accounts.get(BOB)?.nonce).toBe(2n)
  })
})

test.each(['own', 'stock'] as const)(
  'what would have come of a transaction behind all that a block holds (loop %s)',
  async (loop) => {
    const state = funded(hashAt('0d0000'))
    const { header, changes } = await executeOn(state, [await spend(1), await spend(2)], { fork })
    const engine = createEngine({ spec: SPEC, loop })
    const behind = async (raw: Uint8Array, usedGas = header.gasUsed) => {
      const block = { ...header, gasUsed: usedGas }
      const result = await engine.runBehind({ raw, header: block, state: state.after(changes), ancestorHash })
      return result.type === 'added' ? result.transaction.gasUsed : result.rule
    }
    expect(header.difficulty).toBeGreaterThan(90_000_000n)
    expect(await behind(await spend(1, 1))).toBe('D-92')
    const transfer = await signTransaction(2, { chainId, nonce: 1 })
    expect(await behind(transfer)).toBe(21_000n)
    expect(await behind(transfer, header.gasLimit - 20_999n)).toBe('D-80')
    expect(await behind(await signTransaction(2, { chainId }))).toBe('D-82')
  },
)

test('a transaction may take 2^24 gas and no more', async () => {
  const at = (gas: bigint) => signTransaction(1, { chainId, gas })
  expect((await executeOn(funded(), [await at(2n ** 24n + 1n)], { fork })).dropped[0]?.rule).toBe('D-87')
  expect((await executeOn(funded(), [await at(2n ** 24n)], { fork })).dropped).toEqual([])
  expect((await executeOn(funded(), [await at(2n ** 24n + 1n)])).dropped).toEqual([])
})
