/** Where a node's signatures come from, and where its guard keeps its two files, from the options. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { GuardSigner } from '../preconf/guard/guard.ts'
import { connectCommitBoost } from '../preconf/keys/commitBoost.ts'
import { type LockedKey, readKeystore } from '../preconf/keys/keystore.ts'
import { createLocalSigner } from '../preconf/keys/localSigner.ts'
import type { Address } from '../primitives/hex.ts'
import type { PromiseDomain } from '../promise/domain.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Config } from './config/load.ts'
import { ConfigError } from './config/resolve.ts'

/** Database of a guard, in its directory. */
const GUARD_FILE = 'guard.db'
/** Behind the name of a keystore. */
const COUNTER_SUFFIX = '.generation'

/** Whether the options name a key at all. ConfigError when they name two. */
export function hasPreconfKey(config: Config): boolean {
  const places = ['preconf.keystore', 'preconf.commit-boost'].filter((flag) => config.get(flag) !== undefined)
  if (places.length > 1)
    throw new ConfigError('one of --preconf.keystore and --preconf.commit-boost is to be given, not both')
  return places.length === 1
}

/**
 * @param domain What is signed for: a Commit-Boost signer must sign for the same.
 * CriticalError with what to mend; TemporaryError when a remote signer does not answer yet.
 */
export async function openSigner(
  config: Config,
  domain: PromiseDomain,
  logger: Logger,
): Promise<GuardSigner> {
  if (!hasPreconfKey(config))
    throw new ConfigError(
      '--preconf.keystore or --preconf.commit-boost is needed: there is no key to sign with',
    )
  const url = config.get<string>('preconf.commit-boost')
  if (url !== undefined)
    return connectCommitBoost({
      url,
      domain,
      jwtSecret: await readSecret(config, 'preconf.commit-boost-jwt-file', logger),
      moduleId: config.need<string>('preconf.commit-boost-module'),
      proxy: config.need<Address>('preconf.commit-boost-proxy'),
    })
  const key = await readKeystoreFile(config.need<string>('preconf.keystore'))
  return createLocalSigner(await key.unlock(await readSecret(config, 'preconf.password-file', logger)))
}

/** @param dataDir Of the node. */
export function guardFilesOf(
  config: Config,
  dataDir?: string,
): { readonly path: string; readonly counterPath: string } {
  const keystore = config.get<string>('preconf.keystore')
  const counterPath =
    config.get<string>('preconf.guard-counter') ?? (keystore && `${keystore}${COUNTER_SUFFIX}`)
  if (counterPath === undefined)
    throw new ConfigError('--preconf.guard-counter is needed where there is no keystore to lay it beside')
  const directory = config.get<string>('preconf.guard-dir') ?? (dataDir && join(dataDir, 'guard'))
  if (directory === undefined) throw new ConfigError('--preconf.guard-dir or --datadir is needed')
  return { path: join(directory, GUARD_FILE), counterPath }
}

export async function readKeystoreFile(path: string): Promise<LockedKey> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`${path} (--preconf.keystore) cannot be read`, { cause })
  })
  return readKeystore(parseJson(text, path), path)
}

/** The text of a file, without the end of its line. */
export async function readSecret(config: Config, flag: string, logger: Logger): Promise<string> {
  const path = config.need<string>(flag)
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`${path} (--${flag}) cannot be read`, { cause })
  })
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) logger.warn({ path }, 'others may read this secret: chmod 600')
  const secret = text.replace(/\r?\n$/, '')
  if (secret === '') throw new ConfigError(`${path} (--${flag}) is empty`)
  return secret
}

export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConfigError(`${path} is no valid JSON`, { cause })
  }
}
