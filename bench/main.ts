/** Runs every benchmark, prints the figures and writes bench/results.json. `npm run bench -- blobs state` runs only those. */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { BenchRow } from './row.ts'

const BENCHES: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
  decode: async () => (await import('./decode.ts')).benchDecode(),
  blobs: async () => (await import('./blobs.ts')).run(),
  blocks: async () => (await import('./blocks.ts')).run(),
  derive: async () => (await import('./derive.ts')).run(),
  growth: async () => (await import('./growth.ts')).run(),
  state: async () => (await import('./state.ts')).run(),
  snapshot: async () => (await import('./snapshot.ts')).run(),
  export: async () => (await import('./export.ts')).run(),
  guard: async () => (await import('./guard.ts')).run(),
  follow: async () => (await import('./follow.ts')).run(),
  replay: async () => (await import('./replay.ts')).run(),
  rpc: async () => (await import('./rpc.ts')).run(),
  preconf: async () => (await import('./preconf.ts')).run(),
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in BENCHES))
if (unknown.length > 0) {
  console.error(`unknown benchmark: ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`)
  process.exit(1)
}

const results: Record<string, readonly BenchRow[]> = {}
for (const [name, run] of Object.entries(BENCHES)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  console.log(`\n${name}`)
  const rows = await run()
  results[name] = rows
  for (const { name: what, value, unit, note } of rows) {
    console.log(
      `  ${what.padEnd(52)} ${format(value).padStart(12)} ${unit.padEnd(10)} ${note ?? ''}`.trimEnd(),
    )
  }
}
const file = join(import.meta.dirname, 'results.json')
const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length }
if (asked.length === 0) writeFileSync(file, `${JSON.stringify({ machine, results }, null, 2)}\n`)
process.exit(0)

function format(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}
