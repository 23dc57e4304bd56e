/** The steps of a transfer on a live anvil, which is both layers at once: two bridges, each the other's other end. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  parseAbi,
  parseEther,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { BridgeEnd } from '../../../src/bridge/end.ts'
import { checkEnds, type Ends } from '../../../src/bridge/ends.ts'
import { finishTransfer, readStatus, recoverTransfer } from '../../../src/bridge/finish.ts'
import { proveTransfer } from '../../../src/bridge/prove.ts'
import { sendTransfer, signTransfer, type TransferRequest } from '../../../src/bridge/send.ts'
import { loadTransfer, saveTransfer, type Transfer } from '../../../src/bridge/transfer.ts'
import { type Anvil, startAnvil } from '../../../src/cli/devnet/anvil.ts'
import { readArtifact } from '../../../src/cli/devnet/deploy.ts'
import { DEMO_KEY, DEPLOYER_KEY } from '../../../src/cli/devnet/keys.ts'
import type { Address } from '../../../src/primitives/hex.ts'
import { createL1Rpc } from '../../../src/propose/l1Rpc.ts'
import { until } from '../../support/e2e.ts'

const CHAIN_ID = 31_337n
const DAY = 86_400
const NOBODY: Address = '0x000000000000000000000000000000000000d0d0'
/** Reverts, whatever it is sent: PUSH0 PUSH0 REVERT behind a constructor that copies it. */
const REFUSER = '0x6003600a5f3960035ff35f5ffd'
const storeAbi = parseAbi([
  'struct Checkpoint { uint48 blockNumber; bytes32 blockHash; bytes32 stateRoot; }',
  'function saveCheckpoint(Checkpoint checkpoint)',
])
const account = privateKeyToAccount(DEMO_KEY)
const writer = privateKeyToAccount(DEPLOYER_KEY)
const sender = account.address.toLowerCase() as Address

let anvil: Anvil
let directory: string
let files = 0

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-bridge-'))
  anvil = await startAnvil({
    port: 0,
    secondsPerSlot: 12,
    slotsPerEpoch: 32,
    chainId: Number(CHAIN_ID),
    isMining: false,
  })
  await anvil.request('evm_setAutomine', [true])
})
afterAll(async () => {
  await anvil?.close()
  rmSync(directory, { recursive: true })
})

async function send(data: Hex, to?: Address, value = 0n): Promise<void> {
  const call = { from: writer.address, data, value: `0x${value.toString(16)}`, ...(to && { to }) }
  const hash = await anvil.request('eth_sendTransaction', [call])
  // Anvil answers before it has mined.
  let receipt: { status: Hex } | null = null
  await until('the transaction in a block', async () => {
    receipt = (await anvil.request('eth_getTransactionReceipt', [hash])) as { status: Hex } | null
    return receipt !== null
  })
  expect(receipt).toMatchObject({ status: '0x1' })
}
/** The address that the writer's next contract will have, `ahead` transactions from now. */
async function nextAddress(ahead = 0): Promise<Address> {
  const nonce = BigInt((await anvil.request('eth_getTransactionCount', [writer.address, 'latest'])) as Hex)
  return getContractAddress({ from: writer.address, nonce: nonce + BigInt(ahead) }).toLowerCase() as Address
}

describe('a transfer', () => {
  let ends: Ends
  let store: Address
  let path: string
  let said: string[]
  const stop = new AbortController()
  const options = () => ({
    path,
    pollMs: 20,
    signal: stop.signal,
    say: (sentence: string) => void said.push(sentence),
  })

  beforeEach(async () => {
    path = join(directory, `transfer-${files++}.json`)
    said = []
    store = await nextAddress()
    const [source, destination] = [await nextAddress(1), await nextAddress(2)]
    const deploy = (name: string, args: readonly unknown[]) => {
      const { abi, bytecode } = readArtifact(name)
      return send(encodeDeployData({ abi, bytecode, args }))
    }
    await deploy('CheckpointStore', [writer.address])
    await deploy('Bridge', [store, destination, CHAIN_ID, parseEther('3'), DAY])
    await deploy('Bridge', [store, source, CHAIN_ID, parseEther('3'), DAY])
    const rpc = createL1Rpc({ name: 'anvil', url: anvil.url, limits: { requestsPerSecond: 1_000 } })
    const end = (name: BridgeEnd['name'], bridge: Address): BridgeEnd => ({
      name,
      rpc,
      chainId: CHAIN_ID,
      bridge,
    })
    ends = { source: end('L2', source), destination: end('L1', destination) }
  })

  const request = (value: bigint, to: Address = NOBODY): TransferRequest => ({
    ...{ to, owner: sender, value, data: '0x', gasLimit: 50_000n },
  })
  const start = async (value: bigint, to?: Address): Promise<Transfer> => {
    const signing = { ...options(), direction: 'withdrawal', isForced: false } as const
    return sendTransfer(ends, await signTransfer(ends, account, request(value, to), signing), options())
  }
  const checkpoint = async (): Promise<void> => {
    const block = (await anvil.request('eth_getBlockByNumber', ['latest', false])) as Record<string, Hex>
    const args = { blockNumber: Number(block.number), blockHash: block.hash!, stateRoot: block.stateRoot! }
    await send(encodeFunctionData({ abi: storeAbi, functionName: 'saveCheckpoint', args: [args] }), store)
  }
  const prove = async (transfer: Transfer): Promise<Transfer> => {
    await checkpoint()
    return proveTransfer(ends, transfer, options())
  }
  /** What a deposit would have brought. */
  const fund = (value: bigint) =>
    anvil.request('anvil_setBalance', [ends.destination.bridge, `0x${value.toString(16)}`])
  const balanceOf = async (address: Address) =>
    BigInt((await anvil.request('eth_getBalance', [address, 'latest'])) as Hex)

  test('goes through all steps, and each may be run again', async () => {
    await checkEnds(ends, stop.signal)
    await fund(parseEther('5'))
    const before = await balanceOf(NOBODY)
    const sent = await start(parseEther('1'))
    const sentAgain = await sendTransfer(ends, loadTransfer(path)!, options())
    expect(sentAgain).toEqual(sent)
    const proving = proveTransfer(ends, sent, options())
    while (said.at(-1)?.includes('waiting until executable, which is 0') !== true)
      await new Promise((resolve) => setTimeout(resolve, 10))
    await checkpoint()
    const proven = await proving
    expect(loadTransfer(path)).toEqual(proven)
    expect(await finishTransfer(ends, account, proven, options())).toBe('done')
    expect(await finishTransfer(ends, account, proven, options())).toBe('done')
    expect(await balanceOf(NOBODY)).toBe(before + parseEther('1'))
  })

  test('that the bridge cannot pay, now or yet, is told so before anything is sent', async () => {
    const proven = await prove(await start(parseEther('2')))
    const finish = () => finishTransfer(ends, account, proven, options())
    await expect(finish()).rejects.toThrow(/holds 0 ether, not 2: it pays out what was deposited/)
    await fund(parseEther('5'))
    expect(await finish()).toBe('done')
    path = join(directory, `transfer-${files++}.json`)
    const second = await prove(await start(parseEther('2')))
    const finishSecond = () => finishTransfer(ends, account, second, options())
    await expect(finishSecond()).rejects.toThrow(/its quota comes back by and by/)
    const { timestamp } = (await anvil.request('eth_getBlockByNumber', ['latest', false])) as {
      timestamp: Hex
    }
    await anvil.request('evm_setNextBlockTimestamp', [Number(timestamp) + DAY])
    await anvil.request('evm_mine')
    expect(await finishSecond()).toBe('done')
  })

  test('of more than the other side ever pays at once is not signed', async () => {
    await expect(start(parseEther('3') + 1n)).rejects.toThrow('more than the other side ever pays at once')
    expect(existsSync(path)).toBe(false)
  })

  test('that its receiver refuses is recovered by its owner alone', async () => {
    await fund(parseEther('5'))
    const refuser = await nextAddress()
    await send(REFUSER)
    const proven = await prove(await start(parseEther('1'), refuser))
    expect(await finishTransfer(ends, account, proven, options())).toBe('failed')
    // A retry that would fail again is not sent.
    await expect(finishTransfer(ends, account, proven, options())).rejects.toThrow(/revert/)
    await expect(recoverTransfer(ends, writer, proven, NOBODY, options())).rejects.toThrow(/revert/)
    const before = await balanceOf(NOBODY)
    await recoverTransfer(ends, account, proven, NOBODY, options())
    expect(await balanceOf(NOBODY)).toBe(before + parseEther('1'))
    expect(await readStatus(ends, proven.message!, stop.signal)).toBe('recovered')
    await expect(recoverTransfer(ends, account, proven, NOBODY, options())).rejects.toThrow('is recovered')
    expect(await finishTransfer(ends, account, proven, options())).toBe('recovered')
  })

  test('between bridges that do not belong together is refused', async () => {
    const wrong = { ...ends, destination: { ...ends.destination, bridge: ends.source.bridge } }
    await expect(checkEnds(wrong, stop.signal)).rejects.toThrow('nothing was sent')
    const noBridge = { ...ends, destination: { ...ends.destination, bridge: NOBODY } }
    await expect(checkEnds(noBridge, stop.signal)).rejects.toThrow(/no contract of ours|belongs to/)
  })

  test('cannot be proven against a checkpoint that this node does not have', async () => {
    const sent = await start(1n)
    const block = (await anvil.request('eth_getBlockByNumber', ['latest', false])) as Record<string, Hex>
    const args = {
      blockNumber: Number(block.number),
      blockHash: block.stateRoot!,
      stateRoot: block.stateRoot!,
    }
    await send(encodeFunctionData({ abi: storeAbi, functionName: 'saveCheckpoint', args: [args] }), store)
    await expect(proveTransfer(ends, sent, options())).rejects.toThrow('one of them is wrong')
  })
})

describe('a file', () => {
  test('comes back as it was written', () => {
    const path = join(directory, 'whole.json')
    const transfer: Transfer = {
      direction: 'withdrawal',
      transaction: { hash: `0x${'ab'.repeat(32)}`, raw: '0x02c0' },
      forced: { nonce: 3, blobHash: `0x${'01'.repeat(32)}`, transactionHashes: [`0x${'cd'.repeat(32)}`] },
      message: {
        ...{ nonce: 1n, sourceChainId: 2n, destinationChainId: 3n, gasLimit: 4n },
        ...{ sender: NOBODY, owner: NOBODY, to: NOBODY, value: 2n ** 200n, data: '0x' },
      },
      proof: { blockNumber: 5n, accountProof: ['0xc0'], storageProof: [] },
    }
    saveTransfer(path, transfer)
    expect(loadTransfer(path)).toEqual(transfer)
    expect(loadTransfer(join(directory, 'absent.json'))).toBeUndefined()
  })

  test.each(['', '{}', '[]', '{"direction":"sideways"}', 'null'])('that says %j is refused', (text) => {
    const path = join(directory, 'broken.json')
    writeFileSync(path, text)
    expect(() => loadTransfer(path)).toThrow('is no transfer of this bridge')
    expect(readFileSync(path, 'utf8')).toBe(text)
  })
})
