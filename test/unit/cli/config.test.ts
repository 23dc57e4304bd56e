/** Where values come from, what is refused with which sentence, and that no secret is ever shown. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ALL_OPTIONS } from '../../../src/cli/config/allOptions.ts'
import { loadConfig } from '../../../src/cli/config/load.ts'
import {
  DERIVE_OPTIONS,
  DEVNET_OPTIONS,
  NODE_OPTIONS,
  type OptionSpec,
} from '../../../src/cli/config/options.ts'
import { formatConfig } from '../../../src/cli/config/print.ts'
import { ConfigError, environmentName, resolveConfig } from '../../../src/cli/config/resolve.ts'
import { SEQUENCE_OPTIONS } from '../../../src/cli/config/sequenceOptions.ts'
import {
  SNAPSHOT_CREATE_OPTIONS,
  SNAPSHOT_LOAD_OPTIONS,
  SNAPSHOT_VERIFY_OPTIONS,
} from '../../../src/cli/config/snapshotOptions.ts'
import { nodeOptionsOf, rpcOptionsOf } from '../../../src/cli/nodeConfig.ts'
import { callerOptionsOf } from '../../../src/rpc/caller/processCaller.ts'
import { DEFAULT_LIMITS } from '../../../src/rpc/limits.ts'
import { taikoHoodi } from '../../../src/spec/networks/taikoHoodi.ts'
import { taikoMainnet } from '../../../src/spec/networks/taikoMainnet.ts'
import { serializeRollupSpec } from '../../../src/spec/specFile.ts'

const NOTHING = { flags: {}, environment: {}, file: {}, preset: {} }
const OPTION = 'l1.poll-interval'
const resolved = (given: Partial<typeof NOTHING>) =>
  resolveConfig(NODE_OPTIONS, { ...NOTHING, ...given }).get(OPTION)

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-config-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

function writeFile(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

function load(toml: string, environment: Record<string, string> = {}, options = NODE_OPTIONS) {
  return loadConfig(options, { config: writeFile('plumbline.toml', toml) }, environment)
}

describe('where a value comes from, the first that has it', () => {
  const flags = { [OPTION]: '1001' }
  const environment = { PLUMBLINE_L1_POLL_INTERVAL: '1002' }
  const file = { l1: { 'poll-interval': 1003 } }
  const preset = { [OPTION]: 1004 }
  test.each([
    ['flag', { flags, environment, file, preset }, 1001],
    ['environment', { environment, file, preset }, 1002],
    ['file', { file, preset }, 1003],
    ['preset', { preset }, 1004],
    ['default', {}, 4000],
  ] as const)('%s', (origin, given, value) => {
    expect(resolved(given)).toEqual({ value, origin })
  })

  test('every option has its own variable', () => {
    const names = ALL_OPTIONS.map(({ flag }) => flag)
    const distinct = new Set(names)
    expect(new Set([...distinct].map(environmentName)).size).toBe(distinct.size)
    expect(environmentName('l1.trust-transaction-hashes')).toBe('PLUMBLINE_L1_TRUST_TRANSACTION_HASHES')
  })

  test('every option can be given in each of the three places', () => {
    const examples: Readonly<Record<string, string>> = {
      network: 'taiko-hoodi',
      'l1.rpc': 'http://a.test,http://b.test',
      'l1.beacon': 'http://c.test',
      'blob.server': 'http://d.test',
      'l1.accept-implementation': `0x${'ab'.repeat(20)}`,
      'l1.trusted-block': `7:0x${'ab'.repeat(32)}`,
      'l1.trust-transaction-hashes': 'true',
      'sync.trust-snapshot': `0x${'ab'.repeat(32)}`,
      'l1.timeout': '500',
      'engine.check': 'true',
      'engine.loop': 'stock',
      'devnet.exit-after-demo': 'true',
      'devnet.sequence': 'true',
      'devnet.fork': 'shasta',
      'preconf.follow': 'ws://a.test,https://b.test',
      'preconf.committers': `0x${'ab'.repeat(20)}`,
      'preconf.commit-boost': 'http://a.test',
      'preconf.commit-boost-proxy': `0x${'ab'.repeat(20)}`,
      'preconf.l1-builder': 'http://a.test',
      'sequencer.block-ms': '1000',
      'sequencer.frag-ms': '200',
      'sequencer.batch-ms': '2000',
      'sequencer.blobs': '3',
      'sequencer.gas-limit': '20000000',
      'sequencer.coinbase': `0x${'ab'.repeat(20)}`,
      'sequencer.takes-open-windows': 'true',
      'http.api': 'eth,net',
      'rpc.max-request-bytes': '2048',
      'rpc.max-response-bytes': '2048',
      'rpc.gascap': '21000',
      'log.level': 'warn',
      'log.format': 'json',
    }
    for (const options of [
      ...[NODE_OPTIONS, DERIVE_OPTIONS, DEVNET_OPTIONS, SEQUENCE_OPTIONS],
      ...[SNAPSHOT_CREATE_OPTIONS, SNAPSHOT_VERIFY_OPTIONS, SNAPSHOT_LOAD_OPTIONS],
    ]) {
      for (const { flag } of options) {
        const text = examples[flag] ?? '12'
        const ways = [
          resolveConfig(options, { ...NOTHING, flags: { [flag]: text } }),
          resolveConfig(options, { ...NOTHING, environment: { [environmentName(flag)]: text } }),
          resolveConfig(options, { ...NOTHING, file: { [flag]: text } }),
        ].map((resolved) => resolved.get(flag)?.value)
        expect(ways[0], flag).toBeDefined()
        expect(ways, flag).toEqual([ways[0], ways[0], ways[0]])
      }
    }
  })
})

describe('what is refused, and how', () => {
  const refusals: readonly (readonly [string, () => unknown, RegExp])[] = [
    [
      'an unknown key',
      () => load('[l1]\nrcp = ["http://a.test"]'),
      /^unknown key in the configuration file: l1\.rcp$/,
    ],
    [
      'an unknown table',
      () => load('[layer1]\nrpc = "http://a.test"'),
      /^unknown key in the configuration file: layer1\.rpc$/,
    ],
    [
      'an unknown variable',
      () => load('', { PLUMBLINE_L1_RCP: 'http://a.test' }),
      /^unknown environment variable PLUMBLINE_L1_RCP$/,
    ],
    ['invalid TOML', () => load('[l1\nrpc ='), /plumbline\.toml is no valid TOML: /],
    [
      'a file that is not there',
      () => loadConfig(NODE_OPTIONS, { config: join(directory, 'none.toml') }, {}),
      /^there is no file .*none\.toml$/,
    ],
    ['a directory for a file', () => loadConfig(NODE_OPTIONS, { config: directory }, {}), /cannot be read: /],
    [
      'an unknown network',
      () => load('network = "mainnet"'),
      /^--network \(from file\): .*taiko-mainnet.*taiko-hoodi/,
    ],
    [
      'no URL',
      () => load('', { PLUMBLINE_L1_RPC: 'localhost:8545' }),
      /^PLUMBLINE_L1_RPC \(from environment\): /,
    ],
    ['a URL of another kind', () => load('[l1]\nrpc = "ftp://a.test"'), /^--l1\.rpc \(from file\): /],
    ['no URL at all', () => load('[l1]\nrpc = []'), /^--l1\.rpc \(from file\): /],
    ['a port past the last', () => load('[http]\nport = 65536'), /^--http\.port \(from file\): /],
    ['no number', () => load('[db]\ncache = "plenty"'), /^--db\.cache \(from file\): /],
    [
      'a namespace that nobody knows',
      () => load('[http]\napi = "eth,personal"'),
      /^--http\.api \(from file\): /,
    ],
    ['no room for anything', () => load('[rpc]\nmax-queue = 0'), /^--rpc\.max-queue \(from file\): /],
    ['a fraction', () => load('[db]\ncache = 1.5'), /^--db\.cache \(from file\): /],
    [
      'a trusted block without its hash',
      () => load('[l1]\ntrusted-block = "7"'),
      /must be a block number, a colon and 32 bytes in hex$/,
    ],
    [
      'a switch that is neither on nor off',
      () => load('', { PLUMBLINE_L1_TRUST_TRANSACTION_HASHES: 'maybe' }),
      /^PLUMBLINE_L1_TRUST_TRANSACTION_HASHES/,
    ],
  ]
  test.each(refusals)('%s', (_, attempt, sentence) => {
    expect(attempt).toThrow(ConfigError)
    expect(attempt).toThrow(sentence)
  })

  test('a value that is needed and given nowhere', () => {
    expect(() => load('').need('l1.rpc')).toThrow(/^--l1\.rpc \(or PLUMBLINE_L1_RPC\) is needed$/)
  })

  test('keys and variables of other commands are not unknown', () => {
    const shared = 'to = 9\n[devnet]\nblock-time = 3\n[l1]\nrpc = "http://a.test"'
    expect(load(shared).need('l1.rpc')).toEqual(['http://a.test'])
    expect(load(shared, {}, DERIVE_OPTIONS).need('to')).toBe(9n)
    expect(load(shared, { PLUMBLINE_GENESIS: 'g.json' }, DEVNET_OPTIONS).need('devnet.block-time')).toBe(3)
  })
})

describe('the chain', () => {
  const specFrom = (toml: string) => nodeOptionsOf(load(toml), new AbortController().signal)
  test.each([
    ['', /^one of --network and --rollup\.config is needed, and only one$/],
    ['network = "taiko-hoodi"\n[rollup]\nconfig = "x.json"', /^one of --network and --rollup\.config/],
    ['[rollup]\nconfig = "/nowhere/x.json"', /^\/nowhere\/x\.json \(--rollup\.config\) cannot be read: /],
  ])('%j is refused with a sentence', async (toml, sentence) => {
    await expect(specFrom(toml)).rejects.toThrow(sentence)
  })

  test.each([taikoMainnet, taikoHoodi])(
    '$name is followed, with the defaults of its network',
    async (spec) => {
      const toml = `network = "${spec.name}"\n[l1]\nrpc = "http://a.test"`
      const options = await specFrom(toml)
      expect(options.spec).toEqual(spec)
      expect(options.dataDir).toBe(`data/${spec.name}`)
      expect(options.proofWindowBlocks).toBe(34_560)
      expect(load(toml).resolved.get('state.proof-window')?.origin).toBe('preset')
      const own = load(`${toml}\n[state]\nproof-window = 7`).resolved.get('state.proof-window')
      expect(own).toEqual({ value: 7, origin: 'file' })
    },
  )

  test('what the operator has decided of the inbox is added to what the spec says', async () => {
    const accepted = `0x${'AB'.repeat(20)}`
    const l1 = `[l1]\nrpc = "http://a.test"\naccept-implementation = "${accepted}"\ndistrust-proofs-from = 26000000`
    const { spec } = await specFrom(`network = "taiko-mainnet"\n${l1}`)
    expect(spec.l1.inboxImplementations).toEqual([
      ...(taikoMainnet.l1.inboxImplementations ?? []),
      accepted.toLowerCase(),
    ])
    expect(spec.l1.distrustedProofs).toEqual([
      ...(taikoMainnet.l1.distrustedProofs ?? []),
      { fromBlock: 26_000_000n },
    ])
  })

  test('a spec without a genesis is refused with a sentence', async () => {
    const { genesis: _, ...l2 } = taikoHoodi.l2
    const path = writeFile('headless.json', serializeRollupSpec({ ...taikoHoodi, name: 'headless', l2 }))
    await expect(specFrom(`[rollup]\nconfig = ${JSON.stringify(path)}`)).rejects.toThrow(
      /^headless cannot be followed by this version: its configuration names no genesis block/,
    )
  })

  test('a spec that is no JSON, or no spec, is named by its file', async () => {
    const broken = writeFile('broken.json', '{"name":')
    await expect(specFrom(`[rollup]\nconfig = ${JSON.stringify(broken)}`)).rejects.toThrow(
      /broken\.json \(--rollup\.config\) is no valid JSON: /,
    )
    const empty = writeFile('empty.json', '{}')
    await expect(specFrom(`[rollup]\nconfig = ${JSON.stringify(empty)}`)).rejects.toThrow(
      /^the rollup configuration is not valid: name: /,
    )
  })
})

describe('the server of the JSON-RPC', () => {
  test('has its own defaults where nothing is said', () => {
    const { limits, namespaces, callProcesses } = rpcOptionsOf(load(''))
    expect({ ...DEFAULT_LIMITS, ...limits }).toEqual(DEFAULT_LIMITS)
    expect([namespaces, callProcesses]).toEqual([undefined, undefined])
  })

  test('takes every limit in its own unit', () => {
    const options = rpcOptionsOf(
      load(
        '[http]\napi = "eth,debug"\n[rpc]\nprocesses = 3\ngascap = 30000000\nrate = 0\nmax-queue = 7\nmax-trace-timeout = 60000',
      ),
    )
    expect(options).toMatchObject({
      namespaces: ['eth', 'debug'],
      callProcesses: 3,
      limits: { callGasMax: 30_000_000n, costPerSecond: 0, callQueueMax: 7, traceTimeoutMs: 60_000 },
    })
    expect(callerOptionsOf(options)).toEqual({ processes: 3, queueMax: 7 })
  })
})

describe('config print', () => {
  const print = (options: readonly OptionSpec[], given: Partial<typeof NOTHING>) =>
    formatConfig(options, resolveConfig(options, { ...NOTHING, ...given }))

  test('shows each option once, with its value and where it came from', () => {
    const text = print(NODE_OPTIONS, {
      flags: { 'http.port': '9000' },
      environment: { PLUMBLINE_DB_CACHE: '128' },
      file: { log: { level: 'debug' } },
    })
    const lines = text.split('\n')
    expect(lines.map((line) => line.split(' ')[0])).toEqual(NODE_OPTIONS.map(({ flag }) => flag))
    expect(text).toMatch(/^http\.port +=\s9000 {2}# flag$/m)
    expect(text).toMatch(/^db\.cache +=\s128 {2}# environment$/m)
    expect(text).toMatch(/^log\.level +=\s"debug" {2}# file$/m)
    expect(text).toMatch(/^l1\.timeout +=\s12000 {2}# default$/m)
    expect(text).toMatch(/^network +=\s\(not set\)$/m)
  })

  test('never shows what may be a key: path, query, user or password of a URL', () => {
    const secret = 'S3cr3t'
    const url = `https://user:${secret}@node.test:8080/v3/${secret}?key=${secret}#${secret}`
    for (const flag of ['l1.rpc', 'l1.beacon', 'blob.server']) {
      const text = print(NODE_OPTIONS, { flags: { [flag]: `${url},${url}` } })
      expect(text, flag).not.toContain(secret)
      expect(text, flag).toContain('https://node.test:8080/…')
    }
  })

  test('a genesis behind a URL is a secret too', () => {
    expect(
      print(NODE_OPTIONS, { flags: { genesis: 'https://files.test/g.json?token=S3cr3t' } }),
    ).not.toContain('S3cr3t')
    expect(print(NODE_OPTIONS, { flags: { genesis: 'data/genesis.json' } })).toContain('"data/genesis.json"')
  })
})
