/** Options of the committer's key and its guard, and of `plumbline keys`. */
import { z } from 'zod'
import { LOG_OPTIONS, type OptionSpec } from './options.ts'

const file = z.string().min(1)

const KEYSTORE: OptionSpec = {
  flag: 'preconf.keystore',
  argument: '<file>',
  description: "the committer's key, an EIP-2335 keystore as `plumbline keys new` makes it",
  schema: file,
}
const PASSWORD: OptionSpec = {
  flag: 'preconf.password-file',
  argument: '<file>',
  description: 'password of the keystore',
  schema: file,
}
const GUARD_DIR: OptionSpec = {
  flag: 'preconf.guard-dir',
  argument: '<dir>',
  description: "where the guard's database lives, on a local disk; guard in the data directory by default",
  schema: file,
}
const GUARD_COUNTER: OptionSpec = {
  flag: 'preconf.guard-counter',
  argument: '<file>',
  description:
    "counter of the guard's generations, in no backup of its database; beside the keystore by default",
  schema: file,
}

/** Where a node's signatures come from. */
export const PRECONF_KEY_OPTIONS: readonly OptionSpec[] = [
  KEYSTORE,
  PASSWORD,
  {
    flag: 'preconf.commit-boost',
    argument: '<url>',
    description: 'Commit-Boost signer that holds the key, instead of a keystore',
    schema: z.url({ protocol: /^https?$/ }),
    isSecret: true,
  },
  {
    flag: 'preconf.commit-boost-jwt-file',
    argument: '<file>',
    description: 'JWT secret of our module there',
    schema: file,
  },
  {
    flag: 'preconf.commit-boost-module',
    argument: '<id>',
    description: 'id of our module there; its signing_id must be that of the registry',
    schema: z.string().min(1),
    default: 'PLUMBLINE',
  },
  {
    flag: 'preconf.commit-boost-proxy',
    argument: '<address>',
    description: 'address of the ECDSA proxy key there: the committer',
    schema: z
      .string()
      .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address: 20 bytes in hex')
      .transform((text) => text.toLowerCase()),
  },
  GUARD_DIR,
  GUARD_COUNTER,
]

const KEYS_DIR: OptionSpec = {
  flag: 'keys.dir',
  argument: '<dir>',
  description: 'where keystores lie',
  schema: file,
  default: 'data/keys',
}
const KDF: OptionSpec = {
  flag: 'keys.kdf',
  argument: '<name>',
  description: 'how the password becomes a key: scrypt or pbkdf2',
  schema: z.enum(['scrypt', 'pbkdf2']),
  default: 'scrypt',
}
const IMPORTED_KEY: OptionSpec = {
  flag: 'keys.key-file',
  argument: '<file>',
  description: 'private key to put into a keystore: 32 bytes in hex; remove the file afterwards',
  schema: file,
}
const INTERCHANGE: OptionSpec = {
  flag: 'protection.file',
  argument: '<file>',
  description: 'what a guard knows, as JSON that moves with the key',
  schema: file,
}
const PROTECTED_DOMAIN: OptionSpec = {
  flag: 'protection.domain',
  argument: '<domain>',
  description: 'L1 chain, slasher and signing id that were signed for, where a guard has had several',
  schema: z.string().min(1),
}
const DATA_DIR: OptionSpec = {
  flag: 'datadir',
  argument: '<dir>',
  description: 'data directory of the node, where --preconf.guard-dir is not given',
  schema: file,
}

export const KEYS_NEW_OPTIONS: readonly OptionSpec[] = [KEYS_DIR, PASSWORD, KDF, ...LOG_OPTIONS]
export const KEYS_IMPORT_OPTIONS: readonly OptionSpec[] = [IMPORTED_KEY, ...KEYS_NEW_OPTIONS]
export const KEYS_LIST_OPTIONS: readonly OptionSpec[] = [KEYS_DIR, ...LOG_OPTIONS]
export const KEYS_ADDRESS_OPTIONS: readonly OptionSpec[] = [KEYSTORE, PASSWORD, ...LOG_OPTIONS]
export const PROTECTION_OPTIONS: readonly OptionSpec[] = [
  INTERCHANGE,
  PROTECTED_DOMAIN,
  GUARD_DIR,
  GUARD_COUNTER,
  KEYSTORE,
  DATA_DIR,
  ...LOG_OPTIONS,
]

/** Without those that other commands have. */
export const KEYS_OPTIONS: readonly OptionSpec[] = [
  KEYS_DIR,
  KDF,
  IMPORTED_KEY,
  INTERCHANGE,
  PROTECTED_DOMAIN,
  ...PRECONF_KEY_OPTIONS,
]
