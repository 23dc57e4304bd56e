// Runs forge in this folder, once for each layer: profile `default` is L1 (Prague), `l2` is L2 (Shanghai).
//   node contracts/forge.mjs test        every test; gas must equal snapshots/; ends with "contracts: N passed, M failed"
//   node contracts/forge.mjs invariants  the invariants at full depth
//   node contracts/forge.mjs snapshot    writes snapshots/ anew
//   node contracts/forge.mjs fmt [--check]
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/** The binary itself: the package's own launcher loses the exit status. */
function findForge() {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const require = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/forge/package.json'))
  const manifest = require.resolve(`@foundry-rs/forge-${process.platform}-${arch}/package.json`)
  return join(dirname(manifest), 'bin', process.platform === 'win32' ? 'forge.exe' : 'forge')
}

/** What forge prints and its exit status. */
export function runForge(profile, args, env = {}) {
  const { status, stdout, stderr, error } = spawnSync(findForge(), args, {
    cwd: import.meta.dirname,
    env: { ...process.env, FOUNDRY_PROFILE: profile, ...env },
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (error) throw error
  return { succeeded: status === 0, output: `${stdout}${stderr}` }
}

const LAYERS = ['default', 'l2']
/** Of an invariant campaign: runs, and calls a run. Takes most of an hour. */
const FULL_DEPTH = { FOUNDRY_INVARIANT_RUNS: '256', FOUNDRY_INVARIANT_DEPTH: '500' }

function test(env, profiles = LAYERS, args = []) {
  let [passed, failed, hasFailed] = [0, 0, false]
  for (const profile of profiles) {
    const { succeeded, output } = runForge(profile, ['test', ...args], env)
    process.stdout.write(output)
    const counts = /: (\d+) tests passed, (\d+) failed, \d+ skipped \(\d+ total tests\)/.exec(output)
    passed += Number(counts?.[1] ?? 0)
    failed += Number(counts?.[2] ?? 0)
    // No counts: it did not compile, or ran nothing.
    if (!succeeded || !counts) hasFailed = true
  }
  console.log(`contracts: ${passed} passed, ${failed} failed`)
  return !hasFailed
}

function main([command, ...rest]) {
  if (command === 'test') return test({ FORGE_SNAPSHOT_CHECK: 'true' })
  if (command === 'snapshot') return test({})
  if (command === 'invariants') return test(FULL_DEPTH, ['default'], ['--match-test', '^invariant_'])
  if (command === 'fmt') {
    const { succeeded, output } = runForge('default', ['fmt', ...rest, 'src', 'test'])
    process.stdout.write(output)
    return succeeded
  }
  console.error('usage: node contracts/forge.mjs test | invariants | snapshot | fmt [--check]')
  return false
}

if (process.argv[1] === import.meta.filename && !main(process.argv.slice(2))) process.exitCode = 1
