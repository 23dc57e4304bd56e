/** How the beacon API words its answers: everything under `data`, integers as decimal strings. */
import { readObject } from './rpcJson.ts'
import { check } from './wrongData.ts'

const UINT64_MAX = 2n ** 64n - 1n

export function readData(json: unknown): unknown {
  return readObject(json, 'the answer').data
}

export function readUint64(value: unknown, what: string): bigint {
  check(typeof value === 'string' && /^\d{1,20}$/.test(value), `${what} is not a decimal number`)
  const number = BigInt(value)
  check(number <= UINT64_MAX, `${what} does not fit 64 bits`)
  return number
}
