import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseTransaction, recoverTransactionAddress } from 'viem'
import { describe, expect, it } from 'vitest'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { arrive } from '../../../src/research/ordering/arrival.ts'
import { createDraw } from '../../../src/research/ordering/draw.ts'
import { parseHex, readChannel } from '../../../src/research/ordering/op/channel.ts'
import { readOpHistory } from '../../../src/research/ordering/op/opHistory.ts'
import { decodeSpanBatch } from '../../../src/research/ordering/op/spanBatch.ts'
import { chooseRule } from '../../../src/research/ordering/rules/index.ts'

const FILE = join(import.meta.dirname, '../../../../shared/fixtures/op/kona/batch.hex')

// The channel is large and no part of the project: without the shared fixtures there is nothing to read.
describe.skipIf(!existsSync(FILE))('a channel of OP Mainnet', () => {
  const hex = existsSync(FILE) ? readFileSync(FILE, 'utf8') : ''

  it('has the blocks and transactions that its source names, in one span batch', () => {
    const batches = readChannel(parseHex(hex))
    expect(batches).toHaveLength(1)
    const { blocks, l1Origin } = decodeSpanBatch(batches[0]!, 10n)
    expect(blocks).toHaveLength(143)
    expect(blocks.flatMap(({ transactions }) => transactions)).toHaveLength(1_766)
    // 286 s of L2 are 23 or 24 L1 blocks.
    expect(blocks.filter(({ changesOrigin }) => changesOrigin).length).toBeGreaterThanOrEqual(23)
    expect(l1Origin).toBeGreaterThan(17_422_590n)
  })

  it('has senders and hashes as another library finds them', async () => {
    const { transactions } = readOpHistory(hex, 'batch')
    const raws = decodeSpanBatch(readChannel(parseHex(hex))[0]!, 10n).blocks.flatMap(
      (block) => block.transactions,
    )
    for (let i = 0; i < raws.length; i += 25) {
      const serialized = bytesToHex(raws[i]!)
      const sender = await recoverTransactionAddress({ serializedTransaction: serialized as `0x02${string}` })
      expect(sender.toLowerCase()).toBe(transactions[i]!.sender)
      expect(BigInt(parseTransaction(serialized).nonce ?? 0)).toBe(transactions[i]!.nonce)
    }
  })

  it('has of every sender nonces without a gap, which wrong senders would not', () => {
    const { transactions } = readOpHistory(hex, 'batch')
    const last = new Map<string, bigint>()
    let followers = 0
    for (const { sender, nonce } of transactions) {
      const before = last.get(sender)
      if (before !== undefined) {
        expect(nonce).toBe(before + 1n)
        followers++
      }
      last.set(sender, nonce)
    }
    expect({ senders: last.size, followers }).toEqual({ senders: 918, followers: 848 })
  })

  it.each(['total-anarchy', 'first-come'])('is ordered by %s as it was', (name) => {
    const history = readOpHistory(hex, 'batch')
    const { rule, parameter } = chooseRule(name)
    const draw = createDraw(1)
    const transactions = arrive(history, 'position', { draw, jitterMs: 0 })
    const ordered = rule.order(transactions, { ...history, draw, parameter })
    for (const { slot, transactions: inSlot } of ordered)
      expect(inSlot.map(({ hash }) => hash)).toEqual(
        history.transactions.filter(({ canonicalSlot }) => canonicalSlot === slot).map(({ hash }) => hash),
      )
    expect(ordered.flatMap((slot) => slot.transactions)).toHaveLength(1_766)
  })

  it('is refused when it is cut, or is none', () => {
    expect(() => readOpHistory('zz', 'x')).toThrow('hexadecimals')
    expect(() => readOpHistory('05', 'x')).toThrow('no known way')
    expect(() => readOpHistory(hex.slice(0, 2_000), 'x')).toThrow()
    expect(() => decodeSpanBatch(readChannel(parseHex(hex))[0]!.subarray(0, 90_000), 10n)).toThrow('short')
  })
})
