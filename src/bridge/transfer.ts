/**
 * A transfer under way, as a JSON file: each command reads it, does the next step once, and writes what came of it before and
 * after anything is sent. Running a command again goes on where the file says.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { CriticalError } from '../primitives/errors.ts'
import type { Address, Hash, Hex } from '../primitives/hex.ts'

const integer = z
  .string()
  .regex(/^[0-9]+$/)
  .transform((text) => BigInt(text))
const hexString = z
  .string()
  .regex(/^0x([0-9a-f]{2})*$/)
  .transform((text) => text as Hex)
const hash = hexString.refine((text) => text.length === 66).transform((text) => text as Hash)
const address = hexString.refine((text) => text.length === 42).transform((text) => text as Address)

const transferSchema = z.strictObject({
  direction: z.enum(['deposit', 'withdrawal']),
  /** Sends the message, on the source layer. */
  transaction: z.strictObject({ hash, raw: hexString }),
  /** Queued on L1 instead of sent to an L2 node; under one nonce, so that it cannot be queued twice. */
  forced: z
    .strictObject({ nonce: z.number().int().nonnegative(), blobHash: hash, transactionHashes: z.array(hash) })
    .exactOptional(),
  message: z
    .strictObject({
      nonce: integer,
      sourceChainId: integer,
      destinationChainId: integer,
      gasLimit: integer,
      sender: address,
      owner: address,
      to: address,
      value: integer,
      data: hexString,
    })
    .exactOptional(),
  proof: z
    .strictObject({
      blockNumber: integer,
      accountProof: z.array(hexString),
      storageProof: z.array(hexString),
    })
    .exactOptional(),
})

export type Transfer = Readonly<z.output<typeof transferSchema>>

/** Undefined where there is no file. Throws a CriticalError for one that is no transfer. */
export function loadTransfer(path: string): Transfer | undefined {
  if (!existsSync(path)) return undefined
  try {
    return transferSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new CriticalError(`${path} is no transfer of this bridge; name another file`, { cause })
  }
}

export function saveTransfer(path: string, transfer: Transfer): void {
  const text = JSON.stringify(
    transfer,
    (_key, value) => (typeof value === 'bigint' ? String(value) : value),
    2,
  )
  writeFileSync(`${path}.new`, `${text}\n`)
  renameSync(`${path}.new`, path)
}
