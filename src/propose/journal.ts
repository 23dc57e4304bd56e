/**
 * What we have sent, written down before it is sent: after a stop between sending and receipt the same proposal is neither
 * sent twice under another nonce nor forgotten. One file an entry, replaced whole.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hash, Hex } from '../primitives/hex.ts'
import { fromJson, toJson } from '../primitives/json.ts'
import type { BlobFees } from './blobTransaction.ts'

export type Attempt = { readonly hash: Hash; readonly fees: BlobFees }

/** A proposal under one nonce, through all its replacements. */
export type PostEntry = {
  readonly nonce: number
  /** Hash of calldata and blob hashes: what is proposed, whatever it pays. */
  readonly contentId: Hash
  /** L2 block the batch was built on. */
  readonly parentHash: Hash
  /** The contract refuses it in later L1 blocks. Seconds. */
  readonly deadline: bigint
  readonly gas: bigint
  readonly data: Hex
  readonly blobVersionedHashes: readonly Hash[]
  /** The last attempt in network form, blobs included. */
  readonly raw: Hex
  /** Oldest first. Any of them may be mined. Those of other content under the same nonce count too. */
  readonly attempts: readonly Attempt[]
  /** L1 head when the last attempt was sent. */
  readonly sentAtBlock: bigint
  readonly landed?: Landing
}

export type Landing = {
  readonly blockNumber: bigint
  readonly blockHash: Hash
  readonly transactionHash: Hash
  readonly proposalId: bigint
}

export type PostJournal = {
  /** By nonce. */
  list(): Promise<readonly PostEntry[]>
  /** Durable when it resolves. */
  put(entry: PostEntry): Promise<void>
  remove(nonce: number): Promise<void>
}

/** Nobody else writes in the directory: it is read once, since an entry with its blobs is more than a megabyte, and asked for often. */
export function createFileJournal(directory: string): PostJournal {
  const pathOf = (nonce: number) => join(directory, `post-${nonce}.json`)
  let known: Promise<Map<number, PostEntry>> | undefined

  const read = (): Promise<Map<number, PostEntry>> => {
    known ??= readAll().catch((error: unknown) => {
      known = undefined
      throw error
    })
    return known
  }

  const readAll = async (): Promise<Map<number, PostEntry>> => {
    await mkdir(directory, { recursive: true })
    const names = (await readdir(directory)).filter((name) => /^post-\d+\.json$/.test(name))
    const entries = await Promise.all(
      names.map(async (name) => fromJson<PostEntry>(await readFile(join(directory, name), 'utf8'))),
    )
    return new Map(entries.map((entry) => [entry.nonce, entry]))
  }

  return {
    list: async () => byNonce(await read()),
    async put(entry) {
      const entries = await read()
      const path = pathOf(entry.nonce)
      const file = await open(`${path}.new`, 'w')
      try {
        await file.writeFile(toJson(entry))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(`${path}.new`, path)
      entries.set(entry.nonce, entry)
      await syncDirectory(directory)
    },
    async remove(nonce) {
      const entries = await read()
      await rm(pathOf(nonce), { force: true })
      entries.delete(nonce)
    },
  }
}

function byNonce(entries: ReadonlyMap<number, PostEntry>): readonly PostEntry[] {
  return [...entries.values()].sort((a, b) => a.nonce - b.nonce)
}

/** The new name is durable only once its directory is. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** For tests and for accounts whose proposals nobody misses. */
export function createMemoryJournal(): PostJournal {
  const entries = new Map<number, PostEntry>()
  return {
    list: async () => byNonce(entries),
    put: async (entry) => void entries.set(entry.nonce, entry),
    remove: async (nonce) => void entries.delete(nonce),
  }
}
