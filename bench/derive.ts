/**
 * Catching up: L1 blocks whose proposals are at hand, from manifest bytes to L2 blocks in SQLite, by the node's own driver. The L1 answers
 * from memory, so that what is measured is ours: decoding, senders, execution, state, chain and commits.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import secp256k1 from 'secp256k1'
import type { L1, L1Event } from '../src/l1/l1.ts'
import { bigintToBytes, concatBytes, EMPTY_BYTES, trimLeadingZeros } from '../src/primitives/bytes.ts'
import { hexToBytes } from '../src/primitives/hex.ts'
import { keccak256 } from '../src/primitives/keccak.ts'
import { encodeRlp } from '../src/primitives/rlp.ts'
import { decodeProposal } from '../src/protocol/protocols.ts'
import { encodeManifest } from '../src/protocol/shasta/encodeManifest.ts'
import { connectL1, L2_CHAIN_ID, openHarness, specOf } from '../test/support/derive/harness.ts'
import { createSimulatedL1, type SimulatedL1 } from '../test/support/l1/simulatedL1.ts'
import type { BenchRow } from './row.ts'

type Workload = {
  readonly name: string
  readonly proposals: number
  readonly blocksPerProposal: number
  readonly transfersPerBlock: number
}

const WORKLOADS: readonly Workload[] = [
  { name: 'anchor-only', proposals: 150, blocksPerProposal: 24, transfersPerBlock: 0 },
  { name: '150 transfers', proposals: 40, blocksPerProposal: 4, transfersPerBlock: 150 },
]
/** Of the proposals: the compiler has seen by then what runs often. */
const WARM_UP = 1 / 3

export async function run(names = WORKLOADS.map(({ name }) => name)): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = []
  for (const workload of WORKLOADS.filter(({ name }) => names.includes(name)))
    rows.push(await measure(workload))
  return rows
}

async function measure(workload: Workload): Promise<BenchRow> {
  const sim = createSimulatedL1({ seed: 'derive' })
  const nonces = { next: 0n }
  // A block needs a second of its own.
  const missedSlots = Math.ceil(workload.blocksPerProposal / Number(sim.config.secondsPerSlot)) - 1
  for (let i = 0; i < workload.proposals; i++) {
    sim.mine({ missedSlots })
    sim.propose({ payload: payloadOf(sim, workload, nonces) })
  }
  sim.setFinalized(Math.floor(workload.proposals / 2))
  const l1 = await rememberL1(sim)
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-bench-'))
  const node = await openHarness({ sim, l1, path: join(directory, 'chain.db'), workers: 1 })
  const warmUp = Math.floor(workload.proposals * WARM_UP)
  let start = { at: 0, cpu: process.cpuUsage() }
  let steps = 0
  node.chain.onChange(({ added }) => {
    if (added.length > 0 && ++steps === warmUp) start = { at: performance.now(), cpu: process.cpuUsage() }
  })
  await node.sync()
  const elapsedMs = performance.now() - start.at
  const { user, system } = process.cpuUsage(start.cpu)
  const blocks = (workload.proposals - warmUp) * workload.blocksPerProposal
  const { latest } = node.chain.heads()
  if (latest.number !== BigInt(workload.proposals * workload.blocksPerProposal))
    throw new Error(`the benchmark made ${latest.number} blocks`)
  const last = await node.chain.blockByNumber(latest.number)
  if (last?.transactions.length !== 1 + workload.transfersPerBlock) throw new Error('a transfer was dropped')
  await node.close()
  rmSync(directory, { recursive: true })
  return {
    name: `catching up, ${workload.name}`,
    value: elapsedMs / blocks,
    unit: 'ms/block',
    note: `${((1000 * blocks) / elapsedMs).toFixed(0)} blocks/s, ${((user + system) / 1000 / blocks).toFixed(2)} ms of CPU`,
  }
}

/** What following the simulated L1 told, told again. */
async function rememberL1(sim: SimulatedL1): Promise<L1> {
  const l1 = await connectL1(sim)
  const done = new AbortController()
  const events: L1Event[] = []
  const blobs = new Map<string, readonly Uint8Array[]>()
  const start = sim.blockAt(0)
  const cursor = { number: 0n, hash: start.hash }
  for await (const event of l1.follow({ cursor, knownAncestors: async () => [], signal: done.signal })) {
    events.push(event)
    // Fetched and verified ahead: the node does that in threads.
    if (event.type === 'block')
      for (const log of event.logs) {
        const proposal = decodeProposal({ spec: specOf(sim), log, l1Block: event.block })
        for (const { blobSlice } of proposal?.sources ?? [])
          if (blobSlice.blobHashes.length > 0)
            blobs.set(blobSlice.blobHashes.join(), await l1.blobs(blobSlice))
      }
    if (event.type === 'caughtUp') break
  }
  const headers = new Map(
    events.flatMap((event) => (event.type === 'block' ? [[event.block.number, event.block]] : [])),
  )
  return {
    ...l1,
    async *follow({ cursor, signal }) {
      for (const event of events)
        if (event.type !== 'block' || event.block.number > cursor.number) yield event
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
    async ancestor(descendant, number) {
      const known = headers.get(number)
      return known ?? l1.ancestor(descendant, number)
    },
    blobs: async (slice) => blobs.get(slice.blobHashes.join()) ?? l1.blobs(slice),
  }
}

const SENDER = hexToBytes('0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d')
const COINBASE = '0x00000000000000000000000000000000c01bbace'
/** The devnet's genesis has 15,000,000, which includes no anchor. */
const GAS_LIMIT = 15_000_000n

function payloadOf(
  sim: SimulatedL1,
  { blocksPerProposal, transfersPerBlock }: Workload,
  nonces: { next: bigint },
) {
  const { timestamp, number } = sim.head().header
  return encodeManifest(
    Array.from({ length: blocksPerProposal }, (_, i) => ({
      timestamp: timestamp - BigInt(blocksPerProposal - 1 - i),
      coinbase: COINBASE,
      anchorBlockNumber: number,
      gasLimit: GAS_LIMIT,
      transactions: Array.from({ length: transfersPerBlock }, () => signTransfer(nonces.next++)),
    })),
  )
}

function signTransfer(nonce: bigint): Uint8Array {
  const to = keccak256(bigintToBytes(nonce % 5_000n)).slice(0, 20)
  const unsigned = [
    bigintToBytes(L2_CHAIN_ID),
    bigintToBytes(nonce),
    bigintToBytes(1n),
    bigintToBytes(10n ** 10n),
    bigintToBytes(21_000n),
    to,
    bigintToBytes(1n),
    EMPTY_BYTES,
    [],
  ]
  const type = Uint8Array.of(2)
  const { signature, recid } = secp256k1.ecdsaSign(keccak256(concatBytes(type, encodeRlp(unsigned))), SENDER)
  const [r, s] = [signature.slice(0, 32), signature.slice(32)].map(trimLeadingZeros) as [
    Uint8Array,
    Uint8Array,
  ]
  return concatBytes(type, encodeRlp([...unsigned, bigintToBytes(BigInt(recid)), r, s]))
}
