/** Values of the options, and where each came from: flag, then environment, then file, then network preset, then default. */
import type { OptionSpec } from './options.ts'

export type Origin = 'flag' | 'environment' | 'file' | 'preset' | 'default'

export type Resolved = ReadonlyMap<string, { readonly value: unknown; readonly origin: Origin }>

/** A value that is not of its option's form, or a name no option has. The message names the place and says what is expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const PREFIX = 'PLUMBLINE_'

/** `PLUMBLINE_L1_BEACON` for `l1.beacon`: mechanical, without exceptions. */
export function environmentName(flag: string): string {
  return `${PREFIX}${flag.replaceAll(/[.-]/g, '_').toUpperCase()}`
}

export function resolveConfig(
  options: readonly OptionSpec[],
  given: {
    readonly flags: Readonly<Record<string, unknown>>
    readonly environment: Readonly<Record<string, string | undefined>>
    /** Parsed TOML. Tables are dotted prefixes: `[l1] rpc = …` is `l1.rpc`. */
    readonly file: Readonly<Record<string, unknown>>
    readonly preset: Readonly<Record<string, unknown>>
  },
  /** Those that may be named in file and environment, though they are not asked for here. */
  known = options,
): Resolved {
  const file = flatten(given.file)
  rejectUnknown(known, file, given.environment)
  const resolved = new Map<string, { value: unknown; origin: Origin }>()
  for (const option of options) {
    const { flag } = option
    const candidates: readonly (readonly [Origin, unknown])[] = [
      ['flag', given.flags[flag]],
      ['environment', given.environment[environmentName(flag)]],
      ['file', file.get(flag)],
      ['preset', given.preset[flag]],
      ['default', option.default],
    ]
    const found = candidates.find(([, value]) => value !== undefined)
    if (!found) continue
    const [origin, text] = found
    resolved.set(flag, { value: parse(option, origin, text), origin })
  }
  return resolved
}

function parse(option: OptionSpec, origin: Origin, text: unknown): unknown {
  const result = option.schema.safeParse(text)
  if (result.success) return result.data
  const place = origin === 'environment' ? environmentName(option.flag) : `--${option.flag}`
  const reason = result.error.issues[0]?.message ?? 'not valid'
  throw new ConfigError(`${place} (from ${origin}): ${reason}`)
}

function flatten(file: Readonly<Record<string, unknown>>, prefix = ''): Map<string, unknown> {
  const flat = new Map<string, unknown>()
  for (const [key, value] of Object.entries(file)) {
    const isTable = value !== null && typeof value === 'object' && !Array.isArray(value)
    if (isTable) {
      for (const entry of flatten(value as Record<string, unknown>, `${prefix}${key}.`)) flat.set(...entry)
    } else {
      flat.set(prefix + key, value)
    }
  }
  return flat
}

/** A misspelt name is an error: what was meant would be missing without a word. */
function rejectUnknown(
  known: readonly OptionSpec[],
  file: ReadonlyMap<string, unknown>,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const flags = new Set(known.map(({ flag }) => flag))
  for (const key of file.keys()) {
    if (!flags.has(key)) throw new ConfigError(`unknown key in the configuration file: ${key}`)
  }
  const names = new Set(known.map(({ flag }) => environmentName(flag)))
  for (const name of Object.keys(environment)) {
    if (name.startsWith(PREFIX) && !names.has(name))
      throw new ConfigError(`unknown environment variable ${name}`)
  }
}
