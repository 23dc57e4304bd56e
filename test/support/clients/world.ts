/** What every client tries its actions on: a running chain, an account of its own, and the same contract. */
import { createPublicClient, createWalletClient, defineChain, http, parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { DEMO_KEY } from '../../../src/cli/devnet/keys.ts'
import type { Address, Hex } from '../../../src/primitives/hex.ts'
import { compileLedger } from './ledger.ts'

/** One thing a client can do, and what is checked of the answer: a row of docs/clients.md. */
export type Action = {
  readonly name: string
  readonly claim: string
  run(): Promise<void>
}

export type ClientAccount = { readonly key: Hex; readonly address: Address }

export type ClientsWorld = {
  readonly url: string
  readonly wsUrl: string
  readonly chainId: number
  /** Nobody else sends from it. */
  readonly account: ClientAccount
  readonly ledger: { readonly bytecode: Hex; readonly runtime: Hex }
}

export const FUNDS = parseEther('5')

/** Accounts with FUNDS, paid by the demonstration's account; nobody else may use that meanwhile. */
export async function createClientsWorlds(
  urls: { readonly url: string; readonly wsUrl: string },
  count: number,
): Promise<readonly ClientsWorld[]> {
  const transport = http(urls.url)
  const chainId = await createPublicClient({ transport }).getChainId()
  const chain = describeChain(chainId, urls.url)
  const client = createPublicClient({ chain, transport, pollingInterval: 100 })
  const payer = createWalletClient({ chain, transport, account: privateKeyToAccount(DEMO_KEY) })
  const keys = Array.from({ length: count }, generatePrivateKey)
  const ledger = compileLedger()
  const worlds: ClientsWorld[] = []
  for (const key of keys) {
    const address = privateKeyToAccount(key).address.toLowerCase() as Address
    const hash = await payer.sendTransaction({ to: address, value: FUNDS })
    await client.waitForTransactionReceipt({ hash })
    worlds.push({ ...urls, chainId, account: { key, address }, ledger })
  }
  return worlds
}

export function describeChain(id: number, url: string) {
  return defineChain({
    id,
    name: 'devnet L2',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  })
}

/** The stranger that transfers go to: nobody else has ever sent there. */
export function freshAddress(): Address {
  return privateKeyToAccount(generatePrivateKey()).address.toLowerCase() as Address
}
