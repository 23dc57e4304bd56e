/** Proposers, each with a key of its own, that share one deriving node and post to the L1 in this process. */
import type { PrivateKeyAccount } from 'viem/accounts'
import { rollupRules } from '../../../src/engine/rules/evmRules.ts'
import type { createL1 } from '../../../src/l1/createL1.ts'
import type { Address } from '../../../src/primitives/hex.ts'
import { createBlobProver } from '../../../src/propose/blobProver.ts'
import { createInboxReader } from '../../../src/propose/inbox.ts'
import { createMemoryJournal } from '../../../src/propose/journal.ts'
import { createPoolState, followChain, readPoolHead } from '../../../src/propose/pool/followChain.ts'
import { createPoster, DEFAULT_POSTER_OPTIONS } from '../../../src/propose/poster.ts'
import {
  createProposer,
  DEFAULT_BUILDER_OPTIONS,
  DEFAULT_PROPOSER_OPTIONS,
} from '../../../src/propose/proposer.ts'
import { createTurns } from '../../../src/propose/turn.ts'
import { createTxPool } from '../../../src/propose/txPool.ts'
import { createSchedule } from '../../../src/schedule/createSchedule.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import type { Harness } from '../derive/harness.ts'
import type { SimulatedL1 } from './simulatedL1.ts'

type VerifiedL1 = Awaited<ReturnType<typeof createL1>>

export async function createProposers(
  deps: { readonly sim: SimulatedL1; readonly l1: VerifiedL1; readonly node: Harness },
  accounts: readonly PrivateKeyAccount[],
) {
  const { sim, l1, node } = deps
  const { spec, chain, state, engine } = node
  const { gasLimitTarget } = DEFAULT_BUILDER_OPTIONS
  const pool = createTxPool(
    { state: createPoolState(() => state.source()) },
    {
      rules: { chainId: spec.l2.chainId, evm: rollupRules('shasta'), minTip: 0n },
      head: await readPoolHead(chain, spec, gasLimitTarget),
    },
  )
  followChain({ pool, chain, spec, gasLimitTarget, logger: silentLogger })
  const schedule = createSchedule({ spec, l1, reads: l1.reads, logger: silentLogger })
  const inbox = createInboxReader(sim.request, sim.config.inbox)
  const proposers = accounts.map((account) => {
    const proposer = account.address.toLowerCase() as Address
    const poster = createPoster(
      {
        rpc: sim.request,
        account,
        prover: createBlobProver(0),
        journal: createMemoryJournal(),
        logger: silentLogger,
      },
      { ...DEFAULT_POSTER_OPTIONS, chainId: Number(sim.config.chainId), inbox: sim.config.inbox },
    )
    return createProposer(
      {
        ...{ spec, engine, chain, state, l1, inbox, pool, poster },
        turn: createTurns({ spec, schedule }),
        ready: () => true,
        logger: silentLogger,
      },
      { ...DEFAULT_PROPOSER_OPTIONS, builder: { ...DEFAULT_BUILDER_OPTIONS, proposer, coinbase: proposer } },
    )
  })
  return { proposers, pool, schedule }
}
