/** How fast the guard signs: recorded and synced first, every time; and what a small transaction costs by itself. A local disk is what counts. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Guard, openGuard } from '../src/preconf/guard/guard.ts'
import { createLocalSigner } from '../src/preconf/keys/localSigner.ts'
import { bytesToHex, type Hash } from '../src/primitives/hex.ts'
import type { Commitment } from '../src/promise/commitment.ts'
import { signingDomainOf } from '../src/promise/signingRoot.ts'
import { encodeTransactionRequest, executionCommitment } from '../src/promise/transactionPromise.ts'
import { openStore } from '../src/store/openStore.ts'
import type { Statement } from '../src/store/store.ts'
import type { BenchRow } from './row.ts'

/** Seconds each rate is kept up. */
const SECONDS = 5
const RATES = [100, 1_000]
const BURST = 5_000
const SMALL_TRANSACTIONS = 1_000
const SMALL_WARM_UP = 100
const WINDOW = 384n
const SLASHER = `0x${'5a'.repeat(20)}` as const

export async function run(): Promise<readonly BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-bench-'))
  const l1 = { timestamp: 1_000_000n }
  const signer = createLocalSigner(new Uint8Array(32).fill(7))
  const guard = await openGuard({
    path: join(directory, 'guard.db'),
    counterPath: join(directory, 'generation'),
    domain: { l1ChainId: 1n, domain: signingDomainOf('0x00000000'), signingId: hashOf(1), slasher: SLASHER },
    signers: [signer],
    slots: { genesisTime: 0n, secondsPerSlot: 12n },
    windowSeconds: WINDOW,
    readL1: async () => ({
      ...l1,
      landed: { number: 99n, timestamp: l1.timestamp },
      finalizedNumber: 50n,
      finalizedTimestamp: 0n,
      isRemoved: async () => false,
    }),
  })
  l1.timestamp += WINDOW + 1n
  let next = 0
  const sign = async (): Promise<number> => {
    const start = performance.now()
    const answer = await guard.signCommitment(signer.address, executionOf(next++, l1.timestamp + 12n))
    if (answer.type === 'refused') throw new Error(answer.refusal.reason)
    return performance.now() - start
  }
  try {
    await Promise.all(Array.from({ length: 100 }, sign))
    const rows: BenchRow[] = []
    for (const rate of RATES) {
      const times = (await signAtRate(sign, rate)).sort((a, b) => a - b)
      for (const [name, part] of [
        ['p50', 0.5],
        ['p99', 0.99],
      ] as const)
        rows.push({
          name: `signature at ${rate}/s, ${name}`,
          value: times[Math.floor(times.length * part)] ?? 0,
          unit: 'ms',
          ...(rate === 100 && name === 'p50' && { note: 'aim: < 4 ms' }),
        })
    }
    const start = performance.now()
    await Promise.all(Array.from({ length: BURST }, sign))
    rows.push({
      name: `${BURST} signatures at once`,
      value: BURST / ((performance.now() - start) / 1000),
      unit: '/s',
    })
    return [...rows, ...(await writeSmall(directory))]
  } finally {
    await close(guard, directory)
  }
}

/** Transactions of three rows, one after the other: through the binding, and as one script. */
async function writeSmall(directory: string): Promise<readonly BenchRow[]> {
  const schemas = { t: ['CREATE TABLE t (n INTEGER PRIMARY KEY, hash TEXT, raw BLOB)'] }
  const store = await openStore({ path: join(directory, 'small.db'), schemas })
  let n = 0
  const rows = (): readonly Statement[] =>
    Array.from({ length: 3 }, () => {
      n++
      return ['INSERT INTO t VALUES (?, ?, ?)', [n, hashOf(n), new Uint8Array(120).fill(n % 256)]]
    })
  const time = async (write: () => Promise<void>): Promise<number> => {
    for (let i = 0; i < SMALL_WARM_UP; i++) await write()
    const start = performance.now()
    for (let i = 0; i < SMALL_TRANSACTIONS; i++) await write()
    return (performance.now() - start) / SMALL_TRANSACTIONS
  }
  try {
    const bound = await time(() =>
      store.transaction(async (transaction) => {
        for (const statement of rows()) await transaction.run(...statement)
      }),
    )
    const written = await time(() => store.write(rows))
    return [
      { name: 'three rows in a transaction', value: bound, unit: 'ms' },
      {
        name: 'the same in one go',
        value: written,
        unit: 'ms',
        note: `${(bound / written).toFixed(1)} times as fast`,
      },
    ]
  } finally {
    await store.close()
  }
}

/** Starts one each time it is due, whether the ones before are done or not. */
async function signAtRate(sign: () => Promise<number>, rate: number): Promise<number[]> {
  const running: Promise<number>[] = []
  const start = performance.now()
  while (running.length < rate * SECONDS) {
    const due = Math.floor(((performance.now() - start) / 1000) * rate)
    while (running.length < Math.min(due, rate * SECONDS)) running.push(sign())
    await new Promise((done) => setTimeout(done, 1))
  }
  return Promise.all(running)
}

async function close(guard: Guard, directory: string): Promise<void> {
  await guard.close()
  rmSync(directory, { recursive: true })
}

/** 200 to a block. */
function executionOf(i: number, windowEnd: bigint): Commitment {
  const transaction = new Uint8Array(120).fill(i % 256)
  const request = {
    commitmentType: 5n,
    payload: bytesToHex(encodeTransactionRequest({ slot: 83_000n, transaction })),
    slasher: SLASHER,
  } as const
  const block = Math.floor(i / 200)
  return executionCommitment(request, {
    l2ChainId: 167n,
    blockNumber: 100n + BigInt(block),
    parentBlockHash: hashOf(99 + block),
    transactionIndex: i % 200,
    transactionHash: hashOf(i + 1),
    receiptHash: hashOf(i + 2),
    windowEnd,
  })
}

function hashOf(n: number): Hash {
  return `0x${n.toString(16).padStart(64, '0')}`
}
