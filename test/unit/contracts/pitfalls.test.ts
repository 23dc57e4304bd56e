import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const TESTS = join(ROOT, 'contracts/test')

test('every test that docs/pitfalls.md names exists', () => {
  const sources = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.sol'))
    .map((path) => readFileSync(join(TESTS, path), 'utf8'))
  const functions = new Set(
    sources.flatMap((source) => [...source.matchAll(/function (\w+)\(/g)].map(([, name]) => name)),
  )
  const text = readFileSync(join(ROOT, 'docs/pitfalls.md'), 'utf8')
  const named = [...text.matchAll(/`((?:test|testFuzz|invariant)_\w+)`/g)].map(([, name]) => name!)
  const files = [...text.matchAll(/`(test\/[\w/.]+\.ts)`/g)].map(([, path]) => path!)
  expect(named.length).toBeGreaterThan(120)
  expect([
    ...named.filter((name) => !functions.has(name)),
    ...files.filter((path) => !existsSync(join(ROOT, path))),
  ]).toEqual([])
})
