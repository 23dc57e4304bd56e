/** Deploys the L1 contracts of a devnet: an open schedule, the attestation verifier (trusted), the inbox. */
import { readFileSync } from 'node:fs'
import { type Abi, createPublicClient, createWalletClient, defineChain, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { defined } from '../../primitives/assert.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import { ATTESTER_KEYS, DEPLOYER_KEY } from './keys.ts'

export type Deployment = {
  readonly inbox: Address
  readonly verifier: Address
  /** L1 block of the inbox's first event. */
  readonly startBlock: bigint
}

/** Attestations needed, of the three attesters. */
export const ATTESTATION_THRESHOLD = 2n

const INBOX_SETTINGS = {
  ringBufferSize: 21_600,
  basefeeSharingPctg: 75,
  /** Seconds. */
  forcedInclusionDelay: 48,
  forcedInclusionFeeInGwei: 1_000_000n,
  forcedInclusionFeeDoubleThreshold: 50n,
  permissionlessInclusionMultiplier: 5,
}

type Artifact = { readonly abi: Abi; readonly bytecode: Hex }

/** A compiled contract, or the L2 genesis; made by `make build`. */
export function readArtifact<T = Artifact>(name: string): T {
  const url = new URL(`../../../contracts/artifacts/${name}.json`, import.meta.url)
  try {
    return JSON.parse(readFileSync(url, 'utf8')) as T
  } catch (cause) {
    throw new CriticalError(`the contracts are not compiled (${name} is missing): run \`make build\``, {
      cause,
    })
  }
}

export async function deployContracts(input: {
  readonly l1Url: string
  readonly l1ChainId: number
  readonly l2ChainId: bigint
  readonly genesisHash: Hash
}): Promise<Deployment> {
  const chain = defineChain({
    id: input.l1ChainId,
    name: 'devnet L1',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [input.l1Url] } },
  })
  const transport = http(input.l1Url)
  const account = privateKeyToAccount(DEPLOYER_KEY)
  const wallet = createWalletClient({ account, chain, transport })
  const reader = createPublicClient({ chain, transport, pollingInterval: 100 })

  const deploy = async (name: string, args: readonly unknown[]) => {
    const { abi, bytecode } = readArtifact(name)
    const hash = await wallet.deployContract({ abi, bytecode, args })
    const receipt = await reader.waitForTransactionReceipt({ hash })
    const address = defined(receipt.contractAddress, `the address of ${name}`).toLowerCase() as Address
    return { address, blockNumber: receipt.blockNumber }
  }

  const attesters = ATTESTER_KEYS.map((key) => privateKeyToAccount(key).address).sort((a, b) =>
    a.toLowerCase() < b.toLowerCase() ? -1 : 1,
  )
  const verifier = await deploy('AttestationVerifier', [input.l2ChainId, attesters, ATTESTATION_THRESHOLD])
  const schedule = await deploy('OpenSchedule', [])
  const inbox = await deploy('Inbox', [
    { ...INBOX_SETTINGS, proofVerifier: verifier.address, proposerChecker: schedule.address },
    input.genesisHash,
  ])
  return { inbox: inbox.address, verifier: verifier.address, startBlock: inbox.blockNumber }
}
