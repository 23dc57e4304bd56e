/**
 * Probes by all three ways in, against a devnet whose sequencer leaves one receiver out of its blocks, though its pool takes what is sent
 * there. The process is killed while it sends: nothing is lost, nothing is sent twice. The clocks are real.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { parseTransaction } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Devnet, runDevnet } from '../../src/cli/devnet/devnet.ts'
import { type Address, bytesToHex, type Hex } from '../../src/primitives/hex.ts'
import type { TxPool } from '../../src/propose/txPool.ts'
import type { Analysis } from '../../src/research/probe/analyse.ts'
import type { Comparison } from '../../src/research/probe/compare.ts'
import { type ProbeEvent, parseEvent } from '../../src/research/probe/events.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { type Cli, createWorkplace, isBuilt, rpc, until, type Workplace } from '../support/e2e.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 600_000
/** An account of the development mnemonic that nobody else here uses. */
const PAYER_KEY: Hex = '0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97'
const PAYER = privateKeyToAccount(PAYER_KEY).address
const SENSITIVE: Address = `0x${'5a'.repeat(20)}`
/** With 18 comparisons, 2 · 2⁻ⁿ · 18 is below 5 % from ten pairs on; the kill may cost one or two. */
const GROUPS = 12
const CLASSES = ['transfer', 'call', 'create', 'sensitive'] as const
const ENTRIES = ['rpc', 'preconf', 'forced'] as const
const FILES = ['report.txt', 'report.json', 'probes.csv', 'cells.csv', 'comparisons.csv']

/** A pool that has everything, and a sequencer that is not shown what goes to the sensitive address. */
function withoutSensitive(pool: TxPool): TxPool {
  return {
    ...pool,
    *pendingByPrice(baseFeePerGas) {
      for (const transaction of pool.pendingByPrice(baseFeePerGas))
        if (parseTransaction(bytesToHex(transaction.raw)).to?.toLowerCase() !== SENSITIVE) yield transaction
    },
  }
}

describe.skipIf(!isBuilt)('plumbline probe', () => {
  const stop = new AbortController()
  let place: Workplace
  let running: Promise<void>
  let urls: { readonly l1: string; readonly l2: string }

  beforeAll(async () => {
    place = await createWorkplace()
    const devnet = await new Promise<Devnet>((resolve, reject) => {
      running = runDevnet(
        {
          dataDir: place.path('devnet'),
          secondsPerSlot: 1,
          fork: 'unzen',
          engine: { loop: 'own', isChecked: false },
          ...{ l1Port: 0, beaconPort: 0, isSequenced: true, isJson: true },
          fillFrom: withoutSensitive,
          rpc: { host: '127.0.0.1', port: 0, vhosts: ['127.0.0.1'] },
          logger: silentLogger,
          signal: stop.signal,
        },
        resolve,
      )
      running.catch(reject)
    })
    urls = { l1: devnet.l1Url, l2: devnet.node.rpc.url }
    writeFileSync(place.path('payer.key'), PAYER_KEY)
    chmodSync(place.path('payer.key'), 0o600)
    const { sequencer } = devnet.node.preconf!.sequencing!
    await until('the sequencer', () => sequencer.status().type === 'building')
  }, TIMEOUT_MS)
  afterAll(async () => {
    stop.abort()
    await running
    await place?.close()
  })

  const start = (...more: readonly string[]): Cli =>
    place.start([
      ...['probe', '--rpc', urls.l2, '--preconf', urls.l2, '--l1.rpc', urls.l1],
      ...['--rollup.config', place.path('devnet/rollup.json'), '--key-file', place.path('payer.key')],
      ...['--entry', ENTRIES.join(','), '--classes', CLASSES.join(','), '--probe.sensitive', SENSITIVE],
      ...['--groups', String(GROUPS), '--probe.interval', '1', '--probe.cutoff', '90'],
      ...['--probe.dir', place.path('probes'), ...more],
    ])
  const readLog = (): readonly ProbeEvent[] => {
    try {
      const lines = readFileSync(place.path('probes/log.ndjson'), 'utf8').split('\n')
      return lines.slice(0, -1).map(parseEvent)
    } catch {
      return []
    }
  }
  const files = () => FILES.map((name) => readFileSync(place.path(`probes/${name}`), 'utf8'))
  const nonceOf = async (url: string, address: string) =>
    Number(await rpc<Hex>(url, 'eth_getTransactionCount', [address, 'latest']))
  const isSettled = (cli: Cli) =>
    until('the end of the probes', () => !cli.isRunning()).catch(() =>
      until('the end of the probes', () => !cli.isRunning()),
    )

  test(
    'killed while it sends a group, it goes on and ends',
    async () => {
      const killed = start()
      await until('the fourth group', () => readLog().filter(({ type }) => type === 'sending').length === 4)
      killed.signal('SIGKILL')
      expect(await killed.exit()).toEqual({ code: null, signal: 'SIGKILL' })
      const before = readFileSync(place.path('probes/log.ndjson'), 'utf8')
      const again = start()
      await isSettled(again)
      expect(await again.exit(), again.output()).toEqual({ code: 0, signal: null })
      expect(again.output()).toContain('Matched comparison with class transfer, all else equal')
      // What stood there stands there.
      const whole = before.slice(0, before.lastIndexOf('\n') + 1)
      expect(readFileSync(place.path('probes/log.ndjson'), 'utf8').startsWith(whole)).toBe(true)
    },
    TIMEOUT_MS,
  )

  test(
    'nothing is lost and nothing is sent twice',
    async () => {
      const events = readLog()
      const groups = events.filter((event) => event.type === 'group')
      expect(groups.map(({ group }) => group)).toEqual(Array.from({ length: GROUPS }, (_, i) => i))
      const probes = groups.flatMap((group) => group.probes)
      expect(probes).toHaveLength(GROUPS * ENTRIES.length * CLASSES.length)
      const answered = events.flatMap((event) => (event.type === 'answer' ? event.hash : []))
      expect([...answered].sort()).toEqual(probes.map(({ hash }) => hash).sort())
      // One transaction on L1 for each forced probe; on L2 one for each sender's money, and the contract.
      expect(await nonceOf(urls.l1, PAYER)).toBe(GROUPS * CLASSES.length)
      expect(await nonceOf(urls.l2, PAYER)).toBe(probes.length + 1)
      const landed = new Set(
        events.flatMap((event) => (event.type === 'seen' && event.clock === 'latest' ? event.hash : [])),
      )
      for (const { sender, hash } of probes)
        expect(await nonceOf(urls.l2, sender)).toBe(landed.has(hash) ? 1 : 0)
    },
    TIMEOUT_MS,
  )

  test('the matched comparison finds the class that is kept out, where it is kept out, and nothing else', () => {
    const { cells, comparisons, groups } = JSON.parse(
      readFileSync(place.path('probes/report.json'), 'utf8'),
    ) as Omit<Analysis, 'records' | 'cost'>
    const cellOf = (entry: string, targetClass: string) =>
      cells.find((cell) => cell.entry === entry && cell.class === targetClass)!
    for (const cell of cells) expect(cell.n).toBe(GROUPS)
    expect(groups.sent).toBe(GROUPS)
    // The pool has taken them, and none ever comes. Of the one that was under way at the kill the answer may be unknown.
    expect(cellOf('rpc', 'sensitive').accepted).toBeGreaterThanOrEqual(GROUPS - 1)
    expect(cellOf('rpc', 'sensitive').refused).toBe(0)
    expect(cellOf('rpc', 'sensitive').clocks[0]).toMatchObject({ missing: GROUPS, reached: 0, p50: 'beyond' })
    for (const targetClass of ['transfer', 'call', 'create'])
      expect(cellOf('rpc', targetClass).clocks[0]).toMatchObject({ missing: 0, reached: GROUPS })
    // L1 lets nobody keep it out.
    for (const targetClass of CLASSES)
      expect(cellOf('forced', targetClass).clocks[0]).toMatchObject({ missing: 0, reached: GROUPS })
    // Who asks for a promise gets one: that way in is open to all.
    for (const targetClass of CLASSES)
      expect(cellOf('preconf', targetClass).promises!.made).toBeGreaterThan(0)

    const shown = comparisons.filter(({ by, verdict }) => by === 'class' && verdict !== 'no difference shown')
    const told = ({ cell, clock, verdict }: Comparison) => `${cell.entry} ${cell.class} ${clock} ${verdict}`
    expect(shown.map(told)).toEqual(['rpc sensitive latest later', 'rpc sensitive safe later'])
    expect(shown[0]!.pairs).toBeGreaterThanOrEqual(GROUPS - 2)
    expect(shown[0]!.onlyCellMissing).toBe(shown[0]!.pairs)
  })

  test(
    'run again it sends nothing, and writes the same files',
    async () => {
      const before = files()
      const nonces = [await nonceOf(urls.l1, PAYER), await nonceOf(urls.l2, PAYER)]
      const again = start('--json')
      expect((await again.exit()).code, again.output()).toBe(0)
      expect(files()).toEqual(before)
      expect([await nonceOf(urls.l1, PAYER), await nonceOf(urls.l2, PAYER)]).toEqual(nonces)
      expect(again.output()).toContain(before[1]!.trim())
    },
    TIMEOUT_MS,
  )

  test(
    'refuses with a sentence what would spoil an experiment',
    async () => {
      const expectRefusal = async (pattern: RegExp, ...more: string[]) => {
        const cli = start(...more)
        expect((await cli.exit()).code).toBe(1)
        expect(cli.output()).toMatch(pattern)
      }
      await expectRefusal(/holds another experiment \(seed\)/, '--seed', '2')
      const other = ['--probe.dir', place.path('other')]
      await expectRefusal(
        /--rpc is a node of chain 31337, not of \d+; nothing was sent/,
        ...other,
        '--rpc',
        urls.l1,
      )
      await expectRefusal(
        /0 of the 1 of --probe\.budget are spoken for/,
        ...other,
        '--probe.budget',
        '0.000000000000000001',
      )
    },
    TIMEOUT_MS,
  )
})
