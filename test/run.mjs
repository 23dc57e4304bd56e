#!/usr/bin/env node
// Runs the suites one after another and closes with one line that counts them all.
// usage: node test/run.mjs [--label WORD] [--no-contracts] [vitest filters…]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const argv = process.argv.slice(2)
const labelAt = argv.indexOf('--label')
const label = labelAt < 0 ? undefined : argv.splice(labelAt, 2)[1]
const withContracts = !argv.includes('--no-contracts')
const filters = argv.filter((argument) => argument !== '--no-contracts')

const total = { passed: 0, failed: 0, skipped: 0 }

runVitest()
if (withContracts) runForge()
if (total.skipped > 0 && !existsSync(join(root, '../shared/fixtures')))
  console.log(
    'the captured data of live chains and the outside suites are not beside this checkout (../shared/fixtures): their tests were skipped',
  )
const line = `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`
console.log(label ? `${label}: ${line}` : line)
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1)

function runVitest() {
  const scratch = mkdtempSync(join(tmpdir(), 'plumbline-tests-'))
  const report = join(scratch, 'report.json')
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...filters,
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, NO_COLOR: '1' } },
  )
  if (!existsSync(report)) {
    total.failed += 1
    return
  }
  const result = JSON.parse(readFileSync(report, 'utf8'))
  rmSync(scratch, { recursive: true })
  total.passed += result.numPassedTests
  total.failed += result.numFailedTests
  total.skipped += result.numPendingTests + result.numTodoTests
  // A file that does not load has no tests to fail, yet the run has failed.
  if (status !== 0 && result.numFailedTests === 0) total.failed += 1
  for (const file of result.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === 'pending' || test.status === 'skipped') console.log(`skipped: ${test.fullName}`)
    }
  }
}

/** forge.mjs runs both layers' tests and checks gas; its own closing line counts them. */
function runForge() {
  const { stdout, status } = spawnSync(process.execPath, [join(root, 'contracts/forge.mjs'), 'test'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const counted = /contracts: (\d+) passed, (\d+) failed/.exec(stdout)
  if (status !== 0 || counted === null) console.error(stdout)
  total.passed += Number(counted?.[1] ?? 0)
  total.failed += Number(counted?.[2] ?? 1)
  // Gas that changed fails the run without failing a test.
  if (status !== 0 && counted?.[2] === '0') total.failed += 1
  console.log(counted?.[0] ?? 'contracts: no result')
}
