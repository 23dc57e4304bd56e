/** `plumbline keys` as it is typed. */
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { keysCommand } from '../../../src/cli/commands/keys.ts'
import { PRECONF_KEY_OPTIONS } from '../../../src/cli/config/keysOptions.ts'
import { loadConfig } from '../../../src/cli/config/load.ts'
import { ConfigError } from '../../../src/cli/config/resolve.ts'
import { guardFilesOf, hasPreconfKey, openSigner } from '../../../src/cli/preconfKeys.ts'
import { committerOf } from '../../../src/promise/signature.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { blockOf, createPlace, DOMAIN, KEY } from '../preconf/guard/place.ts'
import { EIP_2335_VECTORS } from '../preconf/keys/eip2335.ts'

const PRIVATE_KEY = `0x${'07'.repeat(32)}`
const ADDRESS = committerOf(new Uint8Array(32).fill(7))

let directory: string
let password: string
let keys: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-keys-'))
  password = secretFile('password', 'correct horse\n')
  keys = join(directory, 'keys')
})
afterEach(() => rmSync(directory, { recursive: true }))

function secretFile(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

type Run = { readonly code: number; readonly out: string; readonly err: string }

/** As main.ts runs it: what fails is a sentence and a code. */
async function run(...words: string[]): Promise<Run> {
  const [out, err]: [string[], string[]] = [[], []]
  const log = vi.spyOn(console, 'log').mockImplementation((line) => out.push(line))
  const error = vi.spyOn(console, 'error').mockImplementation((line) => err.push(line))
  let code = 0
  try {
    await keysCommand().parseAsync(words, { from: 'user' })
  } catch (failure) {
    code = 1
    err.push(`plumbline: ${failure instanceof Error ? failure.message : failure}`)
  } finally {
    log.mockRestore()
    error.mockRestore()
  }
  const text = (lines: string[]) => lines.map((line) => `${line}\n`).join('')
  return { code, out: text(out), err: text(err) }
}

const importKey = (...words: string[]) =>
  run('import', '--keys.dir', keys, '--preconf.password-file', password, '--keys.kdf', 'pbkdf2', ...words)

describe('keystores', () => {
  test('new makes a key that nobody else can read, list names it, address opens it', async () => {
    const made = await run(
      'new',
      '--keys.dir',
      keys,
      '--preconf.password-file',
      password,
      '--keys.kdf',
      'pbkdf2',
    )
    expect(made.err).toBe('')
    const { address, keystore } = JSON.parse(made.out)
    expect(readdirSync(keys)).toEqual([`committer-${address}.json`])
    expect(statSync(keystore).mode & 0o777).toBe(0o600)
    const listed = JSON.parse((await run('list', '--keys.dir', keys)).out)
    expect(listed).toEqual([{ address, keystore, description: `Plumbline committer ${address}` }])
    const opened = await run('address', '--preconf.keystore', keystore, '--preconf.password-file', password)
    expect(opened.out).toBe(`${address}\n`)
  })

  test('import takes a private key, and never writes over a keystore', async () => {
    const file = secretFile('key', `${PRIVATE_KEY}\n`)
    const made = await importKey('--keys.key-file', file)
    expect(JSON.parse(made.out).address).toBe(ADDRESS)
    expect(made.err).toContain('a key is used in one place')
    const again = await importKey('--keys.key-file', file)
    expect(again).toMatchObject({ code: 1, out: '' })
    expect(again.err).toMatch(/^plumbline: .*committer-0x[0-9a-f]{40}\.json is there already\n$/)
  })

  test.each([
    ['no key', 'x', /holds no private key/],
    ['a key out of range', 'f'.repeat(64), /out of its range/],
  ])('import refuses %s, without repeating it', async (_what, text, sentence) => {
    const { code, err } = await importKey('--keys.key-file', secretFile('key', text))
    expect(code).toBe(1)
    expect(err).toMatch(sentence)
    expect(err).not.toContain('ffff')
  })

  test("list passes over what is none, and says so; a validator's key is not opened", async () => {
    await importKey('--keys.key-file', secretFile('key', PRIVATE_KEY))
    writeFileSync(join(keys, 'deposit.json'), '{}')
    const validator = join(keys, 'validator.json')
    writeFileSync(validator, JSON.stringify(EIP_2335_VECTORS.pbkdf2))
    const { out, err } = await run('list', '--keys.dir', keys)
    expect(JSON.parse(out)).toMatchObject([{ address: ADDRESS }])
    expect(err).toMatch(/deposit\.json is no EIP-2335 keystore/)
    const opened = await run('address', '--preconf.keystore', validator, '--preconf.password-file', password)
    expect(opened).toMatchObject({ code: 1, out: '' })
    expect(opened.err).toMatch(/validator\.json holds a validator's key \(BLS\)/)
  })
})

describe('protection', () => {
  test('goes from one guard to another as a file', async () => {
    const place = createPlace()
    const guard = await place.openReady()
    await guard.signBlock(KEY, blockOf(place))
    const exported = await guard.export()
    await guard.close()
    const file = join(directory, 'protection.json')
    const guardDir = join(place.path, '..')
    // The place's database has another name than a node's.
    const from = join(directory, 'from')
    cpSync(guardDir, from, { recursive: true })
    renameSync(join(from, 'guard.sqlite'), join(from, 'guard.db'))
    const counter = (dir: string) => ['--preconf.guard-counter', join(directory, `${dir}.generation`)]
    const out = await run(
      'protection',
      'export',
      '--protection.file',
      file,
      '--preconf.guard-dir',
      from,
      ...counter('from'),
    )
    expect(JSON.parse(out.out)).toEqual({
      file,
      domain: exported.metadata.domain,
      keys: [KEY],
      positions: 1,
    })
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(exported)
    const to = join(directory, 'to')
    const taken = await run(
      'protection',
      'import',
      '--protection.file',
      file,
      '--preconf.guard-dir',
      to,
      ...counter('to'),
    )
    expect(JSON.parse(taken.out)).toMatchObject({ guard: join(to, 'guard.db'), positions: 1 })
    const opened = await place.open({
      path: join(to, 'guard.db'),
      counterPath: join(directory, 'to.generation'),
    })
    expect(await opened.status()).toMatchObject({ cause: 'imported' })
    place.passWindow()
    expect(await opened.signBlock(KEY, blockOf(place, { content: 2 }))).toMatchObject({ type: 'refused' })
    await opened.close()
    place.remove()
  })

  test('of nothing, or from no file of it, is refused with a sentence', async () => {
    const file = join(directory, 'x.json')
    writeFileSync(file, '{}')
    const words = ['--protection.file', file, '--preconf.guard-dir', join(directory, 'g')]
    const counter = ['--preconf.guard-counter', join(directory, 'c')]
    const none = await run('protection', 'export', ...words, ...counter)
    expect(none).toMatchObject({ code: 1, err: expect.stringMatching(/^plumbline: the directory/) })
    const bad = await run('protection', 'import', ...words, ...counter)
    expect(bad).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^plumbline: the interchange file is malformed/),
    })
    const nowhere = await run('protection', 'import', '--protection.file', file, ...counter)
    expect(nowhere.err).toMatch(/--preconf.guard-dir or --datadir is needed/)
  })
})

describe("a node's key", () => {
  const config = (flags: Record<string, string>) => loadConfig([...PRECONF_KEY_OPTIONS], { ...flags }, {})
  const given = (flags: Record<string, string>) =>
    config(
      Object.fromEntries(
        Object.entries(flags).map(([name, value]) => [
          name.replaceAll(/-([a-z])/g, (_, c) => c.toUpperCase()),
          value,
        ]),
      ),
    )

  test('comes from a keystore, with the counter beside it', async () => {
    await importKey('--keys.key-file', secretFile('key', PRIVATE_KEY))
    const keystore = join(keys, `committer-${ADDRESS}.json`)
    const options = given({
      'preconf.keystore': keystore,
      'preconf.password-file': password,
      'preconf.guard-dir': 'g',
    })
    expect(hasPreconfKey(options)).toBe(true)
    expect((await openSigner(options, DOMAIN, silentLogger)).address).toBe(ADDRESS)
    expect(guardFilesOf(options)).toEqual({ path: 'g/guard.db', counterPath: `${keystore}.generation` })
  })

  test('warns when others may read the password', async () => {
    await importKey('--keys.key-file', secretFile('key', PRIVATE_KEY))
    chmodSync(password, 0o644)
    const warned: object[] = []
    const logger = { ...silentLogger, warn: (fields: object) => warned.push(fields) }
    const keystore = join(keys, `committer-${ADDRESS}.json`)
    await openSigner(
      given({ 'preconf.keystore': keystore, 'preconf.password-file': password }),
      DOMAIN,
      logger,
    )
    expect(warned).toEqual([{ path: password }])
  })

  test('is one, or none', async () => {
    expect(hasPreconfKey(given({}))).toBe(false)
    await expect(openSigner(given({}), DOMAIN, silentLogger)).rejects.toThrow(ConfigError)
    const both = given({ 'preconf.keystore': 'k', 'preconf.commit-boost': 'http://localhost:1' })
    expect(() => hasPreconfKey(both)).toThrow('not both')
    expect(() => guardFilesOf(given({ 'preconf.commit-boost': 'http://localhost:1' }))).toThrow(
      '--preconf.guard-counter is needed',
    )
  })
})
