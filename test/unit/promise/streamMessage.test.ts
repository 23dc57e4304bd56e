/** based-op's own figures for the roots (preconf.md §5.1); signatures are in our own domain. */
import { expect, test } from 'vitest'
import { ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { promiseHash } from '../../../src/promise/domain.ts'
import { signingDomainOf, signingIdOf, signingRoot } from '../../../src/promise/signingRoot.ts'
import {
  type Env,
  type Frag,
  type Seal,
  STREAM_MESSAGE_TYPE,
  streamMessageHash,
  streamMessageObjectRoot,
  streamMessageRoot,
} from '../../../src/promise/streamMessage.ts'

const B = '0xe75fae0065403d4091f3d6549c4219db69c96d9de761cfc75fe9792b6166c758'
const FRAG: Frag = { blockNumber: 1n, seq: 0n, isLast: true, txs: [Uint8Array.of(1, 2, 3)] }
const SEAL: Seal = {
  totalFrags: 8n,
  blockNumber: 123n,
  gasUsed: 25_000n,
  gasLimit: 1_000_000n,
  parentHash: B,
  transactionsRoot: B,
  receiptsRoot: B,
  stateRoot: B,
  blockHash: B,
}
const ENV: Env = {
  number: 1n,
  parentHash: B,
  beneficiary: '0x1234567890123456789012345678901234567890',
  timestamp: 2n,
  gasLimit: 3n,
  basefee: 4n,
  difficulty: 5n,
  prevrandao: B,
  extraData: Uint8Array.of(1, 2, 3),
  parentBeaconBlockRoot: B,
}

test('a frag', () => {
  expect(streamMessageRoot({ type: 'frag', frag: FRAG })).toBe(
    '0x2a5ebad20a81878e5f229928e5c2043580051673b89a7a286008d30f62b10963',
  )
})

test('a seal', () => {
  expect(streamMessageRoot({ type: 'seal', seal: SEAL })).toBe(
    '0xe86afda21ddc7338c7e84561681fde45e2ab55cce8cde3163e0ae5f1c378439e',
  )
})

test('an env', () => {
  expect(streamMessageRoot({ type: 'env', env: ENV })).toBe(
    '0xfa09df7670737568ba783dfd934e19b06e6681e367a866a5647449bd4e5ca324',
  )
})

test('every field is in the root', () => {
  const changed: Partial<Env>[] = [
    { number: 2n },
    { parentHash: `0x${'11'.repeat(32)}` },
    { beneficiary: ZERO_ADDRESS },
    { timestamp: 3n },
    { gasLimit: 4n },
    { basefee: 5n },
    { difficulty: 1n << 200n },
    { prevrandao: `0x${'11'.repeat(32)}` },
    { extraData: Uint8Array.of(1, 2, 3, 0) },
    { parentBeaconBlockRoot: `0x${'11'.repeat(32)}` },
  ]
  const roots = changed.map((each) => streamMessageRoot({ type: 'env', env: { ...ENV, ...each } }))
  const frags: Partial<Frag>[] = [
    { blockNumber: 2n },
    { seq: 1n },
    { isLast: false },
    { txs: [] },
    { txs: [Uint8Array.of(1, 2, 3), new Uint8Array(0)] },
    { txs: [Uint8Array.of(1, 2), Uint8Array.of(3)] },
    { txs: [new Uint8Array(33)] },
    { txs: [new Uint8Array(64)] },
  ]
  roots.push(...frags.map((each) => streamMessageRoot({ type: 'frag', frag: { ...FRAG, ...each } })))
  roots.push(streamMessageRoot({ type: 'env', env: ENV }), streamMessageRoot({ type: 'frag', frag: FRAG }))
  expect(new Set(roots).size).toBe(roots.length)
})

test('refuses what does not fit its field', () => {
  const env = (change: Partial<Env>) => () => streamMessageRoot({ type: 'env', env: { ...ENV, ...change } })
  expect(env({ number: 1n << 64n })).toThrow(RangeError)
  expect(env({ timestamp: -1n })).toThrow(RangeError)
  expect(env({ extraData: new Uint8Array(257) })).toThrow(RangeError)
})

test('is signed as a registry commitment: another domain, another hash', () => {
  const root = streamMessageRoot({ type: 'frag', frag: FRAG })
  const domainOf = (l1ChainId: bigint) => ({
    l1ChainId,
    domain: signingDomainOf('0x10000910'),
    signingId: signingIdOf(l1ChainId, ZERO_ADDRESS),
    slasher: ZERO_ADDRESS,
  })
  const domain = domainOf(1n)
  const hash = streamMessageHash(root, domain)
  expect(hash).toBe(promiseHash(STREAM_MESSAGE_TYPE, root, domain))
  expect(hash).toBe(signingRoot(streamMessageObjectRoot(root, domain.slasher), 0n, domain))
  expect(hash).not.toBe(root)
  expect(streamMessageHash(root, domainOf(2n))).not.toBe(hash)
})
