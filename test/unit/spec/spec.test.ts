import { describe, expect, test } from 'vitest'
import { CriticalError } from '../../../src/primitives/errors.ts'
import { EMPTY_OMMERS_HASH, headerHash } from '../../../src/primitives/header.ts'
import { ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../../src/primitives/keccak.ts'
import { anchorAddressOf, bridgeAddressOf } from '../../../src/spec/address.ts'
import { createDevnetSpec } from '../../../src/spec/devnet.ts'
import { NETWORKS } from '../../../src/spec/networks/networks.ts'
import { taikoHekla } from '../../../src/spec/networks/taikoHekla.ts'
import { taikoHoodi } from '../../../src/spec/networks/taikoHoodi.ts'
import { taikoMainnet } from '../../../src/spec/networks/taikoMainnet.ts'
import { forkAt, forkTimestamp, isDistrusted, type RollupSpec } from '../../../src/spec/rollupSpec.ts'
import { parseRollupSpec, serializeRollupSpec } from '../../../src/spec/specFile.ts'

const ours = {
  l1ChainId: 31_337n,
  l2ChainId: 167_999n,
  inbox: `0x${'ab'.repeat(20)}`,
  startBlock: 3n,
  genesisTime: 1_700_000_000n,
  secondsPerSlot: 4n,
  genesis: { hash: ZERO_HASH, stateRoot: ZERO_HASH },
} as const
const devnet = createDevnetSpec(ours)
const older = createDevnetSpec({ ...ours, fork: 'shasta' })
const bridged: RollupSpec = {
  ...devnet,
  name: 'devnet with a bridge',
  l1: { ...devnet.l1, bridge: `0x${'cd'.repeat(20)}` },
  l2: { ...devnet.l2, bridge: bridgeAddressOf(167_999n) },
}
const SPECS: readonly RollupSpec[] = [taikoMainnet, taikoHoodi, taikoHekla, devnet, older, bridged]

describe('forkAt', () => {
  const at = (spec: RollupSpec, number: bigint, timestamp: bigint) => forkAt(spec, { number, timestamp })

  test('mainnet, one before and at each activation', () => {
    expect(at(taikoMainnet, 538_303n, 0n)).toBe('genesis')
    expect(at(taikoMainnet, 538_304n, 0n)).toBe('ontake')
    expect(at(taikoMainnet, 1_165_999n, 0n)).toBe('ontake')
    expect(at(taikoMainnet, 1_166_000n, 1_775_135_699n)).toBe('pacaya')
    expect(at(taikoMainnet, 5_400_000n, 1_775_135_700n)).toBe('shasta')
    expect(at(taikoMainnet, 8_000_000n, 1_786_021_199n)).toBe('shasta')
    expect(at(taikoMainnet, 8_000_000n, 1_786_021_200n)).toBe('unzen')
  })

  test('Hoodi begins with Pacaya, Hekla ends with it, a devnet is Unzen from genesis, or Shasta', () => {
    expect(at(taikoHoodi, 0n, 0n)).toBe('pacaya')
    expect(at(taikoHoodi, 1n, 1_770_296_400n)).toBe('shasta')
    expect(at(taikoHoodi, 1n, 1_781_787_600n)).toBe('unzen')
    expect(at(taikoHekla, 840_511n, 0n)).toBe('genesis')
    expect(at(taikoHekla, 1_299_887n, 0n)).toBe('ontake')
    expect(at(taikoHekla, 1_299_888n, 2n ** 60n)).toBe('pacaya')
    expect(at(devnet, 0n, 0n)).toBe('unzen')
    expect(at(devnet, 10n ** 9n, 2n ** 60n)).toBe('unzen')
    expect(at(older, 0n, 0n)).toBe('shasta')
    expect(at(older, 10n ** 9n, 2n ** 60n)).toBe('shasta')
  })

  test('forkTimestamp knows forks that begin at a timestamp', () => {
    expect(forkTimestamp(taikoMainnet, 'shasta')).toBe(1_775_135_700n)
    expect(forkTimestamp(taikoMainnet, 'pacaya')).toBeUndefined()
    expect(forkTimestamp(taikoHekla, 'unzen')).toBeUndefined()
  })
})

describe('networks', () => {
  test.each(Object.values(NETWORKS))(
    '$spec.name lists distinct addresses in lower case, and bootnodes',
    (network) => {
      const { spec, contracts, bootnodes, services } = network
      const { inbox, legacyInbox, inboxImplementations = [], checkpoints } = spec.l1
      const addresses = [inbox, legacyInbox, ...inboxImplementations, ...Object.values(contracts)]
      for (const address of addresses) expect(address).toMatch(/^0x[0-9a-f]{40}$/)
      expect(new Set(addresses).size).toBe(addresses.length)
      expect(contracts.signalService).toBe(checkpoints?.store)
      for (const node of [...bootnodes.execution, ...bootnodes.preconfirmation])
        expect(node).toMatch(/^enode:\/\/[0-9a-f]{128}@[0-9.]+:[0-9]+(\?discport=[0-9]+)?$/)
      for (const url of Object.values(services)) expect(new URL(url).host).toMatch(/taiko/)
    },
  )

  test('proofs of mainnet are distrusted from the first forged one until the inbox took it back', () => {
    const at = (number: bigint, timestamp: bigint) => isDistrusted(taikoMainnet, { number, timestamp })
    // 2026-06-29T13:18:35Z.
    const recovery = BigInt(Date.UTC(2026, 5, 29, 13, 18, 35)) / 1000n
    expect(at(25_367_937n, recovery - 700_000n)).toBe(false)
    expect(at(25_367_938n, recovery - 700_000n)).toBe(true)
    expect(at(25_423_000n, recovery - 1n)).toBe(true)
    expect(at(25_423_001n, recovery)).toBe(false)
    expect(isDistrusted(taikoHoodi, { number: 25_367_938n, timestamp: 0n })).toBe(false)
  })

  test('mainnet has its own constants, every other chain the common ones', () => {
    expect(taikoMainnet.shasta).toEqual({
      timestampMaxOffset: 6144n,
      anchorMaxOffset: 512n,
      baseFeeMin: 10_000_000n,
    })
    for (const spec of [taikoHoodi, taikoHekla, devnet])
      expect(spec.shasta).toEqual({
        timestampMaxOffset: 1536n,
        anchorMaxOffset: 128n,
        baseFeeMin: 5_000_000n,
      })
  })

  test('addresses are lower case, and the anchor follows the chain id', () => {
    for (const spec of SPECS) {
      for (const address of [spec.l1.inbox, spec.l1.legacyInbox ?? spec.l1.inbox, spec.l2.anchor])
        expect(address).toMatch(/^0x[0-9a-f]{40}$/)
      expect(spec.l2.anchor).toBe(anchorAddressOf(spec.l2.chainId))
    }
    expect(taikoHoodi.l2.anchor).toBe('0x1670130000000000000000000000000000010001')
    expect(anchorAddressOf(1n)).toBe('0x1000000000000000000000000000000000010001')
    expect(bridgeAddressOf(1_670_042n)).toBe('0x1670042000000000000000000000000000000001')
    expect(() => anchorAddressOf(10n ** 36n)).toThrow(RangeError)
    expect(() => anchorAddressOf(0n)).toThrow(RangeError)
  })

  test('the hash of each genesis is that of a header with its state root', () => {
    for (const { l2 } of [taikoMainnet, taikoHoodi, taikoHekla]) {
      const header = {
        parentHash: ZERO_HASH,
        ommersHash: EMPTY_OMMERS_HASH,
        coinbase: ZERO_ADDRESS,
        stateRoot: l2.genesis!.stateRoot,
        transactionsRoot: EMPTY_TRIE_ROOT,
        receiptsRoot: EMPTY_TRIE_ROOT,
        logsBloom: new Uint8Array(256),
        difficulty: 0n,
        number: 0n,
        gasLimit: 15_000_000n,
        gasUsed: 0n,
        timestamp: 0n,
        extraData: new Uint8Array(0),
        mixHash: ZERO_HASH,
        nonce: new Uint8Array(8),
        baseFeePerGas: 10_000_000n,
        withdrawalsRoot: EMPTY_TRIE_ROOT,
      }
      expect(headerHash(header)).toBe(l2.genesis!.hash)
    }
  })
})

describe('a configuration file', () => {
  const json = () => JSON.parse(serializeRollupSpec(taikoMainnet))

  test.each(SPECS.map((spec) => [spec.name, spec] as const))('%s comes back from its own file', (_, spec) => {
    expect(parseRollupSpec(JSON.parse(serializeRollupSpec(spec)))).toEqual(spec)
  })

  test('takes hex integers and checksummed addresses', () => {
    const file = json()
    file.l2.chainId = '0x28c58'
    file.l1.inbox = '0x6f21C543a4aF5189eBdb0723827577e1EF57ef1f'
    expect(parseRollupSpec(file)).toEqual(taikoMainnet)
  })

  const broken: readonly (readonly [string, (file: ReturnType<typeof json>) => void, RegExp])[] = [
    [
      'an unknown key',
      (file) => {
        file.l1.inboks = '0x'
      },
      /l1: .*inboks/,
    ],
    [
      'an unknown key at the top',
      (file) => {
        file.extra = 1
      },
      /extra/,
    ],
    [
      'a missing key',
      (file) => {
        delete file.l1.inbox
      },
      /l1\.inbox/,
    ],
    [
      'a number for an integer',
      (file) => {
        file.l2.chainId = 167_000
      },
      /l2\.chainId/,
    ],
    [
      'a negative integer',
      (file) => {
        file.l1.startBlock = '-1'
      },
      /l1\.startBlock: must be a decimal/,
    ],
    [
      'an integer above 64 bits',
      (file) => {
        file.l1.startBlock = (2n ** 64n).toString()
      },
      /64 bits/,
    ],
    [
      'slots of no length',
      (file) => {
        file.l1.secondsPerSlot = '0'
      },
      /secondsPerSlot: must not be 0/,
    ],
    [
      'an address of 19 bytes',
      (file) => {
        file.l1.inbox = `0x${'ab'.repeat(19)}`
      },
      /l1\.inbox: must be 20 bytes/,
    ],
    [
      'an unknown fork',
      (file) => {
        file.forks[0].name = 'etna'
      },
      /forks\.0\.name/,
    ],
    [
      'no forks',
      (file) => {
        file.forks = []
      },
      /forks/,
    ],
    [
      'forks out of order',
      (file) => {
        file.forks.reverse()
      },
      /must come before/,
    ],
    [
      'a fork twice',
      (file) => {
        file.forks[2] = file.forks[1]
      },
      /ontake must come before ontake/,
    ],
    [
      'Shasta at a block',
      (file) => {
        file.forks[3].activation = { type: 'block', number: '5' }
      },
      /shasta activates by timestamp/,
    ],
    [
      'Unzen before Shasta',
      (file) => {
        file.forks[4].activation.timestamp = '5'
      },
      /unzen activates before shasta/,
    ],
    [
      'a genesis without its state root',
      (file) => {
        delete file.l2.genesis.stateRoot
      },
      /l2\.genesis\.stateRoot/,
    ],
  ]
  test.each(broken)('%s is an error that names it', (_, change, message) => {
    const file = json()
    change(file)
    expect(() => parseRollupSpec(file)).toThrow(message)
    expect(() => parseRollupSpec(file)).toThrow(CriticalError)
  })

  test.each([[null], [[]], ['text'], [7]])('%j is no configuration', (value) => {
    expect(() => parseRollupSpec(value)).toThrow(CriticalError)
  })
})
