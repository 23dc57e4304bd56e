/** Real processes: killed at each step of a signature, two on one file, and disks that refuse. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { blockCommitmentHash } from '../../../../src/promise/blockCommitment.ts'
import { StoreIoError } from '../../../../src/store/errors.ts'
import { blockOf, createPlace, DOMAIN, hashOf, KEY, type Place, sign } from './place.ts'

let place: Place
beforeEach(() => {
  place = createPlace()
})
afterEach(() => place.remove())

const ROOT = join(import.meta.dirname, '../../../..')

/** Opens the guard in a process of its own and asks for block 101 there; `body` is run at a step, with `die` at hand. */
async function runVictim(step: { isRemoved?: string; sign?: string; after?: string }): Promise<string> {
  const script = `
    const { openGuard } = await import('./src/preconf/guard/guard.ts')
    const { fromJson } = await import('./src/primitives/json.ts')
    const { signHash } = await import('./src/promise/signature.ts')
    const die = () => process.kill(process.pid, 'SIGKILL')
    const { path, counterPath, l1, domain, key, block } = fromJson(process.argv[1])
    try {
      const guard = await openGuard({
        path, counterPath, domain, windowSeconds: 384n,
        signers: [{ address: key, sign: async (hash) => {
          const signature = signHash(hash, new Uint8Array(32).fill(7))
          ${step.sign ?? ''}
          return signature
        } }],
        readL1: async () => ({ ...l1, isRemoved: async () => { ${step.isRemoved ?? ''}; return true } }),
      })
      const answer = await guard.signBlock(key, block)
      console.log(answer.type)
      ${step.after ?? 'await guard.close()'}
    } catch (error) {
      console.log(error.name)
    }`
  const { toJson } = await import('../../../../src/primitives/json.ts')
  const argument = toJson({
    path: place.path,
    counterPath: place.counterPath,
    l1: place.l1,
    domain: DOMAIN,
    key: KEY,
    block: blockOf(place, { blockNumber: 101n }),
  })
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, argument], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  await once(child, 'close')
  return output.trim()
}

describe('killed on the way to a signature', () => {
  test('before the record: nothing was signed, any content may be', async () => {
    const guard = await place.openReady()
    await guard.signBlock(KEY, blockOf(place, { blockNumber: 101n, parentBlockHash: hashOf(98) }))
    await guard.close()
    expect(await runVictim({ isRemoved: 'die(); await new Promise(() => {})' })).toBe('')
    place.removed.add(hashOf(98))
    const again = await place.open()
    expect(await again.signBlock(KEY, blockOf(place, { blockNumber: 101n, content: 2 }))).toMatchObject({
      type: 'signed',
    })
    await again.close()
  })

  test.each([
    ['between record and signature', { sign: 'die(); await new Promise(() => {})' }, ''],
    [
      'after the signature was given away, before it was kept',
      {
        sign: 'await new Promise((done) => process.stdout.write(signature, done)); die(); await new Promise(() => {})',
      },
      'given',
    ],
    [
      'after the answer',
      { after: "await new Promise((done) => process.stdout.write('', done)); die()" },
      'signed',
    ],
  ])('%s: the same content is signed, other content is not', async (_when, step, output) => {
    await (await place.openReady()).close()
    const block = blockOf(place, { blockNumber: 101n })
    const signature = sign(blockCommitmentHash(block, DOMAIN))
    expect(await runVictim(step)).toBe(output === 'given' ? signature : output)
    const guard = await place.open()
    expect(await guard.signBlock(KEY, { ...block, transactionsRoot: hashOf(2) })).toMatchObject({
      refusal: { reason: 'otherContent' },
    })
    expect(await guard.signBlock(KEY, block)).toMatchObject({ type: 'signed', signature })
    await guard.close()
  })
})

test('a second process on the same key refuses to start, and may start when the first has ended', async () => {
  const guard = await place.openReady()
  expect(await runVictim({})).toBe('StoreLockedError')
  await guard.close()
  expect(await runVictim({})).toBe('signed')
})

/** A small file system of our own, where we may mount one. */
function mount(directory: string, options: string): boolean {
  try {
    mkdirSync(directory, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const canMount = (() => {
  const directory = join(tmpdir(), `plumbline-mount-${process.pid}`)
  const isMounted = mount(directory, 'size=1m')
  if (isMounted) execFileSync('umount', [directory])
  rmSync(directory, { recursive: true, force: true })
  return isMounted
})()

describe.skipIf(!canMount)('a disk that refuses (needs the right to mount a small one)', () => {
  let disk: string
  beforeEach(() => {
    disk = `${place.path}.disk`
    mount(disk, 'size=1m')
  })
  afterEach(() => execFileSync('umount', [disk]))

  test('full: nothing is signed, and with room again the position is free or has its content', async () => {
    const guard = await place.openReady({ path: join(disk, 'guard.sqlite') })
    const filler = join(disk, 'filler')
    for (let size = 1 << 20; size >= 1; size >>= 1) {
      try {
        writeFileSync(filler, new Uint8Array(size), { flag: 'a' })
      } catch {
        // As far as it goes.
      }
    }
    let refused = 0
    let number = 100n
    // The log has pages of its own left; each block takes one or more.
    for (; refused === 0 && number < 2_000n; number++)
      await guard.signBlock(KEY, blockOf(place, { blockNumber: number })).catch(() => refused++)
    expect(refused).toBe(1)
    const signed = place.signed.length
    expect(signed).toBe(Number(number - 1n - 100n))
    await expect(guard.signBlock(KEY, blockOf(place, { blockNumber: number - 1n }))).rejects.toThrow('disk')
    expect(place.signed).toHaveLength(signed)
    rmSync(filler)
    expect(await guard.signBlock(KEY, blockOf(place, { blockNumber: number - 1n }))).toMatchObject({
      type: 'signed',
    })
    await guard.close()
  })

  test('read-only: the guard does not open', async () => {
    const path = join(disk, 'guard.sqlite')
    await (await place.openReady({ path })).close()
    execFileSync('mount', ['-o', 'remount,ro', disk])
    await expect(place.open({ path })).rejects.toThrow(StoreIoError)
    expect(existsSync(path)).toBe(true)
  })
})
