/** Who is behind an address, as a researcher's file has it: L1 does not say. */
import { z } from 'zod'
import { CriticalError } from '../../primitives/errors.ts'

const label = z.strictObject({
  address: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address: 20 bytes in hex')
    .transform((text) => text.toLowerCase()),
  label: z.string().min(1).max(200),
  /** Where it is known from: a URL, or a sentence. */
  source: z.string().min(1).max(2000),
  country: z.string().min(1).max(200).optional(),
  /** Company or network that its machines are with. */
  host: z.string().min(1).max(200).optional(),
})
export type Label = z.infer<typeof label>

export const labelList = z.array(label).max(100_000)

const FIELDS = ['address', 'label', 'source', 'country', 'host'] as const
/** The last two may be left out. */
const CSV_HEADERS = [FIELDS.slice(0, 3).join(), FIELDS.join()]

/**
 * A CSV file (its first line `address,label,source` or `address,label,source,country,host`, no quotes, the last two may be empty) or a
 * JSON array of objects with these fields; by address. Throws CriticalError, naming `file` and the line.
 */
export function parseLabels(text: string, file: string): readonly Label[] {
  const isJson = text.trimStart().startsWith('[')
  const parsed = labelList.safeParse(isJson ? parseJson(text, file) : parseCsv(text, file))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const entry = Number(issue?.path[0] ?? 0) + 1
    throw wrong(file, `entry ${entry}: ${issue?.path.slice(1).join('.')} ${issue?.message}`)
  }
  const labels = parsed.data.toSorted((a, b) => (a.address < b.address ? -1 : 1))
  const twice = labels.find(({ address }, at) => labels[at + 1]?.address === address)
  if (twice) throw wrong(file, `${twice.address} is there twice`)
  return labels
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw wrong(file, 'it is not valid JSON', cause)
  }
}

function parseCsv(text: string, file: string): unknown {
  const [header = '', ...lines] = text.split(/\r?\n/)
  if (!CSV_HEADERS.includes(header)) throw wrong(file, `its first line must be ${CSV_HEADERS.join(' or ')}`)
  const count = header.split(',').length
  return lines.flatMap((line, at) => {
    if (line === '') return []
    const fields = line.split(',')
    if (fields.length !== count || line.includes('"'))
      throw wrong(file, `line ${at + 2} must have ${count} fields without quotes; JSON has room for commas`)
    const known = FIELDS.map((name, index) => [name, fields[index]] as const)
    return [Object.fromEntries(known.filter(([, value], index) => index < 3 || (value ?? '') !== ''))]
  })
}

function wrong(file: string, what: string, cause?: unknown): CriticalError {
  return new CriticalError(`labels file ${file}: ${what}`, { cause })
}
