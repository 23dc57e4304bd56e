/**
 * The chunk that is being fetched, a line for each L1 block that is done: a fetch that was killed goes on after the last of them. What does
 * not link to where it should begin, or was cut off, is left out.
 */
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { L1Position } from '../l1/l1.ts'
import { writeWhole } from '../primitives/files.ts'
import { decodeHeader, headerHash } from '../primitives/header.ts'
import { hexToBytes } from '../primitives/hex.ts'
import { RlpError } from '../primitives/rlp.ts'
import { ArchiveDamagedError, type ArchivedBlob, type ArchivedBlock, parseBlock } from './format.ts'

const FILE = 'under-way.ndjson'

export type DoneBlock = { readonly block: ArchivedBlock; readonly at: L1Position }

/** Blocks after `cursor`, one after the other, none past `to`, each with all its blobs; the file holds no others afterwards. */
export async function resumeUnderWay(
  dir: string,
  cursor: L1Position,
  to: number,
  hasBlob: (blob: ArchivedBlob) => Promise<boolean>,
): Promise<readonly DoneBlock[]> {
  const text = await readFile(join(dir, FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const done: DoneBlock[] = []
  for (const line of text.split('\n').slice(0, -1)) {
    const next = readLine(line, done.at(-1)?.at ?? cursor)
    if (next === undefined || Number(next.at.number) > to) break
    const blobs = await Promise.all((next.block.blobs ?? []).map(hasBlob))
    if (!blobs.every(Boolean)) break
    done.push(next)
  }
  await mkdir(dir, { recursive: true })
  if (done.length === 0) await endUnderWay(dir)
  else await writeWhole(join(dir, FILE), done.map(({ block }) => lineOf(block)).join(''))
  return done
}

export async function noteUnderWay(dir: string, block: ArchivedBlock): Promise<void> {
  await appendFile(join(dir, FILE), lineOf(block))
}

/** Its blocks are in a chunk that the archive names. */
export async function endUnderWay(dir: string): Promise<void> {
  await rm(join(dir, FILE), { force: true })
}

const lineOf = (block: ArchivedBlock): string => `${JSON.stringify(block)}\n`

/** Undefined where it is not the block after `before`. */
function readLine(line: string, before: L1Position): DoneBlock | undefined {
  try {
    const block = parseBlock(line, FILE)
    const header = decodeHeader(hexToBytes(block.header))
    if (header.parentHash !== before.hash || header.number !== before.number + 1n) return undefined
    return { block, at: { number: header.number, hash: headerHash(header) } }
  } catch (error) {
    // Power went away while it was written.
    if (error instanceof ArchiveDamagedError || error instanceof RlpError || error instanceof RangeError)
      return undefined
    throw error
  }
}
