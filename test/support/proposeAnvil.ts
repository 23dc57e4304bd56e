/** An anvil that mines on request only, with the inbox of a devnet on it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { PrivateKeyAccount } from 'viem/accounts'
import { type Deployment, deployContracts } from '../../src/cli/devnet/deploy.ts'
import { freePort } from '../../src/cli/outage/freePort.ts'
import { type Address, type Hash, type Hex, hexToBytes, toQuantity } from '../../src/primitives/hex.ts'
import { createL1Rpc, type RpcRequest } from '../../src/propose/l1Rpc.ts'
import { testAccount } from './proposeTransactions.ts'

export const L1_CHAIN_ID = 31337
export const L1_SECONDS_PER_SLOT = 12

export type TestL1 = {
  readonly url: string
  readonly rpc: RpcRequest
  /** A new inbox, and an account with a balance and no history. */
  deploy(): Promise<{ readonly deployment: Deployment; readonly account: PrivateKeyAccount }>
  /** Mines blocks one slot apart. */
  mine(blocks?: number): Promise<void>
  /** Blobs of a block as anvil's beacon API serves them. */
  blobsOf(blockNumber: bigint): Promise<readonly Uint8Array[]>
  nextProposalId(inbox: Address): Promise<bigint>
  close(): Promise<void>
}

export async function startTestL1(
  hardfork: 'prague' | 'osaka',
  l2: { readonly chainId: bigint; readonly genesisHash: Hash },
): Promise<TestL1> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const manifest = createRequire(import.meta.url).resolve('@foundry-rs/anvil-linux-amd64/package.json')
  const child = spawn(
    join(manifest, '../bin/anvil'),
    [
      ...['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(L1_CHAIN_ID), '--silent'],
      ...['--hardfork', hardfork, '--no-mining', '--no-request-size-limit', '--slots-in-an-epoch', '4'],
    ],
    { stdio: 'ignore' },
  )
  // The first blob transaction makes anvil load its trusted setup, which a busy machine takes long for.
  const limits = { batchMax: 1, requestsPerSecond: 1000, timeoutMs: 60_000 }
  const rpc = createL1Rpc({ name: 'anvil', url, limits })
  await waitUntilUp(child, rpc)
  await rpc('anvil_setBlockTimestampInterval', [L1_SECONDS_PER_SLOT])

  let accounts = 0
  return {
    url,
    rpc,
    async deploy() {
      await rpc('evm_setAutomine', [true])
      const deployment = await deployContracts({
        l1Url: url,
        l1ChainId: L1_CHAIN_ID,
        l2ChainId: l2.chainId,
        genesisHash: l2.genesisHash,
      })
      await rpc('evm_setAutomine', [false])
      const account = testAccount(100 + accounts++)
      await rpc('anvil_setBalance', [account.address, toQuantity(10n ** 21n)])
      return { deployment, account }
    },
    async mine(blocks = 1) {
      for (let i = 0; i < blocks; i++) await rpc('evm_mine', [])
    },
    async blobsOf(blockNumber) {
      const response = await fetch(`${url}/eth/v1/beacon/blobs/${blockNumber}`)
      const { data } = (await response.json()) as { data: Hex[] }
      return data.map((blob) => hexToBytes(blob))
    },
    async nextProposalId(inbox) {
      // getCoreState(): its first word.
      const state = (await rpc('eth_call', [{ to: inbox, data: '0x6aa6a01a' }, 'latest'])) as Hex
      return BigInt(state.slice(0, 66))
    },
    close: () => stop(child),
  }
}

/** Keeps transactions out of the blocks to come that offer less. Wei per gas; anvil lets it fall by an eighth a block. */
export async function setBaseFee(l1: TestL1, wei: bigint): Promise<void> {
  await l1.rpc('anvil_setNextBlockBaseFeePerGas', [toQuantity(wei)])
}

async function waitUntilUp(child: ChildProcess, rpc: RpcRequest): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error('anvil did not start')
    try {
      await rpc('eth_chainId', [])
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  throw new Error('anvil does not answer')
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}
