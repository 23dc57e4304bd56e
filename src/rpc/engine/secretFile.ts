/** The secret of the authenticated port in its file: made by whichever side comes first, read by the other. */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CriticalError } from '../../primitives/errors.ts'
import { parseJwtSecret } from './jwt.ts'

const SECRET_BYTES = 32

/** Readable by its owner alone when it is made here. CriticalError names the file, never its content. */
export async function openJwtSecret(path: string): Promise<Uint8Array> {
  const made = randomBytes(SECRET_BYTES)
  await mkdir(dirname(path), { recursive: true }).catch((cause) => {
    throw new CriticalError(`the JWT secret ${path} cannot be made`, { cause })
  })
  try {
    // Fails where there is one: two processes that start at once must not both make one.
    await writeFile(path, made.toString('hex'), { mode: 0o600, flag: 'wx' })
    return made
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'))
      throw new CriticalError(`the JWT secret ${path} cannot be made`, { cause })
  }
  try {
    return parseJwtSecret(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new CriticalError(`${path} holds no JWT secret that can be read: 32 bytes in hex wanted`, { cause })
  }
}
