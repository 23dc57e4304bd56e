/**
 * The node's half of the RPC benchmark, in a process of its own: a chain whose last 2,000 blocks each have five token transfers, and a
 * newest one of 250, served by the real server; beside it a plain HTTP server that always says the same, and the engine called directly.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoredBlock } from '../src/chain/chain.ts'
import { genesisHeads } from '../src/chain/heads.ts'
import { CHAIN_SCHEMAS } from '../src/chain/schema.ts'
import { createChain } from '../src/chain/sqliteChain.ts'
import type { ExecutedBlock } from '../src/engine/engine.ts'
import { createFlatState } from '../src/engine/state/flatStateOnStore.ts'
import { STATE_SCHEMAS } from '../src/engine/state/schema.ts'
import { createEngine } from '../src/engine/vm.ts'
import { blockSize } from '../src/primitives/blockSize.ts'
import { type BlockHeader, headerHash } from '../src/primitives/header.ts'
import { hexToBytes, ZERO_HASH } from '../src/primitives/hex.ts'
import { logsBloom } from '../src/primitives/receipt.ts'
import { runJob } from '../src/rpc/caller/jobs.ts'
import { createProcessCaller } from '../src/rpc/caller/processCaller.ts'
import { startRpc } from '../src/rpc/server.ts'
import { openStore } from '../src/store/openStore.ts'
import { silentLogger } from '../src/telemetry/log.ts'
import { BALANCE_OF, BLOCKS, type FromNode, TOKEN, type ToNode } from './rpcProtocol.ts'
import { BASE_FEE, buildBlocks, genesisChanges, hashOfBlock, SPEC, WORKLOADS } from './workloads.ts'

const BLOCKS_A_COMMIT = 200
const TRANSFERS = 5

const say = (message: FromNode) => process.send?.(message)

const directory = mkdtempSync(join(tmpdir(), 'plumbline-bench-'))
const database = join(directory, 'chain.db')
const store = await openStore({ path: database, schemas: { state: STATE_SCHEMAS, chain: CHAIN_SCHEMAS } })
const state = await createFlatState({ store })
const chain = await createChain(store)
const engine = createEngine({ spec: SPEC, workers: 0 })
await writeChain()

const execution = { type: 'rollup', spec: SPEC } as const
const caller = createProcessCaller({ execution, database })
const rpc = await startRpc(
  {
    ...{ execution, spec: SPEC, chain, state, caller, logger: silentLogger },
    nextBaseFee: () => BASE_FEE,
    sync: () => ({
      l1: { trust: 'single-provider', providers: [] },
      startL1Block: 0n,
      isSynced: true,
      problems: [],
    }),
    clientVersion: 'plumbline/bench',
  },
  { host: '127.0.0.1', port: 0 },
)
const plain = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const { id } = JSON.parse(Buffer.concat(parts).toString())
    const text = JSON.stringify({ jsonrpc: '2.0', id, result: '0xba85f' })
    response
      .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
      .end(text)
  })
})
await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
say({
  type: 'ready',
  url: rpc.url,
  plainUrl: `http://127.0.0.1:${(plain.address() as AddressInfo).port}`,
})

process.on('message', async (message: ToNode) => {
  switch (message.type) {
    case 'cpu': {
      const { user, system } = process.cpuUsage()
      return say({ type: 'cpu', us: user + system })
    }
    case 'direct':
      return say({ type: 'direct', perSecond: await callDirectly(message.seconds) })
    case 'end':
      await rpc.close()
      await caller.close()
      plain.close()
      await engine.close()
      await store.close()
      rmSync(directory, { recursive: true })
      process.exit()
  }
})

/** The same call in this process, one after the other. */
async function callDirectly(seconds: number): Promise<number> {
  const { header } = (await chain.headerByNumber(BigInt(BLOCKS))) ?? {}
  if (header === undefined) throw new Error('the newest block is not there')
  const request = { to: TOKEN, data: hexToBytes(BALANCE_OF) }
  const environment = { execution, chain, state: state.source(), ancestorHash: hashOfBlock }
  const end = performance.now() + seconds * 1000
  let count = 0
  for (; performance.now() < end; count++)
    await runJob(environment, { kind: 'call', params: { request, header } })
  return count / seconds
}

async function writeChain(): Promise<void> {
  await store.transaction((transaction) => state.writeGenesis(transaction, genesisChanges()))
  state.settle()
  const executed = await executeNewest()
  const transfers = executed.transactions.slice(0, TRANSFERS)
  const few = {
    transactions: transfers,
    logsBloom: logsBloom(transfers.flatMap(({ receipt }) => receipt.logs)),
  }
  const none = { transactions: [], logsBloom: new Uint8Array(256) }
  const unchanged = { accounts: new Map(), storage: new Map(), code: new Map() }
  let parentHash = ZERO_HASH
  for (let from = 0; from <= BLOCKS; from += BLOCKS_A_COMMIT) {
    await store.transaction(async (transaction) => {
      for (let i = from; i < from + BLOCKS_A_COMMIT && i <= BLOCKS; i++) {
        const number = BigInt(i)
        const isNewest = i === BLOCKS
        if (i > 0) await state.stage(number, isNewest ? executed.changes : unchanged)
        const content = i === 0 ? none : isNewest ? contentOf(executed) : few
        const block = toStored(
          { ...executed.header, number, parentHash, logsBloom: content.logsBloom },
          content,
        )
        await chain.append(transaction, [{ block, origin: undefined }])
        parentHash = block.hash
      }
      await state.write(transaction)
      const { blockNumber } = state.head
      await chain.setHeads(transaction, genesisHeads({ number: blockNumber, hash: parentHash }))
    })
    state.settle()
    chain.settle()
  }
}

type Content = Pick<StoredBlock, 'transactions'> & Pick<BlockHeader, 'logsBloom'>

function contentOf({ transactions, header }: ExecutedBlock): Content {
  return { transactions, logsBloom: header.logsBloom }
}

function toStored(header: BlockHeader, { transactions }: Content): StoredBlock {
  const size = blockSize(
    header,
    transactions.map(({ raw }) => raw),
  )
  return { hash: headerHash(header), header, transactions, size }
}

function executeNewest(): Promise<ExecutedBlock> {
  const workload = WORKLOADS.find(({ name }) => name === 'ERC-20 transfers')
  const [block] = workload === undefined ? [] : buildBlocks(workload, 1)
  if (block === undefined) throw new Error('no such workload')
  const number = BigInt(BLOCKS)
  return engine.execute({
    attributes: {
      fork: 'shasta',
      number,
      parentHash: hashOfBlock(number - 1n),
      coinbase: `0x${'c0'.repeat(20)}`,
      gasLimit: 60_000_000n,
      timestamp: 1_800_000_000n + number,
      mixHash: hashOfBlock(0n),
      extraData: Uint8Array.of(75),
      baseFeePerGas: BASE_FEE,
      basefeeSharingPctg: 75,
      anchorBlockNumber: 0n,
      anchorTransaction: block.anchor,
      transactions: block.transactions.map((raw) => ({ raw, offset: 0 })),
    },
    state: state.source(),
    ancestorHash: hashOfBlock,
  })
}
