/**
 * The 54 blocks of https://github.com/ethereum/execution-apis (Frontier to BPO2) through the import: their hashes come out, every wrong field of
 * a header has its name, and a database can be gone on with.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { CHAIN_SCHEMAS } from '../../src/chain/schema.ts'
import { createChain } from '../../src/chain/sqliteChain.ts'
import { beginEthereumChain, importBlocks, setEthereumHeads } from '../../src/derive/ethereum/importBlocks.ts'
import { decodeBlock, type EthereumBlock, encodeBlock } from '../../src/engine/ethereum/block.ts'
import { InvalidBlockError } from '../../src/engine/ethereum/invalidBlock.ts'
import { buildGenesis } from '../../src/engine/genesis.ts'
import { loadKzg } from '../../src/engine/kzg.ts'
import { createSenderPool } from '../../src/engine/senderPool.ts'
import { createFlatState } from '../../src/engine/state/flatStateOnStore.ts'
import { STATE_SCHEMAS } from '../../src/engine/state/schema.ts'
import { type BlockHeader, headerHash } from '../../src/primitives/header.ts'
import { ZERO_HASH } from '../../src/primitives/hex.ts'
import { splitRlpSequence } from '../../src/primitives/rlpSequence.ts'
import { parseEthereumSpec } from '../../src/spec/parseEthereumSpec.ts'
import { openStore } from '../../src/store/openStore.ts'
import type { Store } from '../../src/store/store.ts'
import { EXECUTION_APIS } from '../support/rpcCompat/server.ts'
import { hasExecutionApis } from '../support/rpcEthereumChain.ts'

const read = (name: string) => readFileSync(join(EXECUTION_APIS, name))
const genesisJson = hasExecutionApis ? JSON.parse(read('genesis.json').toString()) : undefined
const file: Uint8Array = hasExecutionApis ? read('chain.rlp') : new Uint8Array(0)
const blocks = [...splitRlpSequence(file)].map(decodeBlock)
const HEAD = '0xd226371d0b1551adb03fb52b71f08e3e11247fe9b1af994768af8cdaa8e7dcd7'

const stores: Store[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})

async function begin() {
  await loadKzg()
  const store = await openStore({
    path: ':memory:',
    schemas: { state: STATE_SCHEMAS, chain: CHAIN_SCHEMAS },
  })
  stores.push(store)
  const rooms = {
    spec: parseEthereumSpec(genesisJson),
    store,
    chain: await createChain(store),
    state: await createFlatState({ store }),
    senders: createSenderPool(0),
  }
  await beginEthereumChain(rooms, buildGenesis(genesisJson))
  return rooms
}

/** The blocks up to `count`, the last one changed; those after it would not fit any more. */
function fileWith(count: number, change: (block: EthereumBlock) => EthereumBlock): Uint8Array {
  const kept = blocks.slice(0, count)
  return Buffer.concat(kept.map((block, at) => encodeBlock(at === count - 1 ? change(block) : block)))
}

function withoutBeaconRoot({
  header: { parentBeaconBlockRoot: _, ...header },
  ...block
}: EthereumBlock): EthereumBlock {
  return { ...block, header }
}

const withHeader =
  (fields: Partial<BlockHeader>) =>
  (block: EthereumBlock): EthereumBlock => ({ ...block, header: { ...block.header, ...fields } })

describe.skipIf(!hasExecutionApis)('an Ethereum chain', () => {
  test('comes out with the hash of its head, receipts with a root before Byzantium and a status after', async () => {
    const rooms = await begin()
    expect(await importBlocks(rooms, file)).toBe(54)
    expect(rooms.chain.heads().latest).toEqual({ number: 54n, hash: HEAD })
    const receiptOf = async (number: bigint) =>
      (await rooms.chain.blockByNumber(number))!.transactions[0]!.receipt
    expect((await receiptOf(8n)).stateRoot).toMatch(/^0x[0-9a-f]{64}$/)
    expect((await receiptOf(9n)).stateRoot).toBeUndefined()
  })

  test('is the same block for block when it is encoded again', () => {
    expect(Buffer.concat(blocks.map(encodeBlock)).equals(file)).toBe(true)
  })

  test('is not executed twice, and another chain is refused', async () => {
    const rooms = await begin()
    expect(
      await importBlocks(
        rooms,
        fileWith(3, (block) => block),
      ),
    ).toBe(3)
    await beginEthereumChain(rooms, buildGenesis(genesisJson))
    expect(
      await importBlocks(
        rooms,
        fileWith(5, (block) => block),
      ),
    ).toBe(2)
    await expect(importBlocks(rooms, fileWith(2, withHeader({ timestamp: 999n })))).rejects.toThrow(
      'another block 2',
    )
    await expect(
      beginEthereumChain(rooms, buildGenesis({ ...genesisJson, timestamp: '0x1' })),
    ).rejects.toThrow('another chain')
  })

  test('has the heads that a consensus layer names, and only blocks it knows', async () => {
    const rooms = await begin()
    await importBlocks(
      rooms,
      fileWith(3, (block) => block),
    )
    const [safe, finalized] = [headerHash(blocks[1]!.header), headerHash(blocks[0]!.header)]
    await setEthereumHeads(rooms, { safe, finalized })
    const { latest, ...heads } = rooms.chain.heads()
    expect([latest.number, heads.safe.number, heads.finalized.number]).toEqual([3n, 2n, 1n])
    await expect(setEthereumHeads(rooms, { safe, finalized: ZERO_HASH })).rejects.toThrow('finalized')
  })

  const OTHER_HASH = `0x${'12'.repeat(32)}` as const
  test.each([
    ['stateRoot', 2, withHeader({ stateRoot: OTHER_HASH })],
    ['receiptsRoot', 2, withHeader({ receiptsRoot: OTHER_HASH })],
    ['transactionsRoot', 2, withHeader({ transactionsRoot: OTHER_HASH })],
    ['logsBloom', 2, withHeader({ logsBloom: new Uint8Array(256).fill(1) })],
    ['gasUsed', 2, withHeader({ gasUsed: 21_001n })],
    ['gasUsed', 2, withHeader({ gasUsed: 2n ** 40n })],
    ['gasLimit', 2, withHeader({ gasLimit: 120_000_000n })],
    ['parentHash', 2, withHeader({ parentHash: OTHER_HASH })],
    ['number', 2, withHeader({ number: 7n })],
    ['timestamp', 2, withHeader({ timestamp: 0n })],
    ['extraData', 2, withHeader({ extraData: new Uint8Array(33) })],
    ['difficulty', 2, withHeader({ difficulty: 0n })],
    ['ommersHash', 2, withHeader({ ommersHash: OTHER_HASH })],
    ['baseFeePerGas', 2, withHeader({ baseFeePerGas: 7n })],
    ['baseFeePerGas', 28, withHeader({ baseFeePerGas: 7n })],
    ['difficulty', 36, withHeader({ difficulty: 1n })],
    ['nonce', 36, withHeader({ nonce: new Uint8Array(8).fill(1) })],
    ['withdrawalsRoot', 39, withHeader({ withdrawalsRoot: OTHER_HASH })],
    ['excessBlobGas', 42, withHeader({ excessBlobGas: 131_072n })],
    ['blobGasUsed', 42, withHeader({ blobGasUsed: 0n })],
    ['parentBeaconBlockRoot', 42, withoutBeaconRoot],
    ['stateRoot', 42, withHeader({ parentBeaconBlockRoot: OTHER_HASH })],
    ['requestsHash', 45, withHeader({ requestsHash: OTHER_HASH })],
    [
      'transactions',
      2,
      (block: EthereumBlock) => ({ ...block, transactions: block.transactions.toReversed() }),
    ],
    ['transactions', 2, (block: EthereumBlock) => ({ ...block, transactions: [Uint8Array.of(9)] })],
    ['withdrawals', 39, ({ withdrawals: _, ...block }: EthereumBlock) => block],
  ])('a wrong %s in block %d is named, and nothing of the block is kept', async (field, number, change) => {
    const rooms = await begin()
    await importBlocks(
      rooms,
      fileWith(number - 1, (block) => block),
    )
    const failure = await importBlocks(rooms, fileWith(number, change)).catch((error) => error)
    expect(failure).toBeInstanceOf(InvalidBlockError)
    expect(failure.field).toBe(field)
    expect(rooms.chain.heads().latest.number).toBe(BigInt(number - 1))
    // The same database goes on with the right block.
    expect(
      await importBlocks(
        rooms,
        fileWith(number, (block) => block),
      ),
    ).toBe(1)
  })
})
