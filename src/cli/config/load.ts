/** The command line's side of configuration: options on a command, the TOML file, and the values with their origins. */
import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { parse } from 'smol-toml'
import { NETWORKS } from '../../spec/networks/networks.ts'
import { ALL_OPTIONS } from './allOptions.ts'
import type { OptionSpec } from './options.ts'
import { ConfigError, environmentName, type Resolved, resolveConfig } from './resolve.ts'

const CONFIG_FILE = 'plumbline.toml'

export function addOptions(command: Command, options: readonly OptionSpec[]): Command {
  for (const { flag, argument, description, default: fallback } of options) {
    const shown = fallback === undefined ? '' : ` (default: ${JSON.stringify(fallback)})`
    command.option(
      argument === undefined ? `--${flag}` : `--${flag} ${argument}`,
      `${description}${shown} [${environmentName(flag)}]`,
    )
  }
  return command.option(
    '--config <file>',
    `TOML file with these options (default: ./${CONFIG_FILE} if it is there)`,
  )
}

/** `parsed` is what commander made of the command line. */
export function loadConfig(
  options: readonly OptionSpec[],
  parsed: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const flags = Object.fromEntries(options.map(({ flag }) => [flag, parsed[attributeOf(flag)]]))
  const path = parsed.config === undefined ? CONFIG_FILE : String(parsed.config)
  if (parsed.config !== undefined && !existsSync(path)) throw new ConfigError(`there is no file ${path}`)
  const file = existsSync(path) ? parseFile(path) : {}
  const given = { flags, environment, file, preset: {} }
  const preset = presetOf(options, given)
  return toConfig(resolveConfig(options, { ...given, preset }, ALL_OPTIONS))
}

/** What the network that is asked for would have options be. */
function presetOf(
  options: readonly OptionSpec[],
  given: Parameters<typeof resolveConfig>[1],
): Readonly<Record<string, unknown>> {
  const choice = options.filter(({ flag }) => flag === 'network')
  const network = resolveConfig(choice, given, ALL_OPTIONS).get('network')?.value
  return NETWORKS[String(network)]?.defaults ?? {}
}

/** Commander keeps `--l1.poll-interval` as `l1.pollInterval`. */
function attributeOf(flag: string): string {
  return flag.replaceAll(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase())
}

export type Config = {
  readonly resolved: Resolved
  /** The validated value; undefined when it was given nowhere and has no default. */
  get<T>(flag: string): T | undefined
  /** Throws ConfigError with the flag's name when it was given nowhere. */
  need<T>(flag: string): T
}

function toConfig(resolved: Resolved): Config {
  const get = <T>(flag: string) => resolved.get(flag)?.value as T | undefined
  return {
    resolved,
    get,
    need<T>(flag: string) {
      const value = get<T>(flag)
      if (value === undefined) throw new ConfigError(`--${flag} (or ${environmentName(flag)}) is needed`)
      return value
    },
  }
}

function parseFile(path: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read: ${reasonOf(cause)}`, { cause })
  }
  try {
    return parse(text)
  } catch (cause) {
    throw new ConfigError(`${path} is no valid TOML: ${reasonOf(cause)}`, { cause })
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
