/**
 * What a guard knows, as JSON that moves with its keys: EIP-3076's interchange for our positions. Importing is minifying: up to the
 * highest position that comes in, nothing but the very same content is signed again.
 */
import { z } from 'zod'
import { type Address, type Hash, ZERO_HASH } from '../../primitives/hex.ts'
import type { SqlValue, StoreReader, StoreTransaction } from '../../store/store.ts'
import type { PositionKind } from './position.ts'

const FORMAT = 'plumbline-promises'
const VERSION = '1'
/** Of one file: ten years of blocks each second are not moved in one piece. */
const ENTRIES_MAX = 1_000_000

const hashSchema = z.string().regex(/^0x[0-9a-f]{64}$/) as unknown as z.ZodType<Hash>
const addressSchema = z.string().regex(/^0x[0-9a-f]{40}$/) as unknown as z.ZodType<Address>
const uintSchema = (bits: bigint) =>
  z
    .string()
    .regex(/^(0|[1-9]\d{0,19})$/)
    .refine((text) => BigInt(text) < 2n ** bits)

const schema = z.strictObject({
  metadata: z.strictObject({
    format: z.literal(FORMAT),
    version: z.literal(VERSION),
    /** `nameDomain`. */
    domain: z.string(),
  }),
  data: z
    .array(
      z.strictObject({
        key: addressSchema,
        kind: z.enum(['block', 'execution', 'stream', 'list', 'inclusion', 'l1Inclusion']),
        l2_chain_id: uintSchema(64n),
        /** Nothing else is signed up to here. */
        watermark: uintSchema(48n),
        signed: z
          .array(
            z.strictObject({
              number: uintSchema(48n),
              parent: hashSchema,
              /** Absent where it is 0. */
              index: uintSchema(32n).optional(),
              hash: hashSchema,
            }),
          )
          .max(ENTRIES_MAX),
      }),
    )
    .max(ENTRIES_MAX),
})

export type Interchange = Readonly<z.infer<typeof schema>>

/**
 * RangeError for what is none, or is of another domain.
 * @param domain Any by default.
 */
export function parseInterchange(json: unknown, domain?: string): Interchange {
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new RangeError(`the interchange file is malformed: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  if (domain !== undefined && parsed.data.metadata.domain !== domain)
    throw new RangeError(
      `the interchange file is of domain ${parsed.data.metadata.domain}, this guard signs for ${domain}`,
    )
  for (const { kind, signed } of parsed.data.data) {
    if (kind === 'list' && signed.some(({ parent }) => parent !== ZERO_HASH))
      throw new RangeError('the interchange file is malformed: a list has a parent')
    if (!INDEXED_KINDS.includes(kind) && signed.some(({ index }) => index !== undefined))
      throw new RangeError(`the interchange file is malformed: a position of kind ${kind} has an index`)
  }
  return parsed.data
}

const INDEXED_KINDS: readonly PositionKind[] = ['execution', 'stream']

/** Where both have another content for one position, what is here stays: the other one is below the watermark and never signed. */
export async function importRows(
  transaction: StoreTransaction,
  { metadata: { domain }, data }: Interchange,
): Promise<void> {
  for (const { key, kind, l2_chain_id, watermark, signed } of data) {
    const place: SqlValue[] = [key, domain, kind, l2_chain_id]
    let highest = BigInt(watermark)
    for (const { number, parent, index = '0', hash } of signed) {
      if (BigInt(number) > highest) highest = BigInt(number)
      await transaction.run('INSERT OR IGNORE INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)', [
        ...place,
        BigInt(number),
        parent,
        BigInt(index),
        hash,
      ])
    }
    await transaction.run(
      `INSERT INTO watermarks VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET number = max(number, excluded.number)`,
      [...place, highest],
    )
  }
}

/** Ordered by key, kind, chain, number, parent and index, so that equal knowledge is equal text. */
export async function exportRows(reader: StoreReader, domain: string): Promise<Interchange> {
  const signed = await reader.all(
    `SELECT key, kind, l2_chain_id, number, parent, idx, hash FROM positions WHERE domain = ?
     ORDER BY key, kind, l2_chain_id, number, parent, idx`,
    [domain],
  )
  const watermarks = await reader.all(
    'SELECT key, kind, l2_chain_id, number FROM watermarks WHERE domain = ? ORDER BY key, kind, l2_chain_id',
    [domain],
  )
  type Entry = Interchange['data'][number]
  const places = new Map<string, Entry>()
  const entryOf = (row: Readonly<Record<string, unknown>>): Entry => {
    const { key, kind, l2_chain_id } = row as Entry
    const name = `${key} ${kind} ${l2_chain_id}`
    const entry = places.get(name) ?? { key, kind, l2_chain_id, watermark: '0', signed: [] }
    places.set(name, entry)
    return entry
  }
  for (const row of watermarks) entryOf(row).watermark = String(row.number)
  for (const row of signed)
    entryOf(row).signed.push({
      number: String(row.number),
      parent: row.parent as Hash,
      ...(row.idx !== 0 && { index: String(row.idx) }),
      hash: row.hash as Hash,
    })
  const names = [...places.keys()].sort()
  return {
    metadata: { format: FORMAT, version: VERSION, domain },
    data: names.flatMap((name) => places.get(name) ?? []),
  }
}
