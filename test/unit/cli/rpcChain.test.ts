/** The command as it is typed: a chain from files, served until it is told to stop. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { EXECUTION_APIS } from '../../support/rpcCompat/server.ts'
import { hasExecutionApis } from '../../support/rpcEthereumChain.ts'
import { rpc } from '../../support/rpcServer.ts'

const ROOT = join(import.meta.dirname, '../../..')
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function run(...args: readonly string[]) {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), 'rpc-chain', '--log.format', 'json', ...args],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  children.push(child)
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    errors += data
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const url = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /"url":"([^"]+)"/.exec(output)?.[1]
      if (found !== undefined) resolve(found)
    })
    ended.then(() => reject(new Error(errors)))
  })
  url.catch(() => {})
  return { child, ended, url, errors: () => errors }
}

const fixture = (name: string) => join(EXECUTION_APIS, name)

describe.skipIf(!hasExecutionApis)('plumbline rpc-chain', () => {
  test('serves the chain with the heads it is given, and ends when told to', {
    timeout: 120_000,
  }, async () => {
    const { child, ended, url } = run(
      ...['--genesis', fixture('genesis.json'), '--chain', fixture('chain.rlp')],
      ...['--head', fixture('headfcu.json'), '--http.port', '0'],
    )
    const at = await url
    expect((await rpc(at, 'eth_blockNumber')).result).toBe('0x36')
    expect((await rpc(at, 'eth_getBlockByNumber', ['finalized', false])).result).toMatchObject({
      hash: '0xd226371d0b1551adb03fb52b71f08e3e11247fe9b1af994768af8cdaa8e7dcd7',
    })
    expect((await rpc(at, 'based_syncStatus')).error?.code).toBe(-32601)
    expect(await (await fetch(`${at}/readyz`)).json()).toEqual({ ready: true, reasons: [] })
    expect(await (await fetch(`${at}/status`)).json()).toMatchObject({ chainId: 3503995874084926 })
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  test.each([
    [
      'a file that is not there',
      ['--genesis', fixture('none.json'), '--chain', fixture('chain.rlp')],
      'cannot be read',
    ],
    [
      'a file that is no JSON',
      ['--genesis', fixture('chain.rlp'), '--chain', fixture('chain.rlp')],
      'no valid JSON',
    ],
    ['no chain', ['--genesis', fixture('genesis.json')], '--chain'],
    [
      'another file as genesis',
      ['--genesis', fixture('headfcu.json'), '--chain', fixture('chain.rlp')],
      'no genesis file',
    ],
    [
      'another file as chain',
      ['--genesis', fixture('genesis.json'), '--chain', fixture('genesis.json')],
      'RLP',
    ],
  ])('says what is wrong with %s', { timeout: 120_000 }, async (_, args, reason) => {
    const { ended, errors } = run(...args)
    expect(await ended).toBe(1)
    expect(errors()).toContain('plumbline: ')
    expect(errors()).toContain(reason)
  })
})
