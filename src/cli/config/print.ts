/** `config print`: each value and where it came from, secrets left out. */
import type { OptionSpec } from './options.ts'
import type { Resolved } from './resolve.ts'

export function formatConfig(options: readonly OptionSpec[], resolved: Resolved): string {
  const rows = options.map((option) => {
    const entry = resolved.get(option.flag)
    if (!entry) return [option.flag, '(not set)', ''] as const
    const shown = option.isSecret ? redact(entry.value) : format(entry.value)
    return [option.flag, shown, `# ${entry.origin}`] as const
  })
  const width = Math.max(...rows.map(([flag]) => flag.length))
  return rows
    .map(([flag, value, origin]) => `${flag.padEnd(width)} = ${value}  ${origin}`.trimEnd())
    .join('\n')
}

function format(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? item.toString() : item))
}

/** Hosts help an operator; what follows them may be a key. */
function redact(value: unknown): string {
  const places = Array.isArray(value) ? value : [value]
  const shown = places.map((place) => (isUrl(String(place)) ? `${new URL(String(place)).origin}/…` : place))
  return JSON.stringify(Array.isArray(value) ? shown : shown[0])
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
}
