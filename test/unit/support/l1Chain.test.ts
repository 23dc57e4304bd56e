/** The simulated L1 is real data: other libraries read its headers, tries, transactions and logs as they would mainnet's. */
import { createBlock, createBlockFromRPC } from '@ethereumjs/block'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createMPT } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { createTxFromRLP } from '@ethereumjs/tx'
import kzg from 'c-kzg'
import { parseTransaction, recoverTransactionAddress, type TransactionSerialized } from 'viem'
import { describe, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { encodeReceipt } from '../../../src/primitives/receipt.ts'
import type { L1Block } from '../../support/l1/block.ts'
import { createBusyChain } from '../../support/l1/busyChain.ts'
import { blobBaseFee } from '../../support/l1/fees.ts'

// The library asks for a KZG implementation before it parses a blob transaction; it does not call it here.
const customCrypto = { kzg: kzg as never }
const common = new Common({ chain: { ...Mainnet, chainId: 31337 }, hardfork: Hardfork.Prague, customCrypto })

const l1 = createBusyChain({ seed: 1 })
const blocks = Array.from({ length: Number(l1.head().header.number) + 1 }, (_, i) => l1.blockAt(i))

describe('headers', () => {
  test('hash to what @ethereumjs/block computes, from our fields and from our RPC answers', async () => {
    for (const block of blocks) {
      const rpc = await l1.request('eth_getBlockByHash', [block.hash, true])
      const parsed = createBlockFromRPC(rpc as Parameters<typeof createBlockFromRPC>[0], [], { common })
      expect(bytesToHex(parsed.hash())).toBe(block.hash)
      expect(await parsed.transactionsTrieIsValid()).toBe(true)
      expect(parsed.serialize().length).toBe(Number((rpc as { size: string }).size))
    }
  })

  test('link to their parents, in slots that grow and match their timestamps', () => {
    for (const [i, block] of blocks.slice(1).entries()) {
      const parent = blocks[i]!
      expect(block.header.parentHash).toBe(parent.hash)
      expect(block.header.parentBeaconBlockRoot).toBe(parent.beacon.root)
      expect(block.beacon.parentRoot).toBe(parent.beacon.root)
      expect(block.header.timestamp).toBe(l1.config.genesisTime + 12n * BigInt(block.beacon.slot))
      expect(block.beacon.slot).toBeGreaterThan(parent.beacon.slot)
    }
    expect(blocks[4]!.beacon.slot - blocks[3]!.beacon.slot).toBe(4)
  })

  test('carry the base fee and excess blob gas that Prague rules ask for', () => {
    for (const [i, block] of blocks.slice(1).entries()) {
      const parent = createBlock({ header: ethereumjsHeader(blocks[i]!) }, { common }).header
      expect(block.header.baseFeePerGas).toBe(parent.calcNextBaseFee())
      expect(block.header.excessBlobGas).toBe(parent.calcNextExcessBlobGas(parent.common))
      const header = createBlock({ header: ethereumjsHeader(block) }, { common }).header
      expect(blobBaseFee(block.header.excessBlobGas ?? 0n)).toBe(header.getBlobGasPrice())
    }
  })
})

describe('bodies', () => {
  test('have receipt roots that a general Merkle trie agrees with', async () => {
    for (const block of blocks) {
      const trie = await createMPT()
      for (const [index, receipt] of block.receipts.entries())
        await trie.put(RLP.encode(index), encodeReceipt(receipt))
      expect(bytesToHex(trie.root())).toBe(block.header.receiptsRoot)
    }
  })

  test('have transactions that viem parses and whose senders it recovers', async () => {
    for (const transaction of blocks.flatMap((block) => block.transactions)) {
      const raw = bytesToHex(transaction.raw) as TransactionSerialized
      const from = await recoverTransactionAddress({ serializedTransaction: raw })
      expect(from.toLowerCase()).toBe(transaction.from)
      const parsed = parseTransaction(raw)
      expect(parsed.chainId).toBe(31337)
      expect('blobVersionedHashes' in parsed ? parsed.blobVersionedHashes : []).toEqual(
        transaction.blobHashes,
      )
    }
  })

  test('have transactions that @ethereumjs/tx hashes and verifies', () => {
    for (const transaction of blocks.flatMap((block) => block.transactions)) {
      const parsed = createTxFromRLP(transaction.raw, { common })
      expect(bytesToHex(parsed.hash())).toBe(transaction.hash)
      expect(parsed.verifySignature()).toBe(true)
    }
  })

  test('keep a failed transaction, with status 0 and no logs', () => {
    const block = blocks[3]!
    expect(block.receipts.map((receipt) => receipt.succeeded)).toEqual([true, true, true, false])
    expect(block.receipts.map((receipt) => receipt.logs.length)).toEqual([0, 3, 1, 0])
  })
})

describe('seeds', () => {
  test('the same seed and commands give the same chain', () => {
    expect(createBusyChain({ seed: 1 }).head().hash).toBe(l1.head().hash)
  })

  test('another seed gives another chain', () => {
    expect(createBusyChain({ seed: 2 }).blockAt(0).hash).not.toBe(l1.blockAt(0).hash)
  })
})

function ethereumjsHeader({ header }: L1Block) {
  const { ommersHash, receiptsRoot, withdrawalsRoot, requestsHash, parentBeaconBlockRoot, ...rest } = header
  const bytes = (hash: string | undefined) => hexToBytes(hash!)
  return {
    ...rest,
    parentHash: bytes(header.parentHash),
    uncleHash: bytes(ommersHash),
    stateRoot: bytes(header.stateRoot),
    transactionsTrie: bytes(header.transactionsRoot),
    receiptTrie: bytes(receiptsRoot),
    mixHash: bytes(header.mixHash),
    coinbase: header.coinbase,
    withdrawalsRoot: bytes(withdrawalsRoot),
    requestsHash: bytes(requestsHash),
    parentBeaconBlockRoot: bytes(parentBeaconBlockRoot),
  }
}
