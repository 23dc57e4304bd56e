/** Options of `plumbline preconf`. */
import { z } from 'zod'
import { CHAIN_OPTIONS, ENDPOINT_OPTIONS, LOG_OPTIONS, type OptionSpec } from './options.ts'

const hexOf = (bytes: number, what: string) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`), `must be ${what}: ${bytes} bytes in hex`)
    .transform((text) => text.toLowerCase())

const OWNER_KEY: OptionSpec = {
  flag: 'owner.key-file',
  argument: '<file>',
  description: 'private key of the account that owns the operator and pays',
  schema: z.string().min(1),
}
const OWNER: OptionSpec = {
  flag: 'owner.address',
  argument: '<address>',
  description: 'account that will own the operator',
  schema: hexOf(20, 'an address'),
}
const ROOT: OptionSpec = {
  flag: 'operator',
  argument: '<root>',
  description: 'registration root of the operator, as `register` printed it',
  schema: hexOf(32, 'a registration root'),
}
const REGISTRATIONS: OptionSpec = {
  flag: 'registrations',
  argument: '<file>',
  description: 'signed registrations of validators (JSON)',
  schema: z.string().min(1),
}
const PUBKEYS: OptionSpec = {
  flag: 'validators',
  argument: '<pubkeys>',
  description: 'public keys of validators, compressed, with commas between',
  schema: z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((key) => key.trim()) : value),
    z.array(hexOf(48, 'a public key')).min(1),
  ),
}
const COLLATERAL: OptionSpec = {
  flag: 'collateral',
  argument: '<ether>',
  description: 'collateral to send; what opting in takes by default',
  schema: z.preprocess(
    (value) => (typeof value === 'number' ? String(value) : value),
    z.string().regex(/^[0-9]{1,9}(\.[0-9]{1,18})?$/, 'must be an amount of ether'),
  ),
}
const COMMITTER: OptionSpec = {
  flag: 'committer',
  argument: '<address>',
  description: 'account that signs commitments; the bond answers for it',
  schema: hexOf(20, 'an address'),
}
const POSTER: OptionSpec = {
  flag: 'poster',
  argument: '<address>',
  description: 'account that posts proposals, if it is not the committer',
  schema: hexOf(20, 'an address'),
}

const CHAIN: readonly OptionSpec[] = [
  ...CHAIN_OPTIONS.filter(({ flag }) => flag !== 'genesis'),
  ...ENDPOINT_OPTIONS,
  ...LOG_OPTIONS,
]

export const REQUEST_OPTIONS: readonly OptionSpec[] = [OWNER, PUBKEYS, ...CHAIN]
export const REGISTER_OPTIONS: readonly OptionSpec[] = [REGISTRATIONS, OWNER_KEY, COLLATERAL, ...CHAIN]
export const OPT_IN_OPTIONS: readonly OptionSpec[] = [
  ROOT,
  REGISTRATIONS,
  COMMITTER,
  POSTER,
  OWNER_KEY,
  ...CHAIN,
]
export const STATUS_OPTIONS: readonly OptionSpec[] = [ROOT, ...CHAIN]
export const OPT_OUT_OPTIONS: readonly OptionSpec[] = [ROOT, OWNER_KEY, ...CHAIN]

export const PRECONF_OPTIONS: readonly OptionSpec[] = [
  ...REQUEST_OPTIONS,
  ...REGISTER_OPTIONS,
  ...OPT_IN_OPTIONS,
]
