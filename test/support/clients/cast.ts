/** Foundry's `cast`, run as a program, each command with what it has to print. In order: later ones read what earlier ones did. */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { getContractAddress, type Hex, keccak256 } from 'viem'
import { expect } from 'vitest'
import { type Action, type ClientsWorld, FUNDS, freshAddress } from './world.ts'

/** As its packages are named. */
const PLATFORM = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
/** The program itself: the package's wrapper answers success whatever happened. */
const CAST = join(
  createRequire(import.meta.url).resolve(`@foundry-rs/cast-${PLATFORM}/package.json`),
  '../bin/cast',
)
const run = promisify(execFile)

type Receipt = {
  readonly status: Hex
  readonly transactionHash: Hex
  readonly contractAddress: Hex | null
  readonly blockNumber: Hex
  readonly blockHash: Hex
  readonly type: Hex
  readonly effectiveGasPrice: Hex
  readonly logs: readonly { readonly topics: readonly Hex[]; readonly data: Hex }[]
}

export function castActions(getWorld: () => ClientsWorld) {
  const actions: Action[] = []
  const add = (name: string, claim: string, check: () => Promise<void>) =>
    actions.push({ name, claim, run: check })

  /** What it prints; its message as an error when it fails. */
  const cast = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(CAST, args, {
      env: { ...process.env, ETH_RPC_URL: getWorld().url, NO_COLOR: '1' },
    })
    return stdout.trim()
  }
  const castJson = async (...args: string[]) => JSON.parse(await cast(...args, '--json'))
  const send = (...args: string[]): Promise<Receipt> =>
    castJson('send', '--private-key', getWorld().account.key, ...args)

  /** Filled by the actions that come first. */
  const known = {} as { address: Hex; creation: Receipt; note: Receipt }

  add('chain-id, client', 'the chain’s id, this program’s name', async () => {
    expect(await cast('chain-id')).toBe(String(getWorld().chainId))
    expect(await cast('client')).toMatch(/^plumbline\/v/)
  })
  add('block-number, age, find-block', 'the same block by its number and by its time', async () => {
    const number = Number(await cast('block-number'))
    expect(number).toBeGreaterThan(1)
    const timestamp = await cast('block', String(number), '--field', 'timestamp')
    const found = Number(await cast('find-block', timestamp))
    expect(Math.abs(found - number)).toBeLessThanOrEqual(1)
    expect(await cast('age', String(number))).toMatch(/20\d\d/)
  })
  add('balance, nonce', 'what was paid in, and nothing sent', async () => {
    const { address } = getWorld().account
    expect(await cast('balance', address)).toBe(String(FUNDS))
    expect(await cast('balance', address, '--ether')).toBe('5.000000000000000000')
    expect(await cast('balance', address, '--block', 'earliest')).toBe('0')
    expect(await cast('nonce', address)).toBe('0')
  })
  add('gas-price, base-fee', 'the price is not below the base fee', async () => {
    expect(BigInt(await cast('gas-price'))).toBeGreaterThan(0n)
    expect(BigInt(await cast('base-fee'))).toBeGreaterThan(0n)
  })
  add('send --create', 'the contract is where its nonce puts it', async () => {
    const { account, ledger } = getWorld()
    known.creation = await send('--create', `${ledger.bytecode}${'7'.padStart(64, '0')}`)
    known.address = known.creation.contractAddress!.toLowerCase() as Hex
    expect(known.creation.status).toBe('0x1')
    expect(known.address).toBe(getContractAddress({ from: account.address, nonce: 0n }).toLowerCase())
  })
  add('code, codesize, codehash', 'the compiler’s runtime code', async () => {
    const { runtime } = getWorld().ledger
    expect(await cast('code', known.address)).toBe(runtime)
    expect(await cast('codesize', known.address)).toBe(String((runtime.length - 2) / 2))
    expect(await cast('codehash', known.address)).toBe(keccak256(runtime))
  })
  add('call', 'a view; the sum of a mapping; state overrides', async () => {
    expect(await cast('call', known.address, 'total()(uint256)')).toBe('7')
    expect(await cast('call', known.address, 'sumOf(address)(uint256)', getWorld().account.address)).toBe('0')
    const changed = ['--override-state-diff', `${known.address}:0x0:0x2a`]
    expect(await cast('call', known.address, 'total()(uint256)', ...changed)).toBe('42')
  })
  add('storage, storage-root, index', 'slot 0; a mapping’s slot; the root of both', async () => {
    expect(BigInt(await cast('storage', known.address, '0'))).toBe(7n)
    expect(await cast('storage-root', known.address)).toMatch(/^0x[0-9a-f]{64}$/)
  })
  add('estimate', '21,000 for a transfer, more for a write', async () => {
    const { address } = getWorld().account
    expect(await cast('estimate', freshAddress(), '--from', address, '--value', '1')).toBe('21000')
    const gas = await cast('estimate', known.address, 'note(uint256)', '10', '--from', address)
    expect(Number(gas)).toBeGreaterThan(40_000)
  })
  add('send', 'a write with its event, and a transfer', async () => {
    known.note = await send(known.address, 'note(uint256)', '10')
    expect(known.note.logs.map(({ data }) => BigInt(data))).toEqual([10n])
    expect(await cast('call', known.address, 'total()(uint256)')).toBe('17')
    const to = freshAddress()
    expect((await send(to, '--value', '0.5ether')).status).toBe('0x1')
    expect(await cast('balance', to, '--ether')).toBe('0.500000000000000000')
  })
  add('send --legacy, --access-list', 'types 0 and 1', async () => {
    expect((await send(freshAddress(), '--value', '1', '--legacy')).type).toBe('0x0')
    const list = JSON.stringify([{ address: known.address, storageKeys: [`0x${'0'.repeat(64)}`] }])
    const receipt = await send(freshAddress(), '--value', '1', '--access-list', list, '--legacy')
    expect(receipt.type).toBe('0x1')
  })
  add('tx, receipt', 'the same transaction in both', async () => {
    const hash = known.note.transactionHash
    const transaction = await castJson('tx', hash)
    expect(transaction).toMatchObject({ hash, to: known.address, blockHash: known.note.blockHash })
    expect(await castJson('receipt', hash)).toEqual(known.note)
    expect(keccak256((await cast('tx', hash, '--raw')) as Hex)).toBe(hash)
  })
  add('block', 'by number, hash and tag; whole', async () => {
    const whole = await castJson('block', known.note.blockNumber, '--full')
    expect(whole.hash).toBe(known.note.blockHash)
    expect(whole.transactions.map(({ hash }: { hash: Hex }) => hash)).toContain(known.note.transactionHash)
    expect((await castJson('block', whole.hash)).hash).toBe(whole.hash)
    const numbers = []
    for (const tag of ['earliest', 'finalized', 'safe', 'latest'])
      numbers.push(Number((await castJson('block', tag)).number))
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  })
  add('logs', 'by event and argument', async () => {
    const from = ['--from-block', String(Number(known.creation.blockNumber))]
    const all = await castJson('logs', ...from, '--address', known.address)
    expect(all.map(({ transactionHash }: { transactionHash: Hex }) => transactionHash)).toEqual([
      known.note.transactionHash,
    ])
    const { address } = getWorld().account
    const noted = 'Noted(address indexed,uint256 indexed,uint256)'
    expect((await castJson('logs', ...from, noted, address)).length).toBe(1)
    expect(await castJson('logs', ...from, noted, freshAddress())).toEqual([])
  })
  add('proof', 'the value of the slot, with its nodes', async () => {
    const proof = await castJson('proof', known.address, '0')
    expect(BigInt(proof.storageProof[0].value)).toBe(17n)
    expect(proof.accountProof.length).toBeGreaterThan(0)
  })
  add('mktx, publish', 'signed apart from being sent', async () => {
    const to = freshAddress()
    const raw = await cast('mktx', '--private-key', getWorld().account.key, to, '--value', '5')
    const receipt = JSON.parse(await cast('publish', raw))
    expect(receipt.transactionHash).toBe(keccak256(raw as Hex))
    expect(await cast('balance', to)).toBe('5')
  })
  add('failures', 'a revert’s text; an error of the contract', async () => {
    await expect(cast('call', known.address, 'fail()')).rejects.toThrow('never')
    await expect(cast('call', known.address, 'note(uint256)', '1001')).rejects.toThrow(
      /TooMuch|execution reverted|custom error/,
    )
    await expect(send(known.address, 'fail()')).rejects.toThrow('never')
  })
  add('access-list', 'the slot that a write touches', async () => {
    const { address } = getWorld().account
    const { accessList } = await castJson(
      'access-list',
      known.address,
      'note(uint256)',
      '1',
      '--from',
      address,
    )
    expect(accessList[0].address.toLowerCase()).toBe(known.address)
  })
  add('run, call --trace', 'executed again here from what the node says, with the same end', async () => {
    const replayed = await cast('run', known.note.transactionHash, '--quick')
    expect(replayed).toContain('Transaction successfully executed')
    const traced = await cast('call', known.address, 'total()(uint256)', '--trace')
    expect(traced).toContain('Return')
  })
  add('tx-pool status, content', 'nothing waits when all is mined', async () => {
    const status = await castJson('tx-pool', 'status')
    expect(Number(status.queued)).toBe(0)
    expect(Object.keys(await castJson('tx-pool', 'content')).sort()).toEqual(['pending', 'queued'])
  })
  add('rpc', 'any method by its name', async () => {
    expect(Number(JSON.parse(await cast('rpc', 'eth_chainId')))).toBe(getWorld().chainId)
    expect(JSON.parse(await cast('rpc', 'based_syncStatus'))).toMatchObject({ synced: true })
  })

  return { actions, close: async () => {} }
}
