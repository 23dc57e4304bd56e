/** Deploys the L1 contracts of a devnet: a schedule, the attestation verifier (trusted), the inbox, the bridge. */
import { readFileSync } from 'node:fs'
import { type Abi, createPublicClient, createWalletClient, defineChain, http, zeroAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { defined } from '../../primitives/assert.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import { bridgeAddressOf } from '../../spec/address.ts'
import { ATTESTER_KEYS, BRIDGE_DEPLOYER_KEY, DEPLOYER_KEY } from './keys.ts'

export type Deployment = {
  readonly inbox: Address
  readonly verifier: Address
  /** The one that L2's genesis names, if this is the first deployment on its L1. */
  readonly bridge: Address
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

/** Of both bridges; genesis.mjs has L2's. 1,000 ether a day. */
const BRIDGE_QUOTA = { wei: 10n ** 21n, periodSeconds: 86_400 }

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

export type WhitelistSettings = {
  readonly operators: readonly Address[]
  /** Contract with the interface of EIP-4788. Without its roots the first operator has every epoch. */
  readonly beaconRoots: Address
  /** Timestamp of slot 0, seconds. */
  readonly genesisTime: bigint
  readonly secondsPerSlot: number
  readonly slotsPerEpoch: number
}

function soleOperator(operator: Address): WhitelistSettings {
  return {
    operators: [operator],
    beaconRoots: zeroAddress,
    genesisTime: 0n,
    secondsPerSlot: 12,
    slotsPerEpoch: 32,
  }
}

/** Waits for the receipt of each contract. */
export function createDeployer(l1Url: string, l1ChainId: number) {
  const chain = defineChain({
    id: l1ChainId,
    name: 'devnet L1',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [l1Url] } },
  })
  const transport = http(l1Url)
  const account = privateKeyToAccount(DEPLOYER_KEY)
  const wallet = createWalletClient({ chain, transport })
  const reader = createPublicClient({ chain, transport, pollingInterval: 100 })
  const deploy = async (name: string, args: readonly unknown[], deployer = account) => {
    const { abi, bytecode } = readArtifact(name)
    const hash = await wallet.deployContract({ account: deployer, abi, bytecode, args })
    const receipt = await reader.waitForTransactionReceipt({ hash })
    const address = defined(receipt.contractAddress, `the address of ${name}`).toLowerCase() as Address
    return { address, blockNumber: receipt.blockNumber }
  }
  return { deploy, reader }
}

export async function deployContracts(input: {
  readonly l1Url: string
  readonly l1ChainId: number
  readonly l2ChainId: bigint
  readonly genesisHash: Hash
  /** Alone may propose, except that everyone may once a forced inclusion is overdue; without him everyone may at any time. */
  readonly operator?: Address
  /** Operators that a beacon root draws, instead of one for ever. */
  readonly whitelist?: WhitelistSettings
}): Promise<Deployment> {
  const account = privateKeyToAccount(DEPLOYER_KEY)
  const { deploy, reader } = createDeployer(input.l1Url, input.l1ChainId)

  const attesters = ATTESTER_KEYS.map((key) => privateKeyToAccount(key).address).sort((a, b) =>
    a.toLowerCase() < b.toLowerCase() ? -1 : 1,
  )
  const verifier = await deploy('AttestationVerifier', [input.l2ChainId, attesters, ATTESTATION_THRESHOLD])
  const whitelist = input.whitelist ?? (input.operator && soleOperator(input.operator))
  const schedule =
    whitelist === undefined
      ? await deploy('OpenSchedule', [])
      : await deploy('WhitelistSchedule', [
          account.address,
          whitelist.operators,
          whitelist.beaconRoots,
          whitelist.genesisTime,
          whitelist.secondsPerSlot,
          whitelist.slotsPerEpoch,
        ])
  const inbox = await deploy('Inbox', [
    { ...INBOX_SETTINGS, proofVerifier: verifier.address, proposerChecker: schedule.address },
    input.genesisHash,
  ])
  const config = (await reader.readContract({
    address: inbox.address,
    abi: readArtifact('Inbox').abi,
    functionName: 'getConfig',
  })) as { readonly signalService: Address }
  const bridge = await deploy(
    'Bridge',
    [
      config.signalService,
      bridgeAddressOf(input.l2ChainId),
      input.l2ChainId,
      BRIDGE_QUOTA.wei,
      BRIDGE_QUOTA.periodSeconds,
    ],
    privateKeyToAccount(BRIDGE_DEPLOYER_KEY),
  )
  return {
    inbox: inbox.address,
    verifier: verifier.address,
    bridge: bridge.address,
    startBlock: inbox.blockNumber,
  }
}
