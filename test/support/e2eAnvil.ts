/** Anvil with our contracts on it, mining on request only, and nodes that follow it: the pieces of a devnet, driven by hand. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { privateKeyToAccount } from 'viem/accounts'
import { startAnvil } from '../../src/cli/devnet/anvil.ts'
import { startBeaconFacade } from '../../src/cli/devnet/beaconFacade.ts'
import { deployContracts, readArtifact } from '../../src/cli/devnet/deploy.ts'
import { devnetL1 } from '../../src/cli/devnet/devnet.ts'
import { PROPOSER_KEY } from '../../src/cli/devnet/keys.ts'
import { buildGenesis } from '../../src/engine/genesis.ts'
import { versionedHashOf } from '../../src/l1/versionedHash.ts'
import { type Node, startNode } from '../../src/node.ts'
import { type Address, bytesToHex, type Hash, type Hex } from '../../src/primitives/hex.ts'
import { createBlobProver } from '../../src/propose/blobProver.ts'
import { signBlobTransaction, wrapBlobTransaction } from '../../src/propose/blobTransaction.ts'
import { encodePropose } from '../../src/propose/postRequest.ts'
import { encodeBlobs } from '../../src/protocol/blobCodec.ts'
import { createDevnetSpec } from '../../src/spec/devnet.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { until } from './e2e.ts'

const L1_CHAIN_ID = 31_337
const SECONDS_PER_SLOT = 12
const GWEI = 10n ** 9n
/** Seconds; no proposal of a test comes too late. */
const FAR_FUTURE = 2n ** 40n

export type L1Head = { readonly number: bigint; readonly hash: Hash; readonly timestamp: bigint }

/** A signed blob transaction with its blobs, to be sent again after a reorg: anvil forgets it then. */
export type SignedProposal = Hex

export type HandDrivenL1 = Awaited<ReturnType<typeof startHandDrivenL1>>

export async function startHandDrivenL1(
  options: {
    /** Alone may propose. */
    readonly operator?: Address
    /** Every transaction makes a block. */
    readonly automine?: boolean
  } = {},
) {
  const anvil = await startAnvil({
    port: 0,
    secondsPerSlot: SECONDS_PER_SLOT,
    // Nothing becomes final in a test's time, so that any reorg is allowed.
    slotsPerEpoch: 1_000,
    chainId: L1_CHAIN_ID,
    isMining: false,
  })
  const blockBy = async (tag: string): Promise<L1Head> => {
    const block = (await anvil.request('eth_getBlockByNumber', [tag, false])) as Record<keyof L1Head, Hex>
    return { number: BigInt(block.number), hash: block.hash, timestamp: BigInt(block.timestamp) }
  }
  const genesisTime = (await blockBy('0x0')).timestamp
  const beacon = await startBeaconFacade({
    anvil,
    port: 0,
    genesisTime,
    secondsPerSlot: BigInt(SECONDS_PER_SLOT),
  })
  const genesisJson = readArtifact<{ config: { chainId: number } }>('devnet-genesis')
  const genesis = buildGenesis(genesisJson)
  const l2ChainId = BigInt(genesisJson.config.chainId)
  await anvil.request('evm_setAutomine', [true])
  const { inbox, bridge, startBlock } = await deployContracts({
    l1Url: anvil.url,
    l1ChainId: L1_CHAIN_ID,
    l2ChainId,
    genesisHash: genesis.hash,
    ...(options.operator && { operator: options.operator }),
  })
  await anvil.request('evm_setAutomine', [options.automine ?? false])
  const spec = createDevnetSpec({
    ...{ l2ChainId, inbox, bridge, startBlock, genesisTime },
    l1ChainId: BigInt(L1_CHAIN_ID),
    secondsPerSlot: BigInt(SECONDS_PER_SLOT),
    genesis: { hash: genesis.hash, stateRoot: genesis.stateRoot },
  })
  const prover = createBlobProver(0)
  const account = privateKeyToAccount(PROPOSER_KEY)
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-anvil-'))
  const nodes: (() => Promise<void>)[] = []
  let signed = 0
  let started = 0

  return {
    spec,
    genesisJson,
    urls: { l1: anvil.url, beacon: beacon.url },
    request: anvil.request,
    head: () => blockBy('latest'),
    async mine(blocks = 1): Promise<void> {
      for (let i = 0; i < blocks; i++) await anvil.request('evm_mine')
    },
    /** With the next nonce; sent by `send`. */
    async signProposal(payload: Uint8Array, forcedInclusions = 0): Promise<SignedProposal> {
      const sidecar = await prover.prove(encodeBlobs(payload), 1)
      const { raw } = await signBlobTransaction(account, {
        chainId: L1_CHAIN_ID,
        nonce: signed++,
        to: inbox,
        data: encodePropose({
          lookahead: new Uint8Array(0),
          deadline: FAR_FUTURE,
          blobCount: sidecar.blobs.length,
          forcedInclusions,
        }),
        gas: 1_000_000n,
        blobVersionedHashes: sidecar.commitments.map(versionedHashOf),
        maxFeePerGas: 20n * GWEI,
        maxPriorityFeePerGas: GWEI,
        maxFeePerBlobGas: GWEI,
      })
      return bytesToHex(wrapBlobTransaction(raw, sidecar))
    },
    async send(proposal: SignedProposal): Promise<void> {
      await anvil.request('eth_sendRawTransaction', [proposal])
    },
    /** A node on an empty directory, deriving. */
    async startNode() {
      const stop = new AbortController()
      const node = await startNode({
        spec,
        genesis: async () => genesis,
        dataDir: join(directory, `node-${started++}`),
        dbCacheKiB: 8 * 1024,
        proofWindowBlocks: 16,
        workers: 0,
        l1: { ...devnetL1(anvil.url, beacon.url, SECONDS_PER_SLOT), pollIntervalMs: 50, kzgThreads: 0 },
        rpc: { host: '127.0.0.1', port: 0, vhosts: ['127.0.0.1'] },
        logger: silentLogger,
        signal: stop.signal,
      })
      const running = node.run(stop.signal)
      nodes.push(async () => {
        stop.abort()
        await running
        await node.close()
      })
      return node
    },
    /** Waits until the node has done the head of L1. */
    async reached(node: Node): Promise<void> {
      await until('the node at the L1 head', async () => {
        const { cursor, isSynced } = node.sync()
        return isSynced && cursor?.hash === (await blockBy('latest')).hash
      })
    },
    async close(): Promise<void> {
      for (const closeNode of nodes) await closeNode()
      await beacon.close()
      await anvil.close()
      rmSync(directory, { recursive: true })
    },
  }
}

/** Hashes of the L2 blocks from genesis to the head. */
export async function hashesOf({ chain }: Node): Promise<readonly Hash[]> {
  const blocks = await chain.hashes(0n, chain.heads().latest.number)
  return blocks.map(({ hash }) => hash)
}
