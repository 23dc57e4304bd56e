import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getContractAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openArchiveL1 } from '../../../src/archive/archiveL1.ts'
import { reorderCommand } from '../../../src/cli/commands/reorder.ts'
import { commitFlush } from '../../../src/derive/commit.ts'
import { type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { type OpenedRange, openChainHistory } from '../../../src/research/ordering/chainHistory.ts'
import { compareRules } from '../../../src/research/ordering/compareRules.ts'
import { toReportJson } from '../../../src/research/ordering/reportJson.ts'
import { chooseRule, RULES } from '../../../src/research/ordering/rules/index.ts'
import { serializeRollupSpec } from '../../../src/spec/specFile.ts'
import { connectL1, L2_CHAIN_ID, openHarness, specOf } from '../../support/derive/harness.ts'
import { payloadAfter } from '../../support/derive/payload.ts'
import { isBuilt } from '../../support/e2e.ts'
import { createSimulatedL1, type SimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { archiveOf, deriveArchive } from '../../support/recordedL1.ts'

// Two of the well-known development accounts, funded in the devnet's genesis.
const ALICE = privateKeyToAccount('0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d')
const BOB = privateKeyToAccount('0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a')
const ETHER = 10n ** 18n

/** Whoever calls it first has its balance; later calls revert. */
const PRIZE_INITCODE: Hex = '0x60168060095f395ff35f5460125760015f555f5f5f5f47335af1005b5f5ffd'

type Fields = {
  readonly nonce: number
  readonly tip: bigint
  readonly to?: Hex
  readonly data?: Hex
  readonly value?: bigint
  readonly gas?: bigint
}

async function sign(account: typeof ALICE, { tip, ...fields }: Fields): Promise<Uint8Array> {
  const raw = await account.signTransaction({
    type: 'eip1559',
    chainId: Number(L2_CHAIN_ID),
    gas: 200_000n,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: tip,
    ...fields,
  })
  return hexToBytes(raw)
}

describe('a derived range in another order', () => {
  let dir: string
  let range: OpenedRange
  const hashes: string[] = []

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'plumbline-reorder-'))
    const sim = createSimulatedL1({ seed: 'reorder' })
    sim.mine()
    const prize = getContractAddress({ from: ALICE.address, nonce: 0n })
    const lists = [
      [await sign(ALICE, { nonce: 0, tip: 5n, data: PRIZE_INITCODE, value: ETHER })],
      [
        await sign(ALICE, { nonce: 1, tip: 1n, to: prize }),
        await sign(BOB, { nonce: 0, tip: 1_000n, to: prize }),
        // Does not execute: its nonce was used.
        await sign(BOB, { nonce: 0, tip: 2n, to: prize }),
      ],
      [await sign(BOB, { nonce: 1, tip: 3n, to: ALICE.address, value: 7n })],
      // The first asks for nearly all of the block and uses little; the second burns two million.
      [
        await sign(ALICE, { nonce: 2, tip: 1n, to: BOB.address, value: 1n, gas: 15_000_000n }),
        await sign(BOB, { nonce: 2, tip: 1_000n, data: '0xfe', gas: 2_000_000n }),
      ],
      [await sign(BOB, { nonce: 3, tip: 3n, to: ALICE.address, value: 7n })],
    ]
    for (const transactions of lists) {
      sim.propose({ payload: payloadAfter(sim, { transactions }) })
      sim.mine()
    }
    const node = await openHarness({ sim, l1: await connectL1(sim), path: join(dir, 'chain.db') })
    await node.sync()
    for (let number = 1n; number <= 5n; number++) hashes.push((await node.chain.blockByNumber(number))!.hash)
    await node.driver.between(() => commitFlush(node))
    await node.close()
    await writeFile(join(dir, 'rollup.json'), serializeRollupSpec(specOf(sim)))
    range = await openChainHistory({
      dataDir: dir,
      spec: specOf(sim),
      times: { firstSeen: new Map(), due: new Map() },
    })
  }, 60_000)

  afterAll(async () => {
    await range?.close()
    await rm(dir, { recursive: true, force: true })
  })

  const compare = (names: readonly string[], seeds = 3) =>
    compareRules({
      history: range.history,
      rules: names.map(chooseRule),
      sequencers: range.history.sequencers,
      arrival: 'position',
      jitterMs: 1_000,
      seeds,
      reexecute: range.reexecute,
    })

  // Opening compares every block hash already: it would have failed.
  it('comes out as it was under its own rule, block by block', async () => {
    const { rules } = await compare(['total-anarchy'])
    expect(range.history.transactions).toHaveLength(7)
    expect(rules[0]?.run.difference).toEqual({ flips: [], endsInSameState: true, moved: [] })
    const { blocks } = await range.reexecute(rules[0]!.run.order)
    expect(blocks.map(({ hash }) => hash)).toEqual(hashes)
  })

  it('gives the prize to who pays more, where that decides', async () => {
    const { rules, canonical } = await compare(['priority-fee'])
    const [first, second] = [range.history.transactions[1]!, range.history.transactions[2]!]
    const { difference } = rules[0]!.run
    expect(canonical.measured['revert-rate']).toBe(2 / 7)
    expect(difference?.flips).toEqual([
      { hash: first.hash, from: 'succeeded', to: 'failed' },
      { hash: second.hash, from: 'failed', to: 'succeeded' },
    ])
    expect(difference?.divergesAt).toBe(2n)
    expect(difference?.endsInSameState).toBe(false)
    const moved = new Map(difference?.moved.map(({ address, wei }) => [address, wei]))
    const [alice, bob] = [ALICE, BOB].map(({ address }) => moved.get(address.toLowerCase() as Hex) ?? 0n)
    // The prize, and what a failing call costs less (or a successful one more) in gas.
    expect(-alice!).toBeGreaterThan((ETHER * 99n) / 100n)
    expect(bob!).toBeGreaterThan((ETHER * 99n) / 100n)
    // Base fees are shared, not burnt: nothing comes from nowhere.
    expect([...moved.values()].reduce((sum, wei) => sum + wei, 0n)).toBe(0n)
  })

  it('puts what finds no room for its limit first into the next block', async () => {
    const { rules } = await compare(['priority-fee'])
    const greedy = range.history.transactions[4]!
    const { slot } = rules[0]!.run.order.find(({ transactions }) =>
      transactions.some(({ hash }) => hash === greedy.hash),
    )!
    const order = rules[0]!.run.order[slot]!.transactions
    expect(order.map(({ hash }) => hash)).toEqual([range.history.transactions[5]!.hash, greedy.hash])
    const executed = await range.reexecute(rules[0]!.run.order)
    expect(executed.outcomes.get(greedy.hash)).toBe('succeeded')
    // Nowhere to go from the last block of a range.
    const swapped = rules[0]!.run.order.map((each) => ({
      ...each,
      transactions: each.slot === slot ? [] : each.slot === slot + 1 ? order : each.transactions,
    }))
    const cut = await range.reexecute(swapped)
    expect(cut.outcomes.get(greedy.hash)).toBe('not included')
    expect(cut.refusals.get(greedy.hash)).toMatch(/^D-80: /)
  })

  it('runs every rule, and twice with the same report', async () => {
    const names = [...RULES.map(({ id }) => id), 'inclusion-list+priority-fee:due-ms=1', 'pos-rotation']
    const first = toReportJson(await compare(names, 2))
    expect(toReportJson(await compare(names, 2))).toBe(first)
    expect(JSON.parse(first).rules).toHaveLength(names.length)
  }, 60_000)

  it('is told by the command as text and as JSON', async () => {
    const run = async (...more: readonly string[]) => {
      const print = vi.spyOn(console, 'log').mockImplementation(() => {})
      try {
        const given = ['--datadir', dir, '--rollup.config', join(dir, 'rollup.json'), '--arrival', 'position']
        await reorderCommand().parseAsync([...given, ...more], { from: 'user' })
        return print.mock.calls.flat().join('\n')
      } finally {
        print.mockRestore()
      }
    }
    const text = await run('--rule', 'priority-fee,pos-rotation', '--seeds', '2')
    expect(text).toContain('mechanical replay')
    expect(text).toContain('State: another from L2 block 2 on, another at the end of the range')
    expect(text).toContain('failed -> succeeded')
    expect(text).toMatch(/arrival +left-out.*\n +publication .*\n +position .*\n +jitter /)
    const json = JSON.parse(await run('--rule', 'priority-fee', '--from', '2', '--to', '2', '--json'))
    expect(json.slots).toHaveLength(1)
    expect(json.rules[0].firstSeed.difference.flips).toHaveLength(2)
    await expect(run('--rule', 'priority-fee', '--to', '99')).rejects.toThrow('has to be among them')
    await expect(run('--rule', 'priority-fee', '--arrival', 'first-seen')).rejects.toThrow('--dataset')
  }, 60_000)

  it('is refused where the database does not have it', async () => {
    await expect(
      openChainHistory({
        dataDir: join(dir, 'nothing'),
        spec: specOf(createSimulatedL1({ seed: 'reorder' })),
        times: { firstSeen: new Map(), due: new Map() },
      }),
    ).rejects.toThrow('holds no chain')
  })
})

describe('what L1 lists and did not execute', () => {
  // Has nothing before ALICE sends it something.
  const CAROL = privateKeyToAccount(`0x${'ca'.repeat(32)}`)
  const VALUE = 10n ** 16n
  const GENESIS = join(import.meta.dirname, '../../../contracts/artifacts/devnet-genesis.json')
  let dir: string
  let sim: SimulatedL1

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'plumbline-listed-'))
    sim = createSimulatedL1({ seed: 'listed' })
    sim.mine()
    const carols = await sign(CAROL, { nonce: 0, tip: 5n, to: BOB.address, value: 7n })
    const alices = await sign(ALICE, { nonce: 2, tip: 1n, to: BOB.address })
    const first = await sign(BOB, { nonce: 0, tip: 3n, to: ALICE.address, value: 7n })
    const lists = [
      // Her balance is too low when it is her turn.
      [carols, await sign(ALICE, { nonce: 0, tip: 1_000n, to: CAROL.address, value: VALUE })],
      // Executes where it is listed for the second time.
      [alices, await sign(ALICE, { nonce: 1, tip: 1n, to: BOB.address }), alices],
      // A nonce of before the range, once the range begins here; and one of after it.
      [first],
      [
        first,
        await sign(BOB, { nonce: 0, tip: 9n, to: ALICE.address }),
        await sign(BOB, { nonce: 7, tip: 9n, to: ALICE.address }),
      ],
    ]
    for (const transactions of lists) {
      sim.propose({ payload: payloadAfter(sim, { transactions }) })
      sim.mine()
    }
    sim.setFinalized(Number(sim.head().header.number))
    await archiveOf(sim, join(dir, 'archive'))
    await deriveArchive(sim, join(dir, 'archive'), join(dir, 'data'), 0, () => {}, 100)
    await writeFile(join(dir, 'rollup.json'), serializeRollupSpec(specOf(sim)))
  }, 60_000)
  afterAll(() => rm(dir, { recursive: true, force: true }))

  const open = async (from?: bigint) => {
    const l1 = await openArchiveL1({ dir: join(dir, 'archive'), spec: specOf(sim), kzgThreads: 0 })
    const listed = { l1, signal: new AbortController().signal, onRetry: () => {} }
    const times = { firstSeen: new Map(), due: new Map() }
    const range = await openChainHistory({
      ...{ dataDir: join(dir, 'data'), spec: specOf(sim), times, listed },
      ...(from !== undefined && { from }),
    })
    const close = async () => {
      await range.close()
      await l1.close()
    }
    return { ...range, close }
  }

  it('is ordered too, and may come in: the chain’s own rule still makes its blocks', async () => {
    const { history, reexecute, close } = await open()
    expect(
      history.transactions.map(({ isDropped = false, canonicalSlot }) => [isDropped, canonicalSlot]),
    ).toEqual([
      [true, 0],
      [false, 0],
      [false, 1],
      [false, 1],
      [false, 2],
      // The same bytes again are not the second of anything.
      [true, 3],
      [true, 3],
    ])
    expect(history.notes.at(-1)).toMatch(/^Of 5 listed transactions that did not execute 3 are ordered too/)
    const { sequencers } = history
    const names = ['total-anarchy', 'priority-fee']
    const { canonical, rules } = await compareRules({
      ...{ history, sequencers, reexecute, rules: names.map(chooseRule) },
      ...{ arrival: 'position', jitterMs: 1_000, seeds: 1 },
    })
    const [own, other] = rules.map(({ run, measured }) => ({ ...run.difference!, measured }))
    expect(own).toMatchObject({ flips: [], endsInSameState: true, moved: [] })
    expect(canonical.measured['left-out']).toBe(3)
    // ALICE pays more, so CAROL has something by then.
    const [carols] = history.transactions
    expect(other!.flips).toContainEqual({ hash: carols!.hash, from: 'not included', to: 'succeeded' })
    expect(other!.measured['flips-in']).toMatchObject({
      mean: other!.flips.filter(({ from }) => from === 'not included').length,
    })
    await close()
  })

  it('leaves out a nonce that was used before the range', async () => {
    const { history, close } = await open(4n)
    expect(history.transactions.map(({ nonce, isDropped }) => [nonce, isDropped])).toEqual([[7n, true]])
    await close()
  })

  it.skipIf(!isBuilt)(
    'is read by the command from an archive alone, and beside a node’s database',
    async () => {
      const run = async (...more: readonly string[]) => {
        const print = vi.spyOn(console, 'log').mockImplementation(() => {})
        try {
          const given = [
            '--rollup.config',
            join(dir, 'rollup.json'),
            '--l1.archive',
            join(dir, 'archive'),
            '--log.level',
            'error',
          ]
          await reorderCommand().parseAsync([...given, '--rule', 'priority-fee', ...more], { from: 'user' })
          return print.mock.calls.flat().join('\n')
        } finally {
          print.mockRestore()
        }
      }
      const alone = await run('--genesis', GENESIS)
      expect(alone).toContain('not included -> succeeded')
      expect(await run('--datadir', join(dir, 'data'))).toBe(alone)
    },
    60_000,
  )
})
