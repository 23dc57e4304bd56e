/** CSV as RFC 4180 has it, safe for spreadsheets. */

export type CsvValue = string | number | bigint | boolean | null

/** The lines with their ends; null is an empty field, numbers are exact. */
export function formatCsv(lines: readonly (readonly CsvValue[])[]): string {
  return lines.map((line) => `${line.map(formatField).join(',')}\r\n`).join('')
}

/** A text that a spreadsheet would run as a formula gets an apostrophe before it: it may come from a stranger. */
function formatField(value: CsvValue): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
