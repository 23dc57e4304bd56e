/** The demonstration of `plumbline devnet`: transactions sent with viem, and the clocks each of them passes. */
import {
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hash,
  http,
  parseEther,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { Node } from '../../node.ts'
import { sleep } from '../../primitives/async.ts'
import { DEMO_KEY } from './keys.ts'

const TRANSFERS = 3
const POLL_MS = 500
/** A contract that answers 42: PUSH1 42, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN behind a constructor that copies it. */
const ANSWER_42 = '0x600a600c5f39600a5ff3602a5f5260205ff300'

export async function runDemo(node: Node, signal: AbortSignal): Promise<void> {
  const chain = defineChain({
    id: Number(node.spec.l2.chainId),
    name: 'devnet L2',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [node.rpc.url] } },
  })
  const transport = http(node.rpc.url)
  const account = privateKeyToAccount(DEMO_KEY)
  const wallet = createWalletClient({ account, chain, transport })
  const reader = createPublicClient({ chain, transport })
  // viem's own wait takes no signal, and would keep a stopped devnet alive for minutes.
  const receiptOf = async (hash: Hash): Promise<TransactionReceipt> => {
    for (;;) {
      try {
        return await reader.getTransactionReceipt({ hash })
      } catch (error) {
        if (!(error instanceof TransactionReceiptNotFoundError)) throw error
        await sleep(POLL_MS, signal)
      }
    }
  }
  const sequencer = node.preconf?.sequencing?.sequencer
  if (sequencer !== undefined) {
    console.log(
      'the guard of a new key waits for a window before it signs; batches go without promises until then',
    )
    await waitFor(() => sequencer.status().type === 'building', signal)
  }
  const nonce = await reader.getTransactionCount({ address: account.address })
  const sent: Hash[] = []
  for (let i = 0; i < TRANSFERS; i++) {
    sent.push(await wallet.sendTransaction({ to: recipient(i), value: parseEther('0.01'), nonce: nonce + i }))
  }
  sent.push(await wallet.deployContract({ abi: [], bytecode: ANSWER_42, nonce: nonce + TRANSFERS }))
  console.log(`sent ${sent.length} transactions with viem; they wait in the pool for the next block`)
  let last = 0n
  for (const hash of sent) {
    const receipt = await receiptOf(hash)
    last = receipt.blockNumber
    const isPromised = last > node.chain.heads().safe.number
    const how = isPromised ? ', promised and not on L1 yet' : ''
    console.log(`  ${hash} is in L2 block ${last}: ${receipt.status}${how}`)
  }
  await waitFor(() => node.chain.heads().safe.number >= last, signal)
  console.log(`block ${last} is safe: derived from an L1 block`)
  await waitFor(() => node.chain.heads().finalized.number >= last, signal)
  console.log(`block ${last} is finalized: that L1 block is final`)
  await waitFor(() => node.chain.heads().executable.number >= last, signal)
  console.log(`block ${last} is executable: its state is proven on L1 (attested: trusted, devnet only)`)
}

function recipient(index: number): `0x${string}` {
  return `0x${(0xd000 + index).toString(16).padStart(40, '0')}`
}

async function waitFor(isDone: () => boolean, signal: AbortSignal): Promise<void> {
  while (!isDone()) await sleep(POLL_MS, signal)
}
