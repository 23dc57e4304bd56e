/**
 * What wallets and tools do, against a devnet that promises its blocks: every action is tried and its result looked at. docs/clients.md
 * is the list of what works; `UPDATE_DOCS=1` writes it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { castActions } from '../support/clients/cast.ts'
import { ethersActions } from '../support/clients/ethers.ts'
import { viemActions } from '../support/clients/viem.ts'
import { type ClientsWorld, createClientsWorlds } from '../support/clients/world.ts'
import { createWorkplace, isBuilt, type Workplace } from '../support/e2e.ts'

const DOC = join(import.meta.dirname, '../../docs/clients.md')
/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 300_000

const versions = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const INTRODUCTION = `# Clients

Wallets and tools tried against \`plumbline devnet --devnet.sequence\`, action by action. Written by test/e2e/clients.test.ts: a row is here
because its check passed, and the test fails when one of them no longer does.
`

let place: Workplace
let worlds: readonly ClientsWorld[] = []
const worldOf = (index: number) => () => worlds[index]!
const clients = [
  { name: `viem ${versions.dependencies.viem}`, ...viemActions(worldOf(0)) },
  { name: `ethers ${versions.devDependencies.ethers}`, ...ethersActions(worldOf(1)) },
  { name: `cast ${versions.devDependencies['@foundry-rs/cast']}`, ...castActions(worldOf(2)) },
]

describe.skipIf(!isBuilt)('clients', () => {
  beforeAll(async () => {
    place = await createWorkplace()
    const devnet = place.start([
      ...['devnet', '--devnet.sequence', '--devnet.block-time', '1', '--datadir', place.path('devnet')],
      ...['--devnet.l1-port', '0', '--devnet.beacon-port', '0', '--http.port', '0', '--log.format', 'json'],
    ])
    const url = (await devnet.line(/^L2 JSON-RPC +(\S+)/))[1]!
    // The demonstration's account pays for the others, once the demonstration has ended.
    await devnet.line(/^the devnet goes on/)
    worlds = await createClientsWorlds({ url, wsUrl: url.replace('http:', 'ws:') }, clients.length)
  }, TIMEOUT_MS)
  afterAll(async () => {
    for (const { close } of clients) await close()
    await place?.close()
  })

  /** Rows of the document: only what passed. */
  const passed = clients.map(() => [] as string[])
  for (const [index, { name: client, actions }] of clients.entries())
    describe(client, () => {
      for (const { name, claim, run } of actions)
        test(
          name,
          async () => {
            await run()
            passed[index]!.push(`| ${name} | ${claim} |`)
          },
          TIMEOUT_MS,
        )
    })

  test('docs/clients.md says what works', () => {
    const tables = clients.map(({ name }, index) =>
      [`## ${name}`, '', '| action | what is checked of it |', '| --- | --- |', ...passed[index]!, ''].join(
        '\n',
      ),
    )
    const text = `${INTRODUCTION}\n${tables.join('\n')}`
    if (process.env.UPDATE_DOCS === '1') writeFileSync(DOC, text)
    expect(readFileSync(DOC, 'utf8')).toBe(text)
  })
})
