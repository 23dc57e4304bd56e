/** What makes a node of the devnet a proposer: its pool, its proposals, and the attested checkpoints (trusted). */
import { join } from 'node:path'
import { privateKeyToAccount } from 'viem/accounts'
import { rollupRules } from '../../engine/rules/evmRules.ts'
import type { Node, Rooms } from '../../node.ts'
import { createAttester, DEFAULT_ATTESTER_OPTIONS } from '../../propose/attest.ts'
import { createBlobProver } from '../../propose/blobProver.ts'
import { createInboxReader } from '../../propose/inbox.ts'
import { createFileJournal } from '../../propose/journal.ts'
import { createL1Rpc } from '../../propose/l1Rpc.ts'
import type { PoolRules } from '../../propose/pool/admission.ts'
import { createPoolState, followChain, readPoolHead } from '../../propose/pool/followChain.ts'
import { createPoster, DEFAULT_POSTER_OPTIONS } from '../../propose/poster.ts'
import { createProposer } from '../../propose/proposer.ts'
import { createTurns } from '../../propose/turn.ts'
import { createTxPool, type TxPool } from '../../propose/txPool.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Logger } from '../../telemetry/log.ts'
import { ATTESTER_KEYS, PROPOSER_KEY, PROVER_KEY } from './keys.ts'

/** Gas a block aims for, without the anchor's. */
const GAS_LIMIT_TARGET = 30_000_000n

export function devnetPoolRules(spec: RollupSpec): PoolRules {
  return { chainId: spec.l2.chainId, evm: rollupRules('shasta'), minTip: 0n }
}

export async function createDevnetPool(rooms: Rooms, logger: Logger): Promise<TxPool> {
  const { chain, spec, state } = rooms
  const pool = createTxPool(
    { state: createPoolState(() => state.source()), logger },
    {
      rules: devnetPoolRules(spec),
      head: await readPoolHead(chain, spec, GAS_LIMIT_TARGET),
    },
  )
  followChain({ pool, chain, spec, gasLimitTarget: GAS_LIMIT_TARGET, logger })
  return pool
}

/** Proposes and attests until the signal. */
export async function runProposer(input: {
  readonly node: Node
  readonly pool: TxPool
  readonly l1Url: string
  readonly dataDir: string
  readonly secondsPerSlot: number
  readonly logger: Logger
  readonly signal: AbortSignal
}): Promise<void> {
  const { node, pool, logger, signal } = input
  const { spec, chain, state, engine, l1 } = node
  // Anvil loads its KZG setup with the first blob transaction, which takes longer than any other request.
  const limits = { requestsPerSecond: 1_000, timeoutMs: 60_000 }
  const rpc = createL1Rpc({ name: 'devnet-l1', url: input.l1Url, limits })
  const account = privateKeyToAccount(PROPOSER_KEY)
  const proposerAddress = account.address.toLowerCase() as `0x${string}`
  const inbox = createInboxReader(rpc, spec.l1.inbox)
  const slotMs = input.secondsPerSlot * 1_000
  const prover = createBlobProver()
  const poster = createPoster(
    { rpc, account, prover, journal: createFileJournal(join(input.dataDir, 'posts')), logger },
    { ...DEFAULT_POSTER_OPTIONS, chainId: Number(spec.l1.chainId), inbox: spec.l1.inbox },
  )
  const proposer = createProposer(
    {
      ...{ spec, engine, chain, state, l1, inbox, pool, poster, logger },
      ready: () => node.sync().isSynced,
      turn: createTurns({ spec, schedule: node.schedule }),
    },
    {
      builder: {
        proposer: proposerAddress,
        coinbase: proposerAddress,
        blockTime: BigInt(input.secondsPerSlot),
        blocksMax: 16,
        blobsMax: 2,
        inclusionSlots: 8n,
        anchorLag: 1n,
        gasLimitTarget: GAS_LIMIT_TARGET,
        candidatesMax: 1_000,
      },
      intervalMs: slotMs / 2,
      proposesEmpty: true,
      unconfirmedMax: 64,
      unprovenMax: 10_000n,
    },
  )
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
      intervalMs: slotMs,
    },
  )
  try {
    await Promise.all([proposer.run(signal), attester.run(signal)])
  } finally {
    await prover.close()
  }
}
