/** A block of each fork, executed once more from what is stored of it: the fee split and the protocol's calls come from its own header. */
import { describe, expect, test } from 'vitest'
import { openStoredBlock } from '../../../src/engine/storedBlock.ts'
import { traceBlock } from '../../../src/engine/trace/traceBlock.ts'
import { createEngine } from '../../../src/engine/vm.ts'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import { basefeeSharingPctgOf } from '../../../src/protocol/sharedBaseFee.ts'
import { shastaExtraData } from '../../../src/protocol/shasta/attributes.ts'
import type { ForkName, RollupSpec } from '../../../src/spec/rollupSpec.ts'
import { ancestorHash, CHAIN_ID, ETHER, executeOn, SPEC, stateWith } from '../../support/engineChain.ts'
import { signTransaction, testAddress } from '../../support/proposeTransactions.ts'

const chainId = Number(CHAIN_ID)
const HISTORY = '0x0000f90827f1c53a10cb7a02335b175320002935'

const state = stateWith({
  [testAddress(1)]: { balance: ETHER },
  [testAddress(2)]: { balance: ETHER },
  // CALLDATALOAD 0, NUMBER, SSTORE
  [HISTORY]: { code: '0x5f354355' },
})

describe.each<[ForkName, string, number]>([
  ['shasta', '0x23000000000001', 0x23],
  ['unzen', '0x23000000000001', 0x23],
  ['pacaya', `0x${'4b'.padStart(64, '0')}`, 0x4b],
  ['ontake', `0x${'4b'.padStart(64, '0')}`, 0x4b],
])('%s', (fork, extraData, basefeeSharingPctg) => {
  const spec: RollupSpec = {
    ...SPEC,
    forks: [{ name: fork, activation: { type: 'timestamp', timestamp: 0n } }],
  }
  const execute = async () =>
    executeOn(state, [await signTransaction(1, { chainId }), await signTransaction(2, { chainId })], {
      ...{ fork, basefeeSharingPctg, extraData: hexToBytes(extraData), engine: createEngine({ spec }) },
    })

  test('the transactions make the state and the gas again', async () => {
    const block = await execute()
    const run = await openStoredBlock({ execution: { type: 'rollup', spec }, block, state, ancestorHash })
    for (const { gasUsed } of block.transactions) expect((await run.runNext()).gasUsed).toBe(gasUsed)
    expect(run.gasUsed()).toBe(block.header.gasUsed)
    expect(BigInt(run.zkGas())).toBe(block.header.difficulty)
    expect(await state.rootAfter(await run.finish())).toBe(block.header.stateRoot)
  })

  test('a transaction that uses other gas than is stored is told', async () => {
    const { header, transactions } = await execute()
    const stored = transactions.map((transaction, index) =>
      index === 1 ? { ...transaction, gasUsed: 20_999n } : transaction,
    )
    const block = { header, transactions: stored }
    const run = await openStoredBlock({ execution: { type: 'rollup', spec }, block, state, ancestorHash })
    await run.runNext()
    await expect(run.runNext()).rejects.toThrow(/transaction 1 uses 21000 gas, not 20999$/)
  })

  test('a trace begins with the anchor transaction', async () => {
    const block = await execute()
    const config = { tracer: 'callTracer', onlyTopCall: false, withLog: false } as const
    const { json } = await traceBlock({
      ...{ execution: { type: 'rollup', spec }, block, state, ancestorHash, config, bytesMax: 10_000 },
    })
    const traces: { txHash: string; result: { from: string } }[] = JSON.parse(json)
    expect(traces.map(({ txHash }) => txHash)).toEqual(block.transactions.map(({ hash }) => hash))
    expect(traces.map(({ result }) => result.from)).toEqual(block.transactions.map(({ sender }) => sender))
  })
})

test('the share of the base fee is where each fork writes it', () => {
  expect(basefeeSharingPctgOf('shasta', shastaExtraData(75, 7n))).toBe(75)
  expect(basefeeSharingPctgOf('ontake', hexToBytes(`0x${'4b'.padStart(64, '0')}`))).toBe(75)
  expect(basefeeSharingPctgOf('shasta', new Uint8Array(0))).toBe(0)
})
