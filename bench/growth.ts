/** The same ERC-20 blocks end to end on states of 10,000 and of 1,000,000 accounts (a fifth as many token balances). */
import type { AccountState, StateChanges } from '../src/engine/state/source.ts'
import { toWord, trimLeadingZeros } from '../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hex } from '../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256 } from '../src/primitives/keccak.ts'
import { createOurRunner } from './ours.ts'
import type { BenchRow } from './row.ts'
import { buildBlocks, genesisChanges, TOKENS, WORKLOADS } from './workloads.ts'

const WORKLOAD = 'ERC-20 transfers'
const SIZES = [10_000, 1_000_000] as const
const BATCH = 50_000

export async function run(): Promise<BenchRow[]> {
  const workload = WORKLOADS.find(({ name }) => name === WORKLOAD)
  if (workload === undefined) throw new Error(`no workload ${WORKLOAD}`)
  const rows: BenchRow[] = []
  const costs: number[] = []
  for (const accounts of SIZES) {
    const blocks = buildBlocks(workload, workload.warmUpBlocks + 2 * workload.measuredBlocks)
    const runner = await createOurRunner(genesisChanges(), { filling: fill(accounts) })
    let measuredMs = 0
    for (const [index, block] of blocks.entries()) {
      const start = performance.now()
      await runner.run(block, blocks[index + 1])
      if (index >= workload.warmUpBlocks) measuredMs += performance.now() - start
    }
    await runner.close()
    const perBlock = measuredMs / (2 * workload.measuredBlocks)
    costs.push(perBlock)
    rows.push({
      name: `growth, ${WORKLOAD}, ${accounts.toLocaleString('en-US')} accounts`,
      value: perBlock,
      unit: 'ms/block',
    })
  }
  const [small = 1, large = 1] = costs
  return [
    ...rows,
    { name: 'growth, largest over smallest', value: large / small, unit: 'ratio', note: 'aim: at most 1.33' },
  ]
}

function* fill(accounts: number): Generator<StateChanges> {
  for (let from = 0; from < accounts; from += BATCH) {
    const to = Math.min(from + BATCH, accounts)
    const states = new Map<Address, AccountState>()
    const balances = new Map<Hex, Uint8Array>()
    for (let i = from; i < to; i++) {
      const key = keccak256(toWord(BigInt(i)))
      states.set(bytesToHex(key.subarray(0, 20)), {
        nonce: 1n,
        balance: BigInt(i) + 1n,
        storageRoot: EMPTY_TRIE_ROOT,
        codeHash: EMPTY_CODE_HASH,
      })
      if (i % 5 === 0) balances.set(bytesToHex(key), trimLeadingZeros(toWord(BigInt(i) + 1n)))
    }
    const [token] = TOKENS
    yield {
      accounts: states,
      storage: new Map([[token as Address, { cleared: false, slots: balances }]]),
      code: new Map(),
    }
  }
}
