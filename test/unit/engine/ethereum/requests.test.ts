/** Deposit requests out of logs, and the hash of requests, by the examples of EIP-6110 and EIP-7685. */
import { describe, expect, test } from 'vitest'
import { collectRequests, requestsHash } from '../../../../src/engine/ethereum/requests.ts'
import { CONSOLIDATION_REQUESTS, WITHDRAWAL_REQUESTS } from '../../../../src/engine/ethereum/systemCalls.ts'
import { createRunContext } from '../../../../src/engine/evm.ts'
import { loadKzg } from '../../../../src/engine/kzg.ts'
import { ethereumRules } from '../../../../src/engine/rules/evmRules.ts'
import { OverlayState } from '../../../../src/engine/state/overlay.ts'
import { createEmptyState } from '../../../../src/engine/state/witness.ts'
import { toWord } from '../../../../src/primitives/bytes.ts'
import { type Address, hexToBytes, ZERO_ADDRESS, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256Hex } from '../../../../src/primitives/keccak.ts'
import type { Log } from '../../../../src/primitives/receipt.ts'

const DEPOSITS: Address = '0x00000000219ab540356cbb839cbe05303d7705fa'
const TOPIC = keccak256Hex(Buffer.from('DepositEvent(bytes,bytes,bytes,bytes,bytes)'))
/** PUSH0, PUSH0, RETURN; and PUSH1 1, PUSH1 31, RETURN: one zero byte. */
const ANSWERS_NOTHING = '0x5f5ff3'
const ANSWERS_ONE_BYTE = '0x6001601ff3'
const REVERTS = '0x5f5ffd'

async function contextWith(codes: Readonly<Record<Address, `0x${string}`>>) {
  await loadKzg()
  const code = new Map(Object.values(codes).map((hex) => [keccak256Hex(hexToBytes(hex)), hexToBytes(hex)]))
  const accounts = new Map(
    Object.entries(codes).map(([address, hex]) => [
      address as Address,
      { nonce: 1n, balance: 0n, storageRoot: EMPTY_TRIE_ROOT, codeHash: keccak256Hex(hexToBytes(hex)) },
    ]),
  )
  const state = new OverlayState(createEmptyState().after({ accounts, storage: new Map(), code }))
  return createRunContext({
    chainId: 1n,
    rules: ethereumRules('prague'),
    state,
    info: {
      ...{ number: 1n, parentHash: ZERO_HASH, coinbase: ZERO_ADDRESS, timestamp: 1n, gasLimit: 30_000_000n },
      ...{ mixHash: ZERO_HASH, baseFeePerGas: 7n },
    },
    ancestorHash: () => ZERO_HASH,
  })
}

const EMPTY_QUEUES = {
  [WITHDRAWAL_REQUESTS]: ANSWERS_NOTHING,
  [CONSOLIDATION_REQUESTS]: ANSWERS_NOTHING,
} as const

function depositLog(overrides: { readonly data?: Uint8Array; readonly address?: Address } = {}): Log {
  const fields = [48, 32, 8, 96, 8].map((size, index) => Buffer.alloc(size, index + 1))
  const tails = fields.map((field) =>
    Buffer.concat([toWord(BigInt(field.length)), field, Buffer.alloc((32 - (field.length % 32)) % 32)]),
  )
  let offset = 160
  const heads = tails.map((tail) => {
    const head = toWord(BigInt(offset))
    offset += tail.length
    return head
  })
  return { address: DEPOSITS, topics: [TOPIC], data: Buffer.concat([...heads, ...tails]), ...overrides }
}

describe('requests', () => {
  test('the hash of none is that of no bytes', () => {
    expect(requestsHash([])).toBe('0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  test('deposits come from the logs of their contract, field after field', async () => {
    const other = depositLog({ address: ZERO_ADDRESS })
    const requests = await collectRequests(await contextWith(EMPTY_QUEUES), [other, depositLog()], DEPOSITS)
    expect(requests.map((request) => [request[0], request.length])).toEqual([[0, 1 + 48 + 32 + 8 + 96 + 8]])
    expect(requests[0]!.slice(1, 49)).toEqual(new Uint8Array(48).fill(1))
    expect(requests[0]!.slice(-8)).toEqual(new Uint8Array(8).fill(5))
  })

  test('what the queues answer is of their type; an empty answer is no request', async () => {
    const context = await contextWith({ ...EMPTY_QUEUES, [CONSOLIDATION_REQUESTS]: ANSWERS_ONE_BYTE })
    expect(await collectRequests(context, [], DEPOSITS)).toEqual([Uint8Array.of(2, 0)])
  })

  test.each([
    ['a deposit of another layout', EMPTY_QUEUES, [depositLog({ data: new Uint8Array(576) })]],
    ['a deposit of another length', EMPTY_QUEUES, [depositLog({ data: new Uint8Array(10) })]],
    ['a missing contract', { [WITHDRAWAL_REQUESTS]: ANSWERS_NOTHING }, []],
    ['a failing contract', { ...EMPTY_QUEUES, [WITHDRAWAL_REQUESTS]: REVERTS }, []],
  ] as const)('%s makes the block invalid', async (_, codes, logs) => {
    await expect(collectRequests(await contextWith(codes), logs, DEPOSITS)).rejects.toThrow('requests')
  })
})
