/** Signals: the first asks, the second ends at once with the status shells know it by. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWorkplace, type Workplace } from '../../support/e2e.ts'

const SHUTDOWN = join(import.meta.dirname, '../../../dist/cli/shutdown.js')
/** Never finishes by itself, as a step that hangs. */
const SCRIPT = `
import { createShutdown } from ${JSON.stringify(pathToFileURL(SHUTDOWN).href)}
createShutdown((name) => console.log('asked by ' + name)).addEventListener('abort', () => console.log('aborted'))
setInterval(() => {}, 1000)
console.log('started')
`

describe.skipIf(!existsSync(SHUTDOWN))('signals', () => {
  let place: Workplace
  beforeAll(async () => {
    place = await createWorkplace()
  })
  afterAll(() => place.close())

  test.each([
    ['SIGINT', 'SIGINT', 130],
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGINT', 'SIGTERM', 143],
  ] as const)('%s is a request, %s after it ends the process with status %i', async (first, second, code) => {
    const hanging = place.startScript(['--input-type=module', '--eval', SCRIPT])
    await hanging.line(/^started$/)
    hanging.signal(first)
    await hanging.line(/^aborted$/)
    expect(hanging.output()).toBe(`started\nasked by ${first}\naborted\n`)
    hanging.signal(second)
    expect(await hanging.exit()).toEqual({ code, signal: null })
  })
})
