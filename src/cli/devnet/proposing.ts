/** What makes a node of the devnet a proposer: its pool, its proposals, and the attested checkpoints (trusted). */
import { join } from 'node:path'
import { privateKeyToAccount } from 'viem/accounts'
import type { Node } from '../../node.ts'
import { createLocalSigner } from '../../preconf/keys/localSigner.ts'
import type { SigningOptions } from '../../preconf/signing.ts'
import { type Address, hexToBytes } from '../../primitives/hex.ts'
import { createAttester, DEFAULT_ATTESTER_OPTIONS } from '../../propose/attest.ts'
import { createBlobProver } from '../../propose/blobProver.ts'
import { createInboxReader } from '../../propose/inbox.ts'
import { createFileJournal } from '../../propose/journal.ts'
import { createL1Rpc } from '../../propose/l1Rpc.ts'
import { createPoster, DEFAULT_POSTER_OPTIONS } from '../../propose/poster.ts'
import { createProposer } from '../../propose/proposer.ts'
import { DEFAULT_SEQUENCER_OPTIONS } from '../../propose/sequencer/sequencer.ts'
import { createTurns } from '../../propose/turn.ts'
import type { TxPool } from '../../propose/txPool.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Logger } from '../../telemetry/log.ts'
import { poolRulesOf } from '../nodePool.ts'
import { ATTESTER_KEYS, PROPOSER_KEY, PROVER_KEY } from './keys.ts'

/** Gas a block aims for, without the anchor's. */
const GAS_LIMIT_TARGET = 30_000_000n
/** L1 slots: an epoch, which is the window where anyone may propose. A guard that is new waits as long. */
const SLOTS_OF_WINDOW = 32n

type ProposingInput = {
  readonly node: Node
  readonly pool: TxPool
  readonly l1Url: string
  readonly dataDir: string
  readonly secondsPerSlot: number
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** Proposes and attests until the signal. */
export async function runProposer(input: ProposingInput): Promise<void> {
  const { node, pool, logger, signal } = input
  const { spec, chain, state, engine, l1 } = node
  const account = openAccount({ ...input, spec })
  const proposer = createProposer(
    {
      ...{ spec, engine, chain, state, l1, pool, logger },
      ...{ inbox: account.inbox, poster: account.poster },
      ready: () => node.sync().isSynced,
      turn: createTurns({ spec, schedule: node.schedule }),
    },
    {
      builder: {
        proposer: account.address,
        coinbase: account.address,
        blockTime: BigInt(input.secondsPerSlot),
        blocksMax: 16,
        blobsMax: 2,
        inclusionSlots: 8n,
        anchorLag: 1n,
        gasLimitTarget: GAS_LIMIT_TARGET,
        candidatesMax: 1_000,
      },
      intervalMs: (input.secondsPerSlot * 1_000) / 2,
      proposesEmpty: true,
      unconfirmedMax: 64,
      unprovenMax: 10_000n,
    },
  )
  try {
    await Promise.all([proposer.run(signal), runAttester(input)])
  } finally {
    await account.close()
  }
}

/** Signs checkpoints until the signal. */
export async function runAttester(input: Omit<ProposingInput, 'pool' | 'dataDir'>): Promise<void> {
  const { node, logger } = input
  const { spec, chain } = node
  const rpc = connect(input.l1Url)
  const inbox = createInboxReader(rpc, spec.l1.inbox)
  const attester = createAttester(
    {
      rpc,
      chain,
      inbox,
      account: privateKeyToAccount(PROVER_KEY),
      attesters: ATTESTER_KEYS.map((key) => privateKeyToAccount(key)),
      logger,
    },
    {
      ...DEFAULT_ATTESTER_OPTIONS,
      l1ChainId: Number(spec.l1.chainId),
      l2ChainId: spec.l2.chainId,
      inbox: spec.l1.inbox,
      intervalMs: input.secondsPerSlot * 1_000,
    },
  )
  await attester.run(input.signal)
}

/** The proposer's key promises as well, in windows that are anyone's: nobody else sequences here. */
export function devnetSigning(input: {
  readonly spec: RollupSpec
  readonly pool: TxPool
  readonly l1Url: string
  readonly dataDir: string
  readonly secondsPerSlot: number
  readonly logger: Logger
}): { readonly signing: SigningOptions; close(): Promise<void> } {
  const { spec, pool, dataDir } = input
  const { inbox, poster, address, close } = openAccount(input)
  const slotMs = input.secondsPerSlot * 1_000
  return {
    close,
    signing: {
      signer: async () => createLocalSigner(hexToBytes(PROPOSER_KEY)),
      guardPath: join(dataDir, 'guard', 'guard.db'),
      counterPath: join(dataDir, 'guard.generation'),
      windowSeconds: SLOTS_OF_WINDOW * BigInt(input.secondsPerSlot),
      ...{ pool, inbox, poster },
      rules: poolRulesOf(spec),
      sequencer: {
        ...DEFAULT_SEQUENCER_OPTIONS,
        proposer: address,
        coinbase: address,
        blockMs: 1_000,
        stopBeforeMs: 2 * slotMs,
        batchMs: 2 * slotMs,
        postIntervalMs: slotMs / 2,
        anchorLag: 1n,
        gasLimitTarget: GAS_LIMIT_TARGET,
        forcedMargin: 2n * BigInt(input.secondsPerSlot),
        takesOpenWindows: true,
      },
    },
  }
}

function openAccount(input: {
  readonly spec: RollupSpec
  readonly l1Url: string
  readonly dataDir: string
  readonly logger: Logger
}) {
  const { spec, logger } = input
  const rpc = connect(input.l1Url)
  const account = privateKeyToAccount(PROPOSER_KEY)
  const prover = createBlobProver()
  const poster = createPoster(
    { rpc, account, prover, journal: createFileJournal(join(input.dataDir, 'posts')), logger },
    { ...DEFAULT_POSTER_OPTIONS, chainId: Number(spec.l1.chainId), inbox: spec.l1.inbox },
  )
  return {
    inbox: createInboxReader(rpc, spec.l1.inbox),
    poster,
    address: account.address.toLowerCase() as Address,
    close: () => prover.close(),
  }
}

/** Anvil loads its KZG setup with the first blob transaction, which takes longer than any other request. */
function connect(l1Url: string) {
  return createL1Rpc({
    name: 'devnet-l1',
    url: l1Url,
    limits: { requestsPerSecond: 1_000, timeoutMs: 60_000 },
  })
}
