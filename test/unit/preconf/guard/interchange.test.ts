/** Import and export, and the interchange tests of EIP-3076 read as positions. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Interchange, parseInterchange } from '../../../../src/preconf/guard/interchange.ts'
import { openLedger } from '../../../../src/preconf/guard/ledger.ts'
import type { Claim, Position } from '../../../../src/preconf/guard/position.ts'
import { type Hash, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../../src/primitives/keccak.ts'
import { blockCommitmentHash } from '../../../../src/promise/blockCommitment.ts'
import { sharedFixture } from '../../../support/fixtures.ts'
import { blockOf, createPlace, DOMAIN, hashOf, KEY, listOf, type Place, WINDOW } from './place.ts'

let place: Place
beforeEach(() => {
  place = createPlace()
})
afterEach(() => place.remove())

describe('what one guard knows, another one takes over', () => {
  test('exports the same text for the same knowledge, whatever the order it came in', async () => {
    const texts = []
    for (const order of [
      [101n, 100n],
      [100n, 101n],
    ]) {
      const one = createPlace()
      const guard = await one.openReady()
      await guard.signList(KEY, listOf(one))
      for (const blockNumber of order) await guard.signBlock(KEY, blockOf(one, { blockNumber }))
      texts.push(JSON.stringify(await guard.export()))
      await guard.close()
      one.remove()
    }
    expect(texts[0]).toBe(texts[1])
  })

  test('waits a window, then signs the same content again, and nothing else up to the highest', async () => {
    const guard = await place.openReady()
    const block = blockOf(place)
    const high = blockOf(place, { blockNumber: 105n })
    await guard.signBlock(KEY, block)
    await guard.signBlock(KEY, high)
    const exported = JSON.parse(JSON.stringify(await guard.export()))
    await guard.close()
    const other = createPlace()
    Object.assign(other.l1, place.l1)
    const second = await other.openReady()
    await second.import(exported)
    const until = other.l1.timestamp + WINDOW
    expect(await second.signBlock(KEY, block)).toEqual({
      type: 'refused',
      refusal: { reason: 'waiting', until },
    })
    other.passWindow()
    expect(await second.signBlock(KEY, block)).toMatchObject({ hash: blockCommitmentHash(block, DOMAIN) })
    for (const change of [{ content: 2 }, { parentBlockHash: hashOf(98) }, { blockNumber: 103n }])
      expect(await second.signBlock(KEY, blockOf(other, change))).toMatchObject({ type: 'refused' })
    expect(await second.signBlock(KEY, blockOf(other, { blockNumber: 106n }))).toMatchObject({
      type: 'signed',
    })
    await second.close()
    other.remove()
  })

  test('keeps what is here where the file says something else', async () => {
    const guard = await place.openReady()
    const block = blockOf(place)
    await guard.signBlock(KEY, block)
    const exported = await guard.export()
    const [entry] = exported.data
    await guard.import({
      ...exported,
      data: [{ ...entry, signed: [{ ...entry!.signed[0], hash: hashOf(3) }] }],
    })
    expect((await guard.export()).data[0]!.signed).toEqual(entry!.signed)
    await guard.close()
  })

  test.each([
    ['no object', null],
    ['another version', { metadata: { format: 'plumbline-promises', version: '2', domain: '' }, data: [] }],
    ['another domain', { metadata: { format: 'plumbline-promises', version: '1', domain: 'x' }, data: [] }],
  ])('refuses %s, and goes on as before', async (_what, json) => {
    const guard = await place.openReady()
    await expect(guard.import(json)).rejects.toThrow(RangeError)
    expect(await guard.signBlock(KEY, blockOf(place))).toMatchObject({ type: 'signed' })
    await guard.close()
  })

  test.each([
    ['a number past 48 bits', { watermark: (2n ** 48n).toString() }],
    ['a number with a leading zero', { watermark: '01' }],
    ['a key in capitals', { key: KEY.toUpperCase() }],
    ['a field too much', { note: '' }],
    ['a list with a parent', { kind: 'list', signed: [{ number: '1', parent: hashOf(1), hash: hashOf(1) }] }],
  ])('refuses %s', (_what, change) => {
    const entry = { key: KEY, kind: 'block', l2_chain_id: '1', watermark: '0', signed: [] }
    const metadata = { format: 'plumbline-promises', version: '1', domain: 'd' }
    expect(() => parseInterchange({ metadata, data: [entry] }, 'd')).not.toThrow()
    expect(() => parseInterchange({ metadata, data: [{ ...entry, ...change }] }, 'd')).toThrow(RangeError)
  })
})

type Attempt = {
  readonly pubkey: string
  readonly slot?: string
  readonly source_epoch?: string
  readonly target_epoch?: string
  readonly signing_root?: Hash
  readonly should_succeed: boolean
  readonly should_succeed_complete: boolean
}
type Signed = Omit<Attempt, 'pubkey' | 'should_succeed' | 'should_succeed_complete'>
type Step = {
  readonly should_succeed: boolean
  readonly interchange: {
    readonly metadata: { readonly genesis_validators_root: Hash }
    readonly data: readonly {
      readonly pubkey: string
      readonly signed_blocks: readonly Signed[]
      readonly signed_attestations: readonly Signed[]
    }[]
  }
  readonly blocks: readonly Attempt[]
  readonly attestations: readonly Attempt[]
}
type Eip3076 = { readonly genesis_validators_root: Hash; readonly steps: readonly Step[] }

const TESTS = sharedFixture('suites/eip-3076/tests/generated')
const names = existsSync(TESTS) ? readdirSync(TESTS).sort() : []
/** Slots and epochs begin at 0, our numbers at 1. */
const SHIFT = 1n
const max = (a: bigint, b: bigint) => (a > b ? a : b)
const numberOf = ({ slot, target_epoch }: Signed) => BigInt(slot ?? target_epoch ?? 0) + SHIFT
const keyOf = (pubkey: string) => keccak256Hex(Buffer.from(pubkey)).slice(0, 42) as Hash

/**
 * Slot → block number on one parent, target epoch → end of a list's window, signing root → hash, genesis root → domain.
 * A root that is not given differs from every other, so that only the watermark speaks of it.
 */
function translate({ interchange }: Step): Interchange {
  const entryOf = (key: Hash, kind: 'block' | 'list', signed: readonly Signed[]) => ({
    key,
    kind,
    l2_chain_id: '1',
    watermark: signed.map(numberOf).reduce(max, 0n).toString(),
    signed: signed.flatMap((one) =>
      one.signing_root === undefined
        ? []
        : [{ number: numberOf(one).toString(), parent: ZERO_HASH, hash: one.signing_root }],
    ),
  })
  return {
    metadata: {
      format: 'plumbline-promises',
      version: '1',
      domain: interchange.metadata.genesis_validators_root,
    },
    data: interchange.data.flatMap(({ pubkey, signed_blocks, signed_attestations }) => [
      entryOf(keyOf(pubkey), 'block', signed_blocks),
      entryOf(keyOf(pubkey), 'list', signed_attestations),
    ]),
  }
}

describe.skipIf(names.length === 0)('EIP-3076 interchange tests', () => {
  /** Refused there for the source epoch alone (surrounding votes): a promise has no source. */
  const bySourceAlone: string[] = []
  let attempts = 0

  test('there are 38 of them', () => {
    expect(names).toHaveLength(38)
  })

  test.each(names)('%s', async (name) => {
    const { genesis_validators_root: domain, steps } = JSON.parse(
      readFileSync(join(TESTS, name), 'utf8'),
    ) as Eip3076
    let timestamp = 1_000_000n
    const ledger = await openLedger({
      path: place.path,
      counterPath: place.counterPath,
      domain,
      windowSeconds: WINDOW,
      l1Timestamp: timestamp,
    })
    /** Highest source epoch of each key so far, which no later attestation may be below. */
    const sources = new Map<string, bigint>()
    const note = (pubkey: string, { source_epoch = '0' }: Signed) =>
      sources.set(pubkey, max(sources.get(pubkey) ?? 0n, BigInt(source_epoch)))

    async function attempt(kind: Position['kind'], of: Attempt): Promise<Claim> {
      attempts++
      return ledger.claim(
        {
          key: keyOf(of.pubkey),
          position: { kind, l2ChainId: 1n, number: numberOf(of), parent: ZERO_HASH, index: 0 },
          windowEnd: timestamp + 1n,
          hash: of.signing_root ?? ZERO_HASH,
        },
        {
          timestamp,
          landed: { number: 0n, timestamp },
          finalizedNumber: 0n,
          finalizedTimestamp: 0n,
          isRemoved: async () => false,
        },
      )
    }

    for (const step of steps) {
      if (!step.should_succeed) {
        expect(() => parseInterchange(translate(step), domain)).toThrow(RangeError)
        continue
      }
      await ledger.import(parseInterchange(translate(step), domain), timestamp)
      timestamp += WINDOW + 1n
      for (const { pubkey, signed_attestations } of step.interchange.data)
        for (const one of signed_attestations) note(pubkey, one)
      for (const block of step.blocks) {
        const { type } = await attempt('block', block)
        const allowed = [block.should_succeed, block.should_succeed_complete]
        expect(allowed, JSON.stringify(block)).toContain(type === 'recorded')
      }
      for (const attestation of step.attestations) {
        const { source_epoch = '0', target_epoch = '0' } = attestation
        const isSourceFault =
          BigInt(source_epoch) > BigInt(target_epoch) ||
          BigInt(source_epoch) < (sources.get(attestation.pubkey) ?? 0n)
        const { type } = await attempt('list', attestation)
        const allowed = [attestation.should_succeed, attestation.should_succeed_complete]
        if (type === 'recorded' && !allowed.includes(true) && isSourceFault) bySourceAlone.push(name)
        else expect(allowed, JSON.stringify(attestation)).toContain(type === 'recorded')
        if (type === 'recorded') note(attestation.pubkey, attestation)
      }
    }
    await ledger.close()
  })

  test('of their attempts, those refused for a source epoch alone do not apply', () => {
    expect({ attempts, bySourceAlone: bySourceAlone.length, in: new Set(bySourceAlone).size }).toEqual({
      attempts: 150,
      bySourceAlone: 14,
      in: 11,
    })
  })
})
