/** What leaves the node: in order, once, signed; and nothing of a block whose beginning was not signed. */
import { expect, test } from 'vitest'
import { createHub } from '../../../../src/preconf/stream/hub.ts'
import type { Message } from '../../../../src/preconf/stream/message.ts'
import { createPublisher, type MessageSigner } from '../../../../src/preconf/stream/publisher.ts'
import type { Hash } from '../../../../src/primitives/hex.ts'
import type { BuildEvent, SealedBlock } from '../../../../src/propose/sequencer/events.ts'
import { silentLogger } from '../../../../src/telemetry/log.ts'

const parentHash: Hash = `0x${'01'.repeat(32)}`
const opened = (number: bigint) =>
  ({
    type: 'opened',
    number,
    parentHash,
    metadata: { isForcedInclusion: false },
    pending: {
      attributes: {
        number,
        parentHash,
        coinbase: `0x${'c0'.repeat(20)}`,
        timestamp: 10n,
        gasLimit: 16_000_000n,
        baseFeePerGas: 7n,
        mixHash: parentHash,
        extraData: new Uint8Array(7),
        anchorBlockNumber: 3n,
      },
    },
  }) as unknown as BuildEvent
const frag = (number: bigint, sequence: number) =>
  ({
    type: 'frag',
    number,
    parentHash,
    sequence,
    transactions: [{ raw: Uint8Array.of(sequence) }],
  }) as unknown as BuildEvent

function start(sign?: MessageSigner) {
  const hub = createHub({ logger: silentLogger })
  const messages: Message[] = []
  hub.subscribe((message) => messages.push(message))
  const released: bigint[] = []
  let count = 0
  const publisher = createPublisher({
    hub,
    logger: silentLogger,
    wait: async () => {},
    journal: {
      windowEndOf: () => 12n,
      keepPublished: async () => {},
      release: ({ number }) => released.push(number),
    },
    sign:
      sign ?? (async () => ({ type: 'signed', signature: `0x${(++count).toString(16).padStart(130, '0')}` })),
  })
  return { hub, messages, publisher, released }
}
const block = {
  hash: `0x${'b1'.repeat(32)}`,
  header: {
    number: 1n,
    parentHash,
    transactionsRoot: parentHash,
    receiptsRoot: parentHash,
    stateRoot: parentHash,
    gasUsed: 0n,
    gasLimit: 16_000_000n,
    logsBloom: new Uint8Array(256),
  },
  commitment: { windowEnd: 12n, anchorBlockNumber: 3n },
  metadata: { isForcedInclusion: false },
} as unknown as SealedBlock
const shown = (messages: readonly Message[]) =>
  messages.map((message) => (message.type === 'frag' ? `frag ${message.frag.seq}` : message.type))

test('frags follow the beginning of their block, in order', async () => {
  const { publisher, messages, hub } = start()
  for (const event of [opened(1n), frag(1n, 0), frag(1n, 1)]) publisher.note(event)
  await publisher.settled()
  expect(shown(messages)).toEqual(['env', 'frag 0', 'frag 1'])
  expect(shown(hub.open())).toEqual(['env', 'frag 0', 'frag 1'])
  publisher.note(opened(2n))
  await publisher.settled()
  expect(shown(hub.open())).toEqual(['env'])
})

test('what the guard does not sign is not said, and nothing after it', async () => {
  let isRefused = true
  const { publisher, messages, released } = start(async () =>
    isRefused
      ? { type: 'refused', reason: 'waiting' }
      : { type: 'signed', signature: `0x${'01'.repeat(65)}` },
  )
  for (const event of [opened(1n), frag(1n, 0)]) publisher.note(event)
  await publisher.settled()
  isRefused = false
  publisher.note(frag(1n, 1))
  publisher.note({ type: 'abandoned', number: 1n, parentHash, reason: 'the guard refused' })
  await publisher.settled()
  expect(messages).toEqual([])
  expect(released).toEqual([1n])
})

test('a signer that fails does not end the stream', async () => {
  let calls = 0
  const { publisher, messages } = start(async () => {
    if (++calls === 2) throw new Error('the signer is away')
    return { type: 'signed', signature: `0x${calls.toString(16).padStart(130, '0')}` }
  })
  for (const event of [opened(1n), frag(1n, 0), opened(2n), frag(2n, 0)]) publisher.note(event)
  await publisher.settled()
  expect(shown(messages)).toEqual(['env', 'env', 'frag 0'])
})

test('a block is published once when it is signed, however often its signer has to be asked for what the stream needs', async () => {
  let seals = 0
  const { publisher, messages } = start(async ({ message }) => {
    if (message.type === 'seal' && ++seals < 5) throw new Error('the signer is away')
    return { type: 'signed', signature: `0x${'01'.repeat(65)}` }
  })
  for (const event of [opened(1n), { type: 'signed', block, frags: 0, kept: Promise.resolve() } as const])
    publisher.note(event)
  await publisher.settled()
  expect([shown(messages), seals]).toEqual([['env', 'sealed'], 5])
  publisher.note({ type: 'sealed', block, frags: 0 })
  await publisher.settled()
  expect([shown(messages), seals]).toEqual([['env', 'sealed'], 5])
})

test('a block is published when its signature is on the disk, and not where it cannot be kept', async () => {
  const { publisher, messages } = start()
  let keep: () => void = () => {}
  const kept = new Promise<void>((resolve) => {
    keep = resolve
  })
  publisher.note({ type: 'signed', block, frags: 0, kept })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(messages).toEqual([])
  keep()
  await publisher.settled()
  expect(shown(messages)).toEqual(['sealed'])
  const failing = start()
  const lost = Promise.reject(new Error('the disk is away'))
  failing.publisher.note({ type: 'signed', block, frags: 0, kept: lost })
  await failing.publisher.settled()
  expect(failing.messages).toEqual([])
  // It could be, the second time.
  failing.publisher.note({ type: 'sealed', block, frags: 0 })
  await failing.publisher.settled()
  expect(shown(failing.messages)).toEqual(['sealed'])
})

test('what was published is not published again, and one failing subscriber does not take it from the others', () => {
  const { hub, messages } = start()
  hub.subscribe(() => {
    throw new Error('no')
  })
  const later: Message[] = []
  const stop = hub.subscribe((message) => later.push(message))
  const message: Message = {
    type: 'frag',
    parentHash,
    frag: { blockNumber: 1n, seq: 0n, isLast: false, txs: [] },
    signature: `0x${'02'.repeat(65)}`,
  }
  hub.publish(message)
  hub.publish(message)
  expect([messages.length, later.length, hub.subscribers]).toEqual([1, 1, 3])
  stop()
  expect(hub.subscribers).toBe(2)
})
