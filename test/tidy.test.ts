import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'

/** The order of the house: a room imports rooms of a lower level only. Null: any room may import it. */
const LEVELS: Readonly<Record<string, number | null>> = {
  primitives: 0,
  spec: 1,
  protocol: 2,
  promise: 2,
  store: 2,
  l1: 3,
  engine: 3,
  chain: 3,
  archive: 4,
  derive: 4,
  schedule: 4,
  replay: 5,
  propose: 5,
  snapshot: 5,
  bridge: 6,
  preconf: 6,
  rpc: 7,
  research: 7,
  'node.ts': 8,
  cli: 9,
  telemetry: null,
}

/** Consensus is a function of its inputs. */
const PURE_ROOMS = ['spec', 'protocol', 'promise', 'engine', 'chain', 'derive']
const IMPURE = [
  /\bDate\b/,
  /\bperformance\.now\b/,
  /\bMath\.random\b/,
  /\brandomBytes\b/,
  /\brandomUUID\b/,
  /\bsetTimeout\b/,
  /\bsetInterval\b/,
  /\bprocess\.env\b/,
]

const SRC = join(import.meta.dirname, '../src')

function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return sources(path)
    return entry.name.endsWith('.ts') ? [path] : []
  })
}

const roomOf = (path: string): string => relative(SRC, path).split('/')[0]!
const files = sources(SRC)

test('every room has a level', () => {
  const unknown = files.map(roomOf).filter((room) => !(room in LEVELS))
  expect([...new Set(unknown)]).toEqual([])
})

test('a room imports lower rooms only', () => {
  const offending: string[] = []
  for (const path of files) {
    const from = roomOf(path)
    for (const [, target] of readFileSync(path, 'utf8').matchAll(/from '(\.{1,2}\/[^']+)'/g)) {
      const to = roomOf(join(path, '..', target!))
      const fromLevel = LEVELS[from]
      const toLevel = LEVELS[to]
      if (from === to || toLevel === null) continue
      if (fromLevel === null || toLevel === undefined || toLevel >= fromLevel!)
        offending.push(`${relative(SRC, path)} imports ${target}`)
    }
  }
  expect(offending).toEqual([])
})

test('consensus rooms use no clock, randomness, timers or environment', () => {
  const offending: string[] = []
  for (const path of files.filter((file) => PURE_ROOMS.includes(roomOf(file)))) {
    const code = readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    for (const pattern of IMPURE) {
      if (pattern.test(code)) offending.push(`${relative(SRC, path)} uses ${pattern.source}`)
    }
  }
  expect(offending).toEqual([])
})

test('the repository names no machine and no secret', () => {
  const tracked = execFileSync('git', ['ls-files'], { cwd: join(SRC, '..'), encoding: 'utf8' })
  const offending = tracked
    .split('\n')
    .filter((path) => /\.(ts|sol|md|json|mjs|toml)$/.test(path) && path !== 'package-lock.json')
    .filter((path) => path !== 'test/tidy.test.ts')
    .filter((path) => /\/work\/|\/root\/|PRIVATE KEY-----/.test(readFileSync(join(SRC, '..', path), 'utf8')))
  expect(offending).toEqual([])
})
