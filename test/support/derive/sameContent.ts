/** Compares two dumps and names the first line that differs: a diff of megabytes tells nobody anything. */
import { expect } from 'vitest'

export function expectSameContent(actual: string, expected: string, when: string): void {
  if (actual === expected) return
  const [a, b] = [actual.split('\n'), expected.split('\n')]
  const at = a.findIndex((line, index) => line !== b[index])
  const place = `${when}: line ${at} of ${a.length} and ${b.length}`
  expect.soft(a[at]?.slice(0, 2_000), place).toBe(b[at]?.slice(0, 2_000))
  expect(a.length, place).toBe(b.length)
}
