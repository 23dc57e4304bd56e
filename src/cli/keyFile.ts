/** Private keys come from files, never from the command line or the environment, where others on the machine see them. */
import { readFile, stat } from 'node:fs/promises'
import type { Hex } from '../primitives/hex.ts'
import type { Logger } from '../telemetry/log.ts'
import { ConfigError } from './config/resolve.ts'

/** A private key in hex, alone in its file. Warns when others may read the file. ConfigError names the file, never its content. */
export async function readKeyFile(path: string, flag: string, logger: Logger): Promise<Hex> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`${path} (--${flag}) cannot be read`, { cause })
  })
  const key = text.trim()
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(key))
    throw new ConfigError(`${path} (--${flag}) holds no private key: 32 bytes in hex wanted`)
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) logger.warn({ path }, 'others may read this key file: chmod 600')
  return `0x${key.replace(/^0x/, '').toLowerCase()}`
}
