/** An inbox on a throw-away L1, driven through viem with true blob transactions. */
import kzg from 'c-kzg'
import {
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  type Hex,
  http,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from 'viem'
import { privateKeyToAccount, sign } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { sleep } from '../../../src/primitives/async.ts'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { encodeBlobs } from '../../../src/protocol/blobCodec.ts'
import type { L1BlockRef, L1Log } from '../../../src/protocol/protocol.ts'
import { readArtifact } from './artifacts.ts'

/** First of the accounts every development chain funds; its key is public. */
const account = privateKeyToAccount('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80')
export const PROPOSER = account.address.toLowerCase() as Address

const ATTESTERS = [1, 2, 3]
  .map((key) => privateKeyToAccount(`0x${key.toString(16).padStart(64, '0')}`))
  .map((attester, i) => ({
    address: attester.address.toLowerCase(),
    key: `0x${String(i + 1).padStart(64, '0')}` as Hex,
  }))
  .sort((a, b) => (a.address < b.address ? -1 : 1))

export const L2_CHAIN_ID = 1_670_042n
export const GENESIS_HASH = keccak256Hex(new TextEncoder().encode('L2 genesis'))
export const SETTINGS = {
  ringBufferSize: 100,
  basefeeSharingPctg: 75,
  forcedInclusionDelay: 576,
  forcedInclusionFeeInGwei: 1_000_000n,
  forcedInclusionFeeDoubleThreshold: 50n,
  permissionlessInclusionMultiplier: 160,
}

const RECEIPT_ATTEMPTS = 1_000
const RECEIPT_DELAY_MS = 30

export type InboxClient = Awaited<ReturnType<typeof deployInbox>>

export async function deployInbox(url: string) {
  kzg.loadTrustedSetup(0)
  // The first blob makes anvil load its KZG setup. A request given up and sent again would be a second transaction.
  const transport = http(url, { timeout: 60_000, retryCount: 0 })
  const reader = createPublicClient({ chain: foundry, transport })
  const wallet = createWalletClient({ account, chain: foundry, transport })
  const abi = readArtifact('Inbox').abi

  // viem's own wait looks only when the block number changes. Anvil may show the number before the receipt, and mines no other
  // block until the next transaction.
  const receiptOf = async (hash: Hash): Promise<TransactionReceipt> => {
    for (let attempt = 0; attempt < RECEIPT_ATTEMPTS; attempt++) {
      try {
        return await reader.getTransactionReceipt({ hash })
      } catch (error) {
        if (!(error instanceof TransactionReceiptNotFoundError)) throw error
        await sleep(RECEIPT_DELAY_MS)
      }
    }
    throw new Error(`${hash} is not mined`)
  }

  const deploy = async (name: string, args: readonly unknown[]) => {
    const { abi, bytecode } = readArtifact(name)
    const hash = await wallet.deployContract({ abi, bytecode, args })
    const receipt = await receiptOf(hash)
    if (receipt.status !== 'success' || !receipt.contractAddress) throw new Error(`${name} was not deployed`)
    return { address: receipt.contractAddress.toLowerCase() as Address, receipt }
  }
  const attesters = ATTESTERS.map(({ address }) => address)
  const verifier = await deploy('AttestationVerifier', [L2_CHAIN_ID, attesters, 2n])
  const schedule = await deploy('OpenSchedule', [])
  const inbox = await deploy('Inbox', [
    { ...SETTINGS, proofVerifier: verifier.address, proposerChecker: schedule.address },
    GENESIS_HASH,
  ])

  const read = (functionName: string, args: readonly unknown[] = []): Promise<unknown> =>
    reader.readContract({ address: inbox.address, abi, functionName, args })

  return {
    address: inbox.address,
    deployment: inbox.receipt,
    read,
    /** From another contract than the inbox. */
    readOf: (artifact: string, address: Address, functionName: string, args: readonly unknown[]) =>
      reader.readContract({
        address,
        abi: readArtifact(artifact).abi,
        functionName,
        args,
      }) as Promise<unknown>,
    async send(
      functionName: string,
      args: readonly unknown[],
      payload?: Uint8Array,
      value = 0n,
    ): Promise<TransactionReceipt> {
      const data = encodeFunctionData({ abi, functionName, args })
      const blobs = payload && {
        type: 'eip4844' as const,
        blobs: encodeBlobs(payload),
        kzg,
        maxFeePerBlobGas: 10n ** 9n,
      }
      const hash = await wallet.sendTransaction({ to: inbox.address, data, value, gas: 3_000_000n, ...blobs })
      return receiptOf(hash)
    },
    /** The block of a receipt, as derivation knows L1 blocks. */
    async blockOf({ blockHash }: TransactionReceipt): Promise<L1BlockRef> {
      const { number, hash, parentHash, timestamp, stateRoot } = await reader.getBlock({ blockHash })
      return { number, hash, parentHash, timestamp, stateRoot }
    },
    /** Versioned hashes of a transaction's blobs, as the node took them. */
    async blobHashesOf({ transactionHash }: TransactionReceipt): Promise<readonly Hash[]> {
      const { blobVersionedHashes } = await reader.getTransaction({ hash: transactionHash })
      return blobVersionedHashes ?? []
    },
    /** Signatures of the two attesters with the lowest addresses. */
    async attest(commitmentHash: Hash): Promise<Hex> {
      const { abi } = readArtifact('AttestationVerifier')
      const digest = await reader.readContract({
        address: verifier.address,
        abi,
        functionName: 'attestationDigest',
        args: [commitmentHash],
      })
      const signatures = await Promise.all(
        ATTESTERS.slice(0, 2).map(({ key }) => sign({ hash: digest as Hash, privateKey: key, to: 'hex' })),
      )
      return `0x${signatures.map((signature) => signature.slice(2)).join('')}`
    },
  }
}

/** Logs of a receipt as derivation takes them. */
export function logsOf(receipt: TransactionReceipt): readonly L1Log[] {
  return receipt.logs.map((log) => ({
    address: log.address.toLowerCase() as Address,
    topics: log.topics,
    data: log.data,
    blockNumber: log.blockNumber,
    blockHash: log.blockHash,
    transactionHash: log.transactionHash,
    logIndex: log.logIndex,
  }))
}
