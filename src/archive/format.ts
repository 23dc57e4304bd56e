/**
 * What an archive is made of (docs/archives.md). A folder:
 *   archive.json                    the chain, and the chunks there are
 *   l1/FROM-TO-SHA256.ndjson.gz     one line an L1 block: header, and of blocks with events of ours the receipts and transactions
 *   blobs/XX/VERSIONED_HASH.gz      each blob, named by what commits to it
 * Everything in it is proven again when it is read: headers link by hash, receipts and transactions carry their path to the roots of
 * the header, blobs are hashed. The names of the chunks only find damage early, and say which file.
 */
import { z } from 'zod'
import { CriticalError } from '../primitives/errors.ts'
import type { Address, Hash, Hex } from '../primitives/hex.ts'

export const ARCHIVE_FORMAT = 'plumbline-archive-1'
export const MANIFEST_FILE = 'archive.json'

/** Something in the archive is not what it should be. The message names the file, and what to do. */
export class ArchiveDamagedError extends CriticalError {
  override readonly name = 'ArchiveDamagedError'
  readonly file: string
  readonly what: string

  constructor(data: { readonly file: string; readonly what: string; readonly cause?: unknown }) {
    super(
      `${data.file}: ${data.what}. Delete the file and run plumbline archive fetch again, which fetches what is missing`,
      {
        cause: data.cause,
      },
    )
    this.file = data.file
    this.what = data.what
  }
}

const hash = z.custom<Hash>((value) => typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value))
const hex = z.custom<Hex>((value) => typeof value === 'string' && /^0x([0-9a-f]{2})*$/.test(value))
const address = z.custom<Address>((value) => typeof value === 'string' && /^0x[0-9a-f]{40}$/.test(value))
const count = z.int().min(0).max(0xffff_ffff)

/** Path of a value in an ordered trie, root first. */
const proof = z.array(hex).min(1).max(16)

const archivedReceipt = z.strictObject({
  /** Position in the block. */
  index: count,
  /** Of its first log, over all logs of the block; on the word of whoever was asked, and nothing is derived from it. */
  firstLogIndex: count,
  proof,
})

const archivedTransaction = z.strictObject({
  index: count,
  /** Absent on an L1 whose transactions root is that of another encoding (anvil): then `raw` stands in its place, unproven. */
  proof: proof.exactOptional(),
  raw: hex.exactOptional(),
})

const archivedBlob = z.strictObject({
  hash,
  /** Which source gave it; null: none had it. */
  from: z.string().nullable(),
})

const archivedBlock = z.strictObject({
  /** RLP. */
  header: hex,
  receipts: z.array(archivedReceipt).exactOptional(),
  transactions: z.array(archivedTransaction).exactOptional(),
  blobs: z.array(archivedBlob).exactOptional(),
})
export type ArchivedBlock = z.infer<typeof archivedBlock>
export type ArchivedReceipt = z.infer<typeof archivedReceipt>
export type ArchivedTransaction = z.infer<typeof archivedTransaction>
export type ArchivedBlob = z.infer<typeof archivedBlob>

const chunk = z.strictObject({
  from: count,
  to: count,
  /** Hash of the chunk's first block's parent, and of its last block: chunks link as blocks do. */
  parentHash: hash,
  lastHash: hash,
  /** Of the file, and part of its name. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Bytes of the file. */
  size: count,
})
export type ChunkEntry = z.infer<typeof chunk>

const manifest = z.strictObject({
  format: z.literal(ARCHIVE_FORMAT),
  chainId: z.string().regex(/^[0-9]+$/),
  /** Contracts whose events are kept. */
  contracts: z.array(address).min(1).max(16),
  /** First block that was asked for; those before it are there for what later blocks refer to, with their headers alone. */
  eventsFrom: count,
  /** Header of L1's block 0 (RLP), which the first default block of a chain anchors to. */
  genesis: hex,
  /** In order and without gaps; every block in them was final when it was fetched. */
  chunks: z.array(chunk).max(1_000_000),
})
export type Manifest = z.infer<typeof manifest>

/** Throws ArchiveDamagedError. */
export function parseManifest(text: string, file: string): Manifest {
  return parseAs(manifest, text, file)
}

/** One line of a chunk. Throws ArchiveDamagedError. */
export function parseBlock(line: string, file: string): ArchivedBlock {
  return parseAs(archivedBlock, line, file)
}

function parseAs<T>(schema: z.ZodType<T>, text: string, file: string): T {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new ArchiveDamagedError({ file, what: 'it is not JSON', cause })
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ArchiveDamagedError({
    file,
    what: `${issue?.path.join('.') || 'it'} is malformed: ${issue?.message}`,
    cause: parsed.error,
  })
}
