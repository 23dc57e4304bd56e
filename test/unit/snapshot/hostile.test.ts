/** Snapshots that are wrong: each way has its name, and the database holds no chain afterwards. */
import { createHash } from 'node:crypto'
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isInitialised } from '../../../src/derive/genesis.ts'
import { bigintToBytes, concatBytes } from '../../../src/primitives/bytes.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { decodeRlp, encodeRlp } from '../../../src/primitives/rlp.ts'
import { CHAIN_STORE_SCHEMAS } from '../../../src/snapshot/chainStore.ts'
import { joinRecords } from '../../../src/snapshot/chunk.ts'
import { SnapshotError, type SnapshotFault } from '../../../src/snapshot/errors.ts'
import { readSnapshot, verifyLeaves } from '../../../src/snapshot/load.ts'
import type { ChunkEntry, Manifest, Section } from '../../../src/snapshot/manifest.ts'
import { openSnapshot } from '../../../src/snapshot/source.ts'
import type { RollupSpec } from '../../../src/spec/rollupSpec.ts'
import { openStore } from '../../../src/store/openStore.ts'
import { connectL1, type Harness, openHarness } from '../../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../../support/derive/payload.ts'
import { createSimulatedL1, type SimulatedL1 } from '../../support/l1/simulatedL1.ts'
import {
  createFrom,
  loadInto,
  openScratch,
  proveHead,
  provenSpecOf,
  temporaryDirectory,
} from '../../support/snapshot.ts'

const TIMEOUT_MS = 120_000

let place: ReturnType<typeof temporaryDirectory>
let sim: SimulatedL1
let l1: Awaited<ReturnType<typeof connectL1>>
let node: Harness
let spec: RollupSpec
let count = 0
const at = (name: string) => join(place.path, name)

beforeAll(async () => {
  place = temporaryDirectory()
  sim = createSimulatedL1({ seed: 'hostile' })
  l1 = await connectL1(sim)
  spec = provenSpecOf(sim)
  for (let nonce = 0; nonce < 3; nonce++) {
    sim.mine()
    sim.propose({ payload: payloadAfter(sim, { transactions: [await signTransfer(nonce)] }) })
  }
  node = await openHarness({ sim, l1, path: at('node.db') })
  await node.sync()
  await proveHead(sim, node)
  await node.sync()
  await createFrom(at('node.db'), at('good'), spec)
}, TIMEOUT_MS)
afterAll(async () => {
  await node.close()
  await l1.close()
  await place.remove()
})

type Tampered = {
  readonly directory: string
  readonly manifest: Manifest
  path(section: Section): string
  entry(section: Section): ChunkEntry
}

/** A copy of the good snapshot, changed by `tamper`; its manifest is written again as that leaves it. */
async function tampered(tamper: (copy: Tampered) => unknown): Promise<string> {
  const directory = at(`bad-${count++}`)
  await cp(at('good'), directory, { recursive: true })
  const manifest = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as Manifest
  const entry = (section: Section) => manifest.chunks.find((chunk) => chunk.section === section)!
  await tamper({ directory, manifest, entry, path: (section) => join(directory, entry(section).file) })
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest))
  return directory
}

async function recordsOf({ path }: Tampered, section: Section): Promise<Uint8Array[]> {
  const raw = gunzipSync(await readFile(path(section)))
  const records: Uint8Array[] = []
  for (let from = 0; from < raw.length; ) {
    const length = raw.readUInt16BE(from)
    records.push(new Uint8Array(raw.subarray(from + 2, from + 2 + length)))
    from += 2 + length
  }
  return records
}

/** What a forger would do: sizes, sums and counts fit what is written. */
async function forge(copy: Tampered, section: Section, raw: Uint8Array, records?: number): Promise<void> {
  const packed = gzipSync(raw)
  await writeFile(copy.path(section), packed)
  Object.assign(copy.entry(section), {
    ...{
      bytes: packed.length,
      rawBytes: raw.length,
      sha256: createHash('sha256').update(packed).digest('hex'),
    },
    ...(records !== undefined && { count: records }),
  })
}

async function forgeRecords(
  copy: Tampered,
  section: Section,
  change: (records: Uint8Array[]) => Uint8Array[],
): Promise<void> {
  const records = change(await recordsOf(copy, section))
  await forge(copy, section, joinRecords(records), records.length)
}

async function faultOf(work: Promise<unknown>): Promise<SnapshotFault | 'none'> {
  try {
    await work
    return 'none'
  } catch (error) {
    if (error instanceof SnapshotError) return error.fault
    throw error
  }
}

async function verify(directory: string): Promise<void> {
  const snapshot = await readSnapshot(openSnapshot(directory), spec)
  const scratch = await openScratch()
  await verifyLeaves(scratch, snapshot).finally(() => scratch.close())
}

/** The same fault from a look at it and from loading it, which leaves no chain. */
async function expectRefused(fault: SnapshotFault, tamper: (copy: Tampered) => unknown): Promise<void> {
  const directory = await tampered(tamper)
  expect(await faultOf(verify(directory))).toBe(fault)
  const path = at(`load-${count}.db`)
  expect(await faultOf(loadInto(path, { l1, spec, source: directory }))).toBe(fault)
  const store = await openStore({ path, schemas: CHAIN_STORE_SCHEMAS })
  expect(await isInitialised(store)).toBe(false)
  await store.close()
}

test('what was not changed is whole, and its chain begins where it says', async () => {
  const directory = await tampered(() => {})
  expect(await faultOf(verify(directory))).toBe('none')
  await loadInto(at('whole.db'), { l1, spec, source: directory })
})

describe('the manifest', () => {
  test('is no JSON', async () => {
    const directory = await tampered(() => {})
    await writeFile(join(directory, 'manifest.json'), '{"format": "plumb')
    expect(await faultOf(verify(directory))).toBe('manifestUnreadable')
  })
  test('has a field too many', () =>
    expectRefused('manifestUnreadable', ({ manifest }) => Object.assign(manifest, { more: 1 })))
  test('counts less than nothing', () =>
    expectRefused('manifestUnreadable', ({ manifest }) => Object.assign(manifest.state, { slots: -1 })))
  test('is larger than any', async () => {
    const directory = await tampered(() => {})
    await truncate(join(directory, 'manifest.json'), 33 * 1024 * 1024)
    expect(await faultOf(verify(directory))).toBe('manifestTooLarge')
  })
  test('is of a later version', () =>
    expectRefused('unknownVersion', ({ manifest }) => Object.assign(manifest, { version: 2 })))
  test.each(['l1ChainId', 'inbox', 'l2ChainId', 'genesis'] as const)('is of another chain: %s', (name) =>
    expectRefused('otherChain', ({ manifest: { chain } }) => {
      const value = chain[name]
      Object.assign(chain, {
        [name]: typeof value === 'number' ? value + 1 : value.replace(/.$/, (d) => (d === '0' ? '1' : '0')),
      })
    }),
  )
  test.each([
    '../../../etc/passwd',
    '/etc/passwd',
    'accounts-00001.gz',
    'http://elsewhere/accounts-00000.gz',
    '',
  ])('names a chunk %j', (file) =>
    expectRefused('otherFileName', ({ entry }) => Object.assign(entry('accounts'), { file })),
  )
  test('asks for more than a chunk may hold', () =>
    expectRefused('chunkOutOfBounds', ({ entry }) => Object.assign(entry('accounts'), { rawBytes: 2 ** 40 })))
  test('asks for a file larger than its content', () =>
    expectRefused('chunkOutOfBounds', ({ entry }) => Object.assign(entry('accounts'), { bytes: 2 ** 30 })))
  test('has its sections out of order', () =>
    expectRefused('chunksOutOfOrder', ({ manifest }) => manifest.chunks.reverse()))
  test('lists no accounts', () =>
    expectRefused('chunkMissing', ({ manifest }) => manifest.chunks.splice(2, manifest.chunks.length)))
  test('names a proposal that its block is not of', () =>
    expectRefused('proposalDiffers', ({ manifest }) => Object.assign(manifest.proposal, { id: 1 })))
  test('counts other leaves than there are', () =>
    expectRefused('countsDiffer', ({ manifest }) => Object.assign(manifest.state, { accounts: 1 })))
  test('gives out storage ids that would soon be used up', () =>
    expectRefused('storageIdOutOfRange', ({ manifest }) =>
      Object.assign(manifest.state, { nextStorageId: 2 ** 32 - 1 }),
    ))
  test('says a next storage id that is taken', () =>
    expectRefused('storageIdOutOfRange', ({ manifest }) =>
      Object.assign(manifest.state, { nextStorageId: 1 }),
    ))
})

describe('a chunk', () => {
  test.each(['headers', 'block', 'accounts', 'storage', 'code'] as const)('of %s is not there', (section) =>
    expectRefused('chunkMissing', ({ path }) => rm(path(section))),
  )
  test.each(['headers', 'block', 'accounts', 'storage', 'code'] as const)('of %s is cut short', (section) =>
    expectRefused('chunkWrongSize', ({ path, entry }) => truncate(path(section), entry(section).bytes - 1)),
  )
  test.each(['headers', 'block', 'accounts', 'storage', 'code'] as const)(
    'of %s has one bit flipped',
    (section) =>
      expectRefused('chunkWrongHash', async ({ path }) => {
        const bytes = await readFile(path(section))
        bytes[bytes.length >> 1]! ^= 1
        await writeFile(path(section), bytes)
      }),
  )
  test('is no gzip', () =>
    expectRefused('chunkNotInflatable', async (copy) => {
      const bytes = new Uint8Array(100).fill(7)
      await writeFile(copy.path('code'), bytes)
      Object.assign(copy.entry('code'), {
        bytes: 100,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      })
    }))
  test('unpacks to more than it says: a bomb ends at the bound', () =>
    expectRefused('chunkNotInflatable', async (copy) => {
      await forge(copy, 'accounts', new Uint8Array(64 * 1024 * 1024))
      Object.assign(copy.entry('accounts'), { rawBytes: 4 * 1024 * 1024, count: 1 })
    }))
  test('unpacks to less than it says', () =>
    expectRefused('chunkWrongSize', async (copy) => {
      await forge(copy, 'accounts', joinRecords(await recordsOf(copy, 'accounts')))
      copy.entry('accounts').rawBytes += 1
    }))
  test('has bytes behind its gzip stream', () =>
    expectRefused('chunkNotInflatable', async (copy) => {
      const bytes = concatBytes(await readFile(copy.path('code')), Uint8Array.of(1, 2, 3))
      await writeFile(copy.path('code'), bytes)
      Object.assign(copy.entry('code'), {
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      })
    }))
  test('has a record that reaches over its end', () =>
    expectRefused('recordMalformed', (copy) => forge(copy, 'accounts', Uint8Array.of(0xff, 0xff, 1), 1)))
  test('has a record of no bytes', () =>
    expectRefused('recordMalformed', (copy) => forge(copy, 'accounts', Uint8Array.of(0, 0), 1)))
  test('has another number of records', () =>
    expectRefused('chunkWrongCount', ({ entry }) => Object.assign(entry('storage'), { count: 1 })))
  test.each(['first', 'last'] as const)('says another range: %s', (end) =>
    expectRefused('chunkWrongRange', ({ entry }) =>
      Object.assign(entry('accounts'), {
        [end]: entry('accounts')[end].replace(/.$/, (d) => (d === '0' ? '1' : '0')),
      }),
    ),
  )
})

describe('accounts', () => {
  const malformed: Readonly<Record<string, Uint8Array>> = {
    'only an address': new Uint8Array(20),
    'a balance with leading zeros': accountRow([1n], Uint8Array.of(0, 1)),
    'a nonce past 64 bits': concatBytes(
      new Uint8Array(20),
      encodeRlp([new Uint8Array(9).fill(1), Uint8Array.of(1), new Uint8Array(0), new Uint8Array(0)]),
    ),
    'lists within lists': concatBytes(new Uint8Array(20), new Uint8Array(30_000).fill(0xc1)),
    'a storage id without storage': concatBytes(
      new Uint8Array(20),
      encodeRlp([Uint8Array.of(1), Uint8Array.of(1), new Uint8Array(0), new Uint8Array(0), Uint8Array.of(1)]),
    ),
  }
  test.each(Object.keys(malformed))('one is %s', (name) =>
    expectRefused('recordMalformed', (copy) =>
      forgeRecords(copy, 'accounts', (records) => [malformed[name]!, ...records]),
    ),
  )
  test('out of order', () =>
    expectRefused('leavesOutOfOrder', (copy) =>
      forgeRecords(copy, 'accounts', ([a, b, ...rest]) => [b!, a!, ...rest]),
    ))
  test('one twice', () =>
    expectRefused('leavesOutOfOrder', (copy) =>
      forgeRecords(copy, 'accounts', ([a, ...rest]) => [a!, a!, ...rest]),
    ))
  test('one left out', () =>
    expectRefused('stateRootDiffers', (copy) =>
      forgeRecords(copy, 'accounts', ([a, , ...rest]) => [a!, ...rest]),
    ))
  test('one with another balance', () =>
    expectRefused('stateRootDiffers', (copy) =>
      forgeRecords(copy, 'accounts', (records) => {
        const index = records.findIndex((record) => record.length > 30 && record.length < 40)
        expect(index).toBeGreaterThanOrEqual(0)
        const changed = records[index]!.slice()
        changed[changed.length - 3]! ^= 1
        return records.map((record, i) => (i === index ? changed : record))
      }),
    ))
})

describe('storage', () => {
  test('of a slot out of order', () =>
    expectRefused('leavesOutOfOrder', (copy) =>
      forgeRecords(copy, 'storage', (records) => {
        const index = records.findIndex((record, i) => i > 0 && sameTrie(record, records[i - 1]!))
        return swap(records, index - 1, index)
      }),
    ))
  test('with a slot left out', () =>
    expectRefused('storageRootDiffers', (copy) =>
      forgeRecords(copy, 'storage', (records) => {
        const index = records.findIndex(
          (record, i) =>
            i > 0 &&
            i < records.length - 1 &&
            sameTrie(record, records[i - 1]!) &&
            sameTrie(record, records[i + 1]!),
        )
        expect(index).toBeGreaterThan(0)
        return records.filter((_, i) => i !== index)
      }),
    ))
  test('left out whole', () =>
    expectRefused('storageMissing', (copy) =>
      forgeRecords(copy, 'storage', (records) => records.filter((record) => !sameTrie(record, records[0]!))),
    ))
  test('left out at the end', () =>
    expectRefused('storageMissing', (copy) =>
      forgeRecords(copy, 'storage', (records) =>
        records.filter((record) => !sameTrie(record, records.at(-1)!)),
      ).then(() => relabel(copy, 'storage')),
    ))
  test('of nobody', () =>
    expectRefused('storageExtra', (copy) =>
      forgeRecords(copy, 'storage', (records) => [
        ...records,
        concatBytes(Uint8Array.of(0, 1, 0, 0), Uint8Array.of(1, 5, 1)),
      ]),
    ))
  test('with a value of zero', () =>
    expectRefused('recordMalformed', (copy) =>
      forgeRecords(copy, 'storage', ([first, ...rest]) => [
        concatBytes(first!.subarray(0, 4), Uint8Array.of(1, 0, 1)),
        ...rest,
      ]),
    ))
  test('shared by two accounts', () =>
    expectRefused('storageIdTaken', async (copy) => {
      // An id is nothing the state root knows of.
      await forgeRecords(copy, 'accounts', (records) => {
        const withStorage = records.filter((record) => decodeRlp(record.subarray(20), 1).length === 5)
        const ids = withStorage.map((record) => record.at(-1)!)
        const from = records.indexOf(withStorage[0]!)
        const changed = records[from]!.slice()
        changed[changed.length - 1] = ids[1]!
        return records.map((record, i) => (i === from ? changed : record))
      })
    }))
})

describe('code', () => {
  test('that no account has', () =>
    expectRefused('codeExtra', (copy) =>
      forgeRecords(copy, 'code', (records) => sortCodes([...records, Uint8Array.of(1, 2, 3)])),
    ))
  test('that is changed by one byte', () =>
    expectRefusedAnyOf(['codeExtra', 'codeMissing', 'leavesOutOfOrder'], (copy) =>
      forgeRecords(copy, 'code', ([first, ...rest]) => [concatBytes(first!, Uint8Array.of(0)), ...rest]),
    ))
  test('that is left out', () =>
    expectRefused('codeMissing', (copy) => forgeRecords(copy, 'code', ([, ...rest]) => rest)))
  test('that is left out at the end', () =>
    expectRefused('codeMissing', (copy) =>
      forgeRecords(copy, 'code', (records) => records.slice(0, -1)).then(() => relabel(copy, 'code')),
    ))
})

describe('the block', () => {
  test('of a header that is not the parent of the next', () =>
    expectRefused('headersUnlinked', (copy) =>
      forgeRecords(copy, 'headers', ([a, b, ...rest]) => [b!, a!, ...rest]),
    ))
  test('of headers that end in another block', () =>
    expectRefused('headersUnlinked', (copy) =>
      forgeRecords(copy, 'headers', (records) => records.slice(0, -1)),
    ))
  test('of bytes that are no header', () =>
    expectRefused('headersUnlinked', (copy) =>
      forgeRecords(copy, 'headers', ([, ...rest]) => [Uint8Array.of(1, 2), ...rest]),
    ))
  test('of another state root', () =>
    expectRefused('headersUnlinked', ({ manifest }) =>
      Object.assign(manifest.block, { stateRoot: `0x${'11'.repeat(32)}` }),
    ))
  test('without its transactions', () =>
    expectRefused('blockBodyDiffers', async (copy) => {
      const raw = gunzipSync(await readFile(copy.path('block')))
      const json = raw.subarray(4 + raw.readUInt32BE(0))
      await forge(copy, 'block', concatBytes(Uint8Array.of(0, 0, 0, 1, 0xc0), json))
    }))
  test('whose body reaches over its end', () =>
    expectRefused('recordMalformed', (copy) =>
      forge(copy, 'block', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0)),
    ))
  test('of a proposal that L1 has otherwise', () =>
    expectRefusedByL1('proposalDiffers', (said) => said.replace(/("proposer":"0x)../, '$1ff')))
  test('of an anchor that it does not have', () =>
    expectRefused('proposalDiffers', (copy) =>
      forgeSaid(copy, (said) => said.replace(/("anchorBlock":\{"number":\{"\$bigint":")\d+/, '$10')),
    ))
  test('of a first block that the headers do not show', () =>
    expectRefused('proposalDiffers', (copy) =>
      forgeSaid(copy, (said) => said.replace(/("firstBlock":\{"\$bigint":")\d+/, '$11')),
    ))
})

describe('what L1 says', () => {
  test('nothing of a block that is not proven', async () => {
    sim.mine()
    sim.propose({ payload: payloadAfter(sim) })
    await node.sync()
    const { safe } = node.chain.heads()
    await createFrom(at('node.db'), at('unproven'), spec, { block: safe.number })
    expect(await faultOf(loadInto(at('unproven.db'), { l1, spec, source: at('unproven') }))).toBe('notProven')
    expect(
      await faultOf(
        loadInto(at('unproven.db'), {
          l1,
          spec,
          source: at('unproven'),
          trust: { type: 'hash', hash: `0x${'12'.repeat(32)}` },
        }),
      ),
    ).toBe('otherThanTrusted')
    const began = await loadInto(at('unproven.db'), {
      l1,
      spec,
      source: at('unproven'),
      trust: { type: 'hash', hash: safe.hash },
    })
    expect(began.blockNumber).toBe(safe.number)
  })
  test('of a time whose proofs are held for false', async () => {
    const doubting = { ...spec, l1: { ...spec.l1, distrustedProofs: [{ fromBlock: 1n }] } }
    expect(await faultOf(loadInto(at('doubted.db'), { l1, spec: doubting, source: at('good') }))).toBe(
      'notProven',
    )
  })
  test('of another contract than the one that proofs write to', async () => {
    const elsewhere = { ...spec, l1: { ...spec.l1, checkpoints: { store: spec.l1.inbox, slot: 1n } } }
    expect(await faultOf(loadInto(at('elsewhere.db'), { l1, spec: elsewhere, source: at('good') }))).toBe(
      'notProven',
    )
  })
})

/** Sizes and sums as they are now, and the range of what is there. */
async function relabel(copy: Tampered, section: 'storage' | 'code'): Promise<void> {
  const last = (await recordsOf(copy, section)).at(-1)!
  if (section === 'code') copy.entry('code').last = keccak256Hex(last)
  else {
    const slot = last.subarray(4 + 1 + last[4]!)
    const hash = keccak256Hex(concatBytes(new Uint8Array(32 - slot.length), slot))
    copy.entry('storage').last = `0x${Buffer.from(last.subarray(0, 4)).toString('hex')}${hash.slice(2)}`
  }
}

async function expectRefusedAnyOf(
  faults: readonly SnapshotFault[],
  tamper: (copy: Tampered) => unknown,
): Promise<void> {
  expect(faults).toContain(await faultOf(verify(await tampered(tamper))))
}

/** A lie that only L1 can show. */
async function expectRefusedByL1(fault: SnapshotFault, change: (said: string) => string): Promise<void> {
  const directory = await tampered((copy) => forgeSaid(copy, change))
  expect(await faultOf(verify(directory))).toBe('none')
  expect(await faultOf(loadInto(at(`load-${count}.db`), { l1, spec, source: directory }))).toBe(fault)
}

async function forgeSaid(copy: Tampered, change: (said: string) => string): Promise<void> {
  const raw = gunzipSync(await readFile(copy.path('block')))
  const end = 4 + raw.readUInt32BE(0)
  const said = raw.subarray(end).toString('utf8')
  const changed = change(said)
  expect(changed).not.toBe(said)
  await forge(copy, 'block', concatBytes(raw.subarray(0, end), Buffer.from(changed)))
}

function accountRow([nonce]: readonly bigint[], balance: Uint8Array): Uint8Array {
  return concatBytes(
    new Uint8Array(20),
    encodeRlp([bigintToBytes(nonce!), balance, new Uint8Array(0), new Uint8Array(0)]),
  )
}

function sameTrie(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a.subarray(0, 4), b.subarray(0, 4)) === 0
}

function swap<T>(items: T[], a: number, b: number): T[] {
  return items.map((item, i) => (i === a ? items[b]! : i === b ? items[a]! : item))
}

function sortCodes(codes: Uint8Array[]): Uint8Array[] {
  return codes
    .map((code) => ({ code, key: keccak256Hex(code) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ code }) => code)
}
