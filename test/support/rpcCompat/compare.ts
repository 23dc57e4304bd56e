/**
 * What hive's rpc-compat simulator calls the same answer (simulators/ethereum/rpc-compat of https://github.com/ethereum/hive): equal as
 * JSON, numbers as floats, but for the words of errors, wherever they stand. Spec-only answers are held against the method's schema.
 */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { RESULT_SCHEMAS, SHARED_SCHEMAS } from './schemas.ts'

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: false })
ajv.addSchema(SHARED_SCHEMAS)

/** The first difference as a path and two values; undefined when there is none. */
export function differenceOf(actual: unknown, expected: unknown): string | undefined {
  return difference(actual, expected, '')
}

function difference(actual: unknown, expected: unknown, path: string): string | undefined {
  if (isObject(actual) && isObject(expected)) {
    const isError = path.endsWith('.error')
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      if (isError && key === 'message') continue
      if (!(key in actual)) return `${path}.${key} is missing`
      if (!(key in expected)) return `${path}.${key} is not expected`
      const found = difference(actual[key], expected[key], `${path}.${key}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (Array.isArray(actual) && Array.isArray(expected)) {
    if (actual.length !== expected.length)
      return `${path} has ${actual.length} items, expected ${expected.length}`
    for (const [index, item] of actual.entries()) {
      const found = difference(item, expected[index], `${path}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (actual === expected) return undefined
  return `${path} is ${show(actual)}, expected ${show(expected)}`
}

/** Why `actual` is no answer that the spec allows where `expected` was recorded. */
export function violationOf(method: string, actual: unknown, expected: unknown): string | undefined {
  if (!isObject(actual) || !isObject(expected)) return 'not a response object'
  if ('error' in actual !== 'error' in expected)
    return `.${'error' in actual ? 'error' : 'result'} is not expected: ${show(actual.error ?? actual.result)}`
  if ('error' in actual) return undefined
  const schema = RESULT_SCHEMAS[method]
  if (schema === undefined) return `no schema of ${method}`
  if (ajv.validate(schema, actual.result)) return undefined
  const [first] = ajv.errors ?? []
  return `.result${first?.instancePath ?? ''} ${first?.message ?? 'is not valid'}`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= 120 ? text : `${text.slice(0, 120)}…`
}
