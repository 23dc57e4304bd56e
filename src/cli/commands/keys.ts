/** `plumbline keys …`: committer keys in keystores, and what their guard knows. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import secp256k1 from 'secp256k1'
import { exportProtection, importProtection } from '../../preconf/guard/offline.ts'
import { createKeystore, type KeyDerivation, type LockedKey } from '../../preconf/keys/keystore.ts'
import { type Address, hexToBytes } from '../../primitives/hex.ts'
import { committerOf } from '../../promise/signature.ts'
import {
  KEYS_ADDRESS_OPTIONS,
  KEYS_IMPORT_OPTIONS,
  KEYS_LIST_OPTIONS,
  KEYS_NEW_OPTIONS,
  PROTECTION_OPTIONS,
} from '../config/keysOptions.ts'
import { addOptions, type Config, loadConfig } from '../config/load.ts'
import type { OptionSpec } from '../config/options.ts'
import { ConfigError } from '../config/resolve.ts'
import { readKeyFile } from '../keyFile.ts'
import { loggerOf } from '../nodeConfig.ts'
import { guardFilesOf, parseJson, readKeystoreFile, readSecret } from '../preconfKeys.ts'

const KEY_SIZE = 32
/** Of a keystore's name. */
const SUFFIX = '.json'

export function keysCommand(): Command {
  return new Command('keys')
    .description('keys that sign promises, and what their guard knows')
    .addCommand(subcommand('new', 'make a key and its keystore', KEYS_NEW_OPTIONS, makeKey))
    .addCommand(subcommand('import', 'put a private key into a keystore', KEYS_IMPORT_OPTIONS, importKey))
    .addCommand(subcommand('list', 'list keystores (JSON)', KEYS_LIST_OPTIONS, listKeys))
    .addCommand(
      subcommand('address', 'open a keystore and print its address', KEYS_ADDRESS_OPTIONS, printAddress),
    )
    .addCommand(
      new Command('protection')
        .description('what a guard knows of the signatures of its keys; goes where a key goes')
        .addCommand(subcommand('export', 'write it to a file', PROTECTION_OPTIONS, writeProtection))
        .addCommand(
          subcommand(
            'import',
            'take over a file; the guard waits a window afterwards',
            PROTECTION_OPTIONS,
            readProtection,
          ),
        ),
    )
}

function subcommand(
  name: string,
  description: string,
  options: readonly OptionSpec[],
  run: (config: Config) => Promise<void>,
): Command {
  return addOptions(new Command(name).description(description), options).action(async (flags) =>
    run(loadConfig(options, flags)),
  )
}

async function makeKey(config: Config): Promise<void> {
  let privateKey = randomBytes(KEY_SIZE)
  while (!secp256k1.privateKeyVerify(privateKey)) privateKey = randomBytes(KEY_SIZE)
  await keepKey(config, privateKey)
}

async function importKey(config: Config): Promise<void> {
  const text = await readKeyFile(config.need<string>('keys.key-file'), 'keys.key-file', loggerOf(config))
  const privateKey = hexToBytes(text)
  if (!secp256k1.privateKeyVerify(privateKey))
    throw new ConfigError('the file holds no private key of secp256k1: out of its range')
  await keepKey(config, privateKey)
  console.error('a key is used in one place: if it has signed promises elsewhere, import its protection too')
}

async function keepKey(config: Config, privateKey: Uint8Array): Promise<void> {
  const address = committerOf(privateKey)
  const keystore = await createKeystore({
    privateKey,
    password: await readSecret(config, 'preconf.password-file', loggerOf(config)),
    kdf: config.need<KeyDerivation>('keys.kdf'),
    description: `Plumbline committer ${address}`,
  })
  const directory = config.need<string>('keys.dir')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, `committer-${address}${SUFFIX}`)
  await writeNew(path, `${JSON.stringify(keystore, undefined, 2)}\n`)
  print({ address, keystore: path })
}

async function listKeys(config: Config): Promise<void> {
  const directory = config.need<string>('keys.dir')
  const names = await readdir(directory).catch((cause: unknown) => {
    throw new ConfigError(`${directory} (--keys.dir) cannot be read`, { cause })
  })
  const keys = []
  for (const name of names.filter((each) => each.endsWith(SUFFIX)).sort()) {
    const path = join(directory, name)
    const key = await readKeystoreFile(path).catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : String(error))
      return undefined
    })
    if (key !== undefined) keys.push(describe(path, key))
  }
  print(keys)
}

function describe(path: string, { address, description }: LockedKey): object {
  return { address, keystore: path, ...(description !== undefined && { description }) }
}

async function printAddress(config: Config): Promise<void> {
  const key = await readKeystoreFile(config.need<string>('preconf.keystore'))
  const privateKey = await key.unlock(await readSecret(config, 'preconf.password-file', loggerOf(config)))
  const address: Address = committerOf(privateKey)
  console.log(address)
}

async function writeProtection(config: Config): Promise<void> {
  const { path } = guardFilesOf(config, config.get<string>('datadir'))
  const wanted = config.get<string>('protection.domain')
  const files = (await exportProtection(path)).filter(
    ({ metadata }) => wanted === undefined || metadata.domain === wanted,
  )
  const [interchange] = files
  if (interchange === undefined) throw new ConfigError(`${path} knows of no such signature`)
  if (files.length > 1)
    throw new ConfigError(
      `a file is for one domain: choose with --protection.domain from ${files.map(({ metadata }) => metadata.domain).join(', ')}`,
    )
  const file = config.need<string>('protection.file')
  await writeNew(file, `${JSON.stringify(interchange, undefined, 2)}\n`)
  print({ file, domain: interchange.metadata.domain, ...countOf(interchange) })
  console.error(
    'what the guard signs from now on is not in the file: stop the node first, and let it stay stopped',
  )
}

async function readProtection(config: Config): Promise<void> {
  const file = config.need<string>('protection.file')
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`${file} (--protection.file) cannot be read`, { cause })
  })
  const files = guardFilesOf(config, config.get<string>('datadir'))
  await mkdir(join(files.path, '..'), { recursive: true, mode: 0o700 })
  const interchange = await importProtection(files, parseJson(text, file))
  print({ guard: files.path, domain: interchange.metadata.domain, ...countOf(interchange) })
  console.error('imported; the next node that opens this guard signs nothing for a window of L1 time')
}

function countOf({
  data,
}: {
  readonly data: readonly { readonly key: Address; readonly signed: readonly unknown[] }[]
}) {
  return {
    keys: [...new Set(data.map(({ key }) => key))],
    positions: data.reduce((sum, { signed }) => sum + signed.length, 0),
  }
}

/** Never over another file. */
async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    const isThere = (cause as { code?: unknown }).code === 'EEXIST'
    throw new ConfigError(`${path} ${isThere ? 'is there already' : 'cannot be written'}`, { cause })
  })
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

function print(value: object): void {
  console.log(JSON.stringify(value, undefined, 2))
}
