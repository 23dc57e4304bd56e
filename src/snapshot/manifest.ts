/**
 * What a snapshot says of itself: its chain and block, and each of its chunks with size, sum and range (docs/snapshots.md). Nothing in
 * it is believed; it bounds what is read, and every line of it is held against something.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Address, Hash } from '../primitives/hex.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { SnapshotError } from './errors.ts'

export const MANIFEST_FILE = 'manifest.json'
const FORMAT = 'plumbline-snapshot'
const VERSION = 1

/** In the order of their chunks. */
export const SECTIONS = ['headers', 'block', 'accounts', 'storage', 'code'] as const
export type Section = (typeof SECTIONS)[number]

/** A chunk is closed by the record that reaches this size, in bytes. Ours. */
export const CHUNK_TARGET_BYTES = 4 * 1024 * 1024
/** Most bytes of a record: more than code (24,576, EIP-170) or a header can have. */
export const RECORD_BYTES_MAX = 64 * 1024 - 1
export const RECORD_HEAD_BYTES = 2
/** One block with its receipts: 240 million gas buy 30 MB of log data at 8 gas a byte. */
const BLOCK_BYTES_MAX = 64 * 1024 * 1024
/** Of the larger sections 4 MiB each: 256 GiB of leaves. */
const CHUNKS_MAX = 65_536
/** About 400 bytes a chunk. */
export const MANIFEST_BYTES_MAX = 32 * 1024 * 1024
/** Headers of the block's proposal and of the 256 before, with room: ten forced sources and 768 blocks of the proposer's own. */
export const HEADERS_MAX = 2_048
/** gzip makes what it cannot shrink longer by 5 bytes in 16 KiB; with its header and room. */
const gzipBytesMax = (bytes: number) => bytes + Math.ceil(bytes / 1024) + 64

export function rawBytesMax(section: Section): number {
  return section === 'block' ? BLOCK_BYTES_MAX : CHUNK_TARGET_BYTES + RECORD_HEAD_BYTES + RECORD_BYTES_MAX
}

const whole = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)
const hash = z.string().regex(/^0x[0-9a-f]{64}$/) as unknown as z.ZodType<Hash>
const address = z.string().regex(/^0x[0-9a-f]{40}$/) as unknown as z.ZodType<Address>
/** A key without its storage id, or with it in front (4 bytes). */
const key = z.string().regex(/^0x([0-9a-f]{64}|[0-9a-f]{72})$/)

const chunkSchema = z.strictObject({
  section: z.enum(SECTIONS),
  file: z.string(),
  /** Records. */
  count: whole.min(1),
  /** Before and after compression. */
  rawBytes: whole.min(1),
  bytes: whole.min(1),
  /** Of the file. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  first: key,
  last: key,
})

const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  chain: z.strictObject({ l1ChainId: whole, inbox: address, l2ChainId: whole, genesis: hash }),
  block: z.strictObject({ number: whole.min(1), hash, stateRoot: hash }),
  /** The L1 block whose proposal ends in the block: derivation goes on behind it. */
  l1: z.strictObject({ number: whole, hash }),
  proposal: z.strictObject({ id: whole, hash }),
  state: z.strictObject({
    /** What the next account with storage gets. */
    nextStorageId: whole.min(1),
    accounts: whole,
    slots: whole,
    codes: whole,
  }),
  chunks: z.array(chunkSchema).min(1).max(CHUNKS_MAX),
})

export type Manifest = z.output<typeof manifestSchema>
export type ChunkEntry = Manifest['chunks'][number]

/** The only name that a chunk can have: what a manifest says is compared with it, and never used as a path. */
export function chunkFile(section: Section, indexInSection: number): string {
  return `${section}-${String(indexInSection).padStart(5, '0')}.gz`
}

/** Equal manifests, equal bytes. */
export function encodeManifest(content: Omit<Manifest, 'format' | 'version'>): Uint8Array {
  return Buffer.from(`${JSON.stringify({ format: FORMAT, version: VERSION, ...content }, undefined, 1)}\n`)
}

/** Throws a SnapshotError: for another form, for bounds, names and order of the chunks. */
export function parseManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > MANIFEST_BYTES_MAX)
    throw new SnapshotError(
      'manifestTooLarge',
      `its ${MANIFEST_FILE} has more than ${MANIFEST_BYTES_MAX} bytes`,
    )
  const json = parseJson(bytes)
  const { format, version } = (json ?? {}) as { readonly format?: unknown; readonly version?: unknown }
  if (format === FORMAT && version !== VERSION)
    throw new SnapshotError(
      'unknownVersion',
      `it is of version ${String(version)}, this program reads version ${VERSION}`,
    )
  const parsed = manifestSchema.safeParse(json)
  if (!parsed.success)
    throw new SnapshotError(
      'manifestUnreadable',
      `its ${MANIFEST_FILE} is none of ours: ${describe(parsed.error)}`,
    )
  checkChunks(parsed.data)
  return parsed.data
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new SnapshotError('manifestUnreadable', `its ${MANIFEST_FILE} is no JSON, or is cut short`, {
      cause,
    })
  }
}

function describe(error: z.ZodError): string {
  const [issue] = error.issues
  return `${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'not valid'}`
}

function checkChunks({ chunks }: Manifest): void {
  let section = 0
  let indexInSection = 0
  for (const chunk of chunks) {
    const place = SECTIONS.indexOf(chunk.section)
    if (place < section)
      throw new SnapshotError(
        'chunksOutOfOrder',
        `chunks of ${chunk.section} come behind those of ${SECTIONS[section]}`,
      )
    if (place > section) indexInSection = 0
    section = place
    const file = chunkFile(chunk.section, indexInSection++)
    if (chunk.file !== file)
      throw new SnapshotError(
        'otherFileName',
        `a chunk is called ${JSON.stringify(chunk.file.slice(0, 80))} where ${file} belongs`,
      )
    const rawMax = rawBytesMax(chunk.section)
    if (chunk.rawBytes > rawMax || chunk.bytes > gzipBytesMax(chunk.rawBytes) || chunk.count > chunk.rawBytes)
      throw new SnapshotError(
        'chunkOutOfBounds',
        `${file} is said to have ${chunk.bytes} bytes, ${chunk.rawBytes} unpacked; at most ${rawMax} unpacked are read`,
      )
  }
  for (const name of ['headers', 'block', 'accounts'] as const)
    if (!chunks.some((chunk) => chunk.section === name))
      throw new SnapshotError('chunkMissing', `it lists no chunk of ${name}`)
  if (chunks.filter((chunk) => chunk.section === 'block').length > 1)
    throw new SnapshotError('chunksOutOfOrder', 'it lists more than one block')
}

/** Throws a SnapshotError when the snapshot is of another chain. */
export function checkManifestChain({ chain }: Manifest, spec: RollupSpec): void {
  const expected = chainOf(spec)
  for (const name of ['l1ChainId', 'inbox', 'l2ChainId', 'genesis'] as const)
    if (chain[name] !== expected[name])
      throw new SnapshotError(
        'otherChain',
        `its ${name} is ${chain[name]}, ${spec.name} has ${expected[name]}`,
      )
}

export function chainOf(spec: RollupSpec): Manifest['chain'] {
  const { genesis } = spec.l2
  if (genesis === undefined) throw new SnapshotError('otherChain', `${spec.name} names no genesis block`)
  return {
    l1ChainId: Number(spec.l1.chainId),
    inbox: spec.l1.inbox,
    l2ChainId: Number(spec.l2.chainId),
    genesis: genesis.hash,
  }
}

/** Names the snapshot: equal sums, equal snapshots. */
export function manifestSum(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
