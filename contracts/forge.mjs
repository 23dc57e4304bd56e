// Runs forge in this folder, once per layer: the default profile is L1 (Prague), the other L2 (Shanghai).
//   node contracts/forge.mjs test | snapshot --check | fmt
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const FORGE = join(dirname(createRequire(import.meta.url).resolve('@foundry-rs/forge/package.json')), 'bin.mjs')

/** Standard output of forge. On failure its errors are printed and the process ends. */
export function forge(profile, args, { inherit = false } = {}) {
  const result = spawnSync(process.execPath, [FORGE, ...args], {
    cwd: import.meta.dirname,
    env: { ...process.env, FOUNDRY_PROFILE: profile, FOUNDRY_DISABLE_NIGHTLY_WARNING: '1' },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', inherit ? 'inherit' : 'pipe', inherit ? 'inherit' : 'pipe'],
  })
  if (result.status !== 0) {
    if (!inherit) process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`)
    process.exit(result.status ?? 1)
  }
  return result.stdout ?? ''
}
