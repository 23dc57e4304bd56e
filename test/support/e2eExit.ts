/** What a user has when everybody else is gone: the compiled command line, an L1 with our contracts, and keys. */
import { chmodSync, writeFileSync } from 'node:fs'
import { decodeEventLog, encodeFunctionData, type Log } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { ATTESTATION_THRESHOLD } from '../../src/cli/devnet/deploy.ts'
import { ATTESTER_KEYS, PROVER_KEY } from '../../src/cli/devnet/keys.ts'
import { type Address, bytesToHex, type Hash, type Hex, toQuantity } from '../../src/primitives/hex.ts'
import { attestationDigest, signAttestations } from '../../src/propose/attestation.ts'
import { createInboxReader } from '../../src/propose/inbox.ts'
import { createL1Rpc } from '../../src/propose/l1Rpc.ts'
import { inboxAbi } from '../../src/protocol/shasta/abi.ts'
import { encodeCommitment, hashCommitment } from '../../src/protocol/shasta/commitment.ts'
import { serializeRollupSpec } from '../../src/spec/specFile.ts'
import { type Cli, rpc, until, type Workplace } from './e2e.ts'
import type { HandDrivenL1 } from './e2eAnvil.ts'

const SERVING = /"url":"(http:[^"]+)".*"serving JSON-RPC"|serving JSON-RPC.*"url":"(http:[^"]+)"/
const ETHER = 10n ** 18n

export type Key = { readonly file: string; readonly address: Address }
export type Exit = ReturnType<typeof createExit>

export function createExit(place: Workplace, l1: HandDrivenL1) {
  writeFileSync(place.path('rollup.json'), serializeRollupSpec(l1.spec))
  writeFileSync(place.path('genesis.json'), JSON.stringify(l1.genesisJson))
  const chain = ['--rollup.config', place.path('rollup.json'), '--l1.rpc', l1.urls.l1]
  const quick = ['--l1.poll-interval', '200', '--l1.rate-limit', '1000', '--l1.timeout', '60000']
  const node = (dataDir: string) => [
    ...['--genesis', place.path('genesis.json'), '--datadir', place.path(dataDir), '--http.port', '0'],
    ...['--l1.beacon', l1.urls.beacon, '--l1.trust-transaction-hashes', '--log.format', 'json'],
  ]
  const runToEnd = async (args: readonly string[]): Promise<{ code: number | null; output: string }> => {
    const cli = place.start(args)
    const { code } = await cli.exit()
    return { code, output: cli.output() }
  }

  return {
    /** A key file; the account is new unless the key is given, and has 100 ether on L1. */
    async key(name: string, key: Hex = generatePrivateKey()): Promise<Key> {
      const file = place.path(`${name}.key`)
      writeFileSync(file, `${key}\n`)
      chmodSync(file, 0o600)
      const address = privateKeyToAccount(key).address.toLowerCase() as Address
      await l1.request('anvil_setBalance', [address, toQuantity(100n * ETHER)])
      return { file, address }
    },
    startNode: (dataDir: string): Cli => place.start(['node', ...chain, ...quick, ...node(dataDir)]),
    /** A node that proposes; not as often as it looks elsewhere, since every proposal costs a second of proving blobs. */
    startProposer: (dataDir: string, key: Key, ...more: readonly string[]): Cli =>
      place.start([
        ...['propose', ...chain, ...quick, ...node(dataDir), '--key-file', key.file],
        ...['--l1.poll-interval', '700', ...more],
      ]),
    async urlOf(cli: Cli): Promise<string> {
      const match = await cli.line(SERVING)
      return (match[1] ?? match[2])!
    },
    startBridge: (step: string, l2: string, file: string, ...more: readonly string[]): Cli =>
      place.start([
        'bridge',
        step,
        ...chain,
        ...quick,
        '--l2.rpc',
        l2,
        '--bridge.file',
        place.path(file),
        ...more,
      ]),
    bridge: (step: string, l2: string, file: string, ...more: readonly string[]) =>
      runToEnd([
        'bridge',
        step,
        ...chain,
        ...quick,
        '--l2.rpc',
        l2,
        '--bridge.file',
        place.path(file),
        ...more,
      ]),
    balance: async (url: string, address: Address): Promise<bigint> =>
      BigInt(await rpc<Hex>(url, 'eth_getBalance', [address, 'latest'])),
    /** Attests on L1, as the verifier's trusted attesters, what the L2 node at `l2` has derived. */
    attest: (l2: string): Promise<bigint> => attest(l1, l2),
  }
}

/** The number of the L2 block that is a checkpoint now. TRUSTED: nothing but the node's word is behind it. */
async function attest(l1: HandDrivenL1, l2: string): Promise<bigint> {
  const { inbox: inboxAddress } = l1.spec.l1
  const l1Rpc = createL1Rpc({ name: 'anvil', url: l1.urls.l1 })
  const inbox = createInboxReader(l1Rpc, inboxAddress)
  const head = await l1.head()
  const core = await inbox.state(head.hash)
  const [first, last] = [core.lastFinalizedProposalId + 1n, core.nextProposalId - 1n]
  const ends = await lastBlocks(l2, first - 1n, last)
  const proposals = await readProposed(l1)
  const end = ends.get(last)!
  const commitment = {
    firstProposalId: first,
    firstProposalParentBlockHash: ends.get(first - 1n)!.hash,
    lastProposalHash: await inbox.proposalHash(last, head.hash),
    actualProver: privateKeyToAccount(PROVER_KEY).address.toLowerCase() as Address,
    endBlockNumber: BigInt(end.number),
    endStateRoot: end.stateRoot,
    transitions: [...proposals]
      .filter(([id]) => id >= first)
      .map(([id, proposal]) => ({
        ...proposal,
        blockHash: ends.get(id)!.hash,
      })),
  }
  const { proofVerifier } = await inbox.config()
  const digest = attestationDigest({
    chainId: l1.spec.l2.chainId,
    verifier: proofVerifier,
    commitmentHash: hashCommitment(commitment),
  })
  const attesters = ATTESTER_KEYS.map((key) => privateKeyToAccount(key))
  const proof = await signAttestations(attesters, Number(ATTESTATION_THRESHOLD), digest)
  const data = encodeFunctionData({
    abi: inboxAbi,
    functionName: 'prove',
    args: [bytesToHex(encodeCommitment(commitment)), bytesToHex(proof)],
  })
  const transaction = { from: commitment.actualProver, to: inboxAddress, data, gas: toQuantity(2_000_000n) }
  const hash = (await l1.request('eth_sendTransaction', [transaction])) as Hash
  // Anvil answers before it has mined.
  let status: Hex | undefined
  await until('the attestation in a block', async () => {
    const receipt = (await l1.request('eth_getTransactionReceipt', [hash])) as { status: Hex } | null
    status = receipt?.status
    return status !== undefined
  })
  if (status !== '0x1') throw new Error('the attestation was refused')
  return BigInt(end.number)
}

type L2Block = {
  readonly number: Hex
  readonly hash: Hash
  readonly stateRoot: Hash
  readonly extraData: Hex
}

/** Of each proposal; extra data says which one a block is of (D-63). Genesis counts as proposal 0's. */
async function lastBlocks(l2: string, from: bigint, to: bigint): Promise<ReadonlyMap<bigint, L2Block>> {
  const found = new Map<bigint, L2Block>()
  let block: L2Block | null = await rpc<L2Block>(l2, 'eth_getBlockByNumber', ['latest', false])
  while (block !== null) {
    const number: bigint = BigInt(block.number)
    const id = number === 0n ? 0n : BigInt(`0x${block.extraData.slice(4, 16)}`)
    if (id < from) break
    if (id <= to && !found.has(id)) found.set(id, block)
    if (number === 0n) break
    block = await rpc<L2Block>(l2, 'eth_getBlockByNumber', [toQuantity(number - 1n), false])
  }
  return found
}

async function readProposed(l1: HandDrivenL1) {
  const { inbox, startBlock } = l1.spec.l1
  const logs = (await l1.request('eth_getLogs', [
    { address: inbox, fromBlock: toQuantity(startBlock), toBlock: 'latest' },
  ])) as (Pick<Log, 'data' | 'topics'> & { readonly blockNumber: Hex })[]
  const proposals = new Map<bigint, { readonly proposer: Address; readonly timestamp: bigint }>()
  for (const { data, topics, blockNumber } of logs) {
    const event = decodeEventLog({ abi: inboxAbi, data, topics, strict: false })
    if (event.eventName !== 'Proposed') continue
    const block = (await l1.request('eth_getBlockByNumber', [blockNumber, false])) as { timestamp: Hex }
    const { id, proposer } = event.args as unknown as { id: number; proposer: Address }
    proposals.set(BigInt(id), {
      proposer: proposer.toLowerCase() as Address,
      timestamp: BigInt(block.timestamp),
    })
  }
  return proposals
}
