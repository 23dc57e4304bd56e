/** The wire: what is written is read back whole, and env and header say the same of a block. */
import { expect, test } from 'vitest'
import { envOfHeader, metadataOfEnv } from '../../../../src/preconf/stream/env.ts'
import {
  MESSAGE_CHARS_MAX,
  type Message,
  messageText,
  parseMessage,
} from '../../../../src/preconf/stream/message.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH, headerHash } from '../../../../src/primitives/header.ts'
import { type Hash, ZERO_ADDRESS, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { blockCommitmentHash } from '../../../../src/promise/blockCommitment.ts'

const hash = (byte: string): Hash => `0x${byte.repeat(32)}`
const PROMISE = { l1ChainId: 1n, domain: hash('d0'), signingId: hash('51'), slasher: ZERO_ADDRESS }
const DOMAIN = { promise: PROMISE, l2ChainId: 167n }
const SIGNATURE = `0x${'ab'.repeat(65)}` as const
const HEADER: BlockHeader = {
  parentHash: hash('01'),
  ommersHash: EMPTY_OMMERS_HASH,
  coinbase: `0x${'c0'.repeat(20)}`,
  stateRoot: hash('02'),
  transactionsRoot: hash('03'),
  receiptsRoot: hash('04'),
  logsBloom: new Uint8Array(256),
  difficulty: 0n,
  number: 12n,
  gasLimit: 16_000_000n,
  gasUsed: 50_000n,
  timestamp: 1_700_000_000n,
  extraData: Uint8Array.of(75, 0, 0, 0, 0, 1, 2),
  mixHash: hash('05'),
  nonce: new Uint8Array(8),
  baseFeePerGas: 7n,
  withdrawalsRoot: hash('06'),
}
const COMMITMENT = {
  l2ChainId: 167n,
  blockNumber: 12n,
  parentCommitmentHash: ZERO_HASH,
  parentBlockHash: HEADER.parentHash,
  transactionsRoot: HEADER.transactionsRoot,
  anchorBlockNumber: 99n,
  windowEnd: 1_700_000_012n,
  isEndOfWindow: true,
}
const ENV = envOfHeader(HEADER, { anchorBlockNumber: 99n, isForcedInclusion: true })

const MESSAGES: readonly Message[] = [
  { type: 'env', env: ENV, windowEnd: 1_700_000_012n, signature: SIGNATURE },
  {
    type: 'frag',
    parentHash: hash('01'),
    frag: { blockNumber: 12n, seq: 3n, isLast: false, txs: [Uint8Array.of(1, 2), new Uint8Array(0)] },
    signature: SIGNATURE,
  },
  {
    type: 'sealed',
    block: {
      metadata: {
        proposalId: 258n,
        basefeeSharingPctg: 75,
        isForcedInclusion: true,
        timestamp: HEADER.timestamp,
        coinbase: HEADER.coinbase,
        gasLimit: 15_000_000n,
        anchorBlockNumber: 99n,
      },
      transactions: [Uint8Array.of(2, 1), Uint8Array.of(3)],
      hash: headerHash(HEADER),
      header: HEADER,
      commitment: COMMITMENT,
      commitmentHash: blockCommitmentHash(COMMITMENT, PROMISE),
      signature: SIGNATURE,
    },
    totalFrags: 2,
    envSignature: SIGNATURE,
    sealSignature: SIGNATURE,
  },
  {
    type: 'list',
    list: {
      commitment: {
        commitment_type: 3,
        payload: `0x${'0a'.repeat(96)}`,
        request_hash: ZERO_HASH,
        slasher: ZERO_ADDRESS,
      },
      nonce: 0,
      signing_id: PROMISE.signingId,
      signature: SIGNATURE,
      transactions: ['0x02c0', '0x'],
    },
  },
]

test.each(MESSAGES)('a message of type $type is read as it was written', (message) => {
  expect(parseMessage(messageText(message), DOMAIN)).toEqual({ type: 'message', message })
})

test('a block has the metadata that its env says, and none when no proposal can bring it', () => {
  expect(metadataOfEnv(ENV)).toMatchObject({
    proposalId: 258n,
    isForcedInclusion: true,
    gasLimit: 15_000_000n,
  })
  const changes = [
    { extraData: new Uint8Array(8) },
    { extraData: Uint8Array.of(101, 0, 0, 0, 0, 0, 1) },
    { gasLimit: 1_000_000n },
    { parentBeaconBlockRoot: hash('02') },
  ]
  for (const change of changes) expect(metadataOfEnv({ ...ENV, ...change })).toBeUndefined()
})

test('an env says nothing of what only execution tells: the difficulty, which is zk gas from Unzen on', () => {
  const executed = { ...HEADER, difficulty: 1_234_567n, gasUsed: 60_000n, stateRoot: hash('07') }
  const besides = { anchorBlockNumber: 77n, isForcedInclusion: true }
  expect(envOfHeader(executed, besides)).toEqual(envOfHeader(HEADER, besides))
})

test('foreign text is a fault, never an exception', () => {
  const [env, frag, sealed] = MESSAGES.map((message) => JSON.parse(messageText(message)))
  const faultOf = (json: unknown) => {
    const parsed = parseMessage(typeof json === 'string' ? json : JSON.stringify(json), DOMAIN)
    return parsed.type === 'fault' ? parsed.fault : parsed.message.type
  }
  expect(faultOf('{')).toBe('notJson')
  expect(faultOf('x'.repeat(MESSAGE_CHARS_MAX + 1))).toBe('tooLarge')
  for (const json of [null, 1, 'text', [], {}, { type: 'sealed' }])
    expect(faultOf(JSON.stringify(json))).toBe('malformed')
  for (const change of [
    { windowEnd: -1 },
    { windowEnd: 2 ** 53 },
    { windowEnd: 1.5 },
    { signature: SIGNATURE.toUpperCase() },
    { env: { ...env.env, number: '12' } },
    { env: { ...env.env, extraData: `0x${'00'.repeat(257)}` } },
  ])
    expect(faultOf({ ...env, ...change })).toBe('malformed')
  expect(faultOf({ ...frag, frag: { ...frag.frag, seq: 1024 } })).toBe('malformed')
  expect(faultOf({ ...frag, frag: { ...frag.frag, txs: Array(3000).fill('0x') } })).toBe('malformed')
  expect(faultOf({ ...sealed, totalFrags: 5000 })).toBe('malformed')
  // A second encoding of a header would have another hash than the one that was signed.
  expect(faultOf({ ...sealed, header: `${sealed.header}00` })).toBe('malformed')
  expect(faultOf({ type: 'list', list: { text: 'x'.repeat(70_000) } })).toBe('tooLarge')
})
