/** The one reading behind the page, its tables, the CSV files and `data.json`: they agree because nothing else reads. */
import { toSafeNumber } from '../../../primitives/bigint.ts'
import { readiness } from '../../health.ts'
import type { DashboardData, HealthData } from '../data.ts'
import type { DashboardDeps } from '../deps.ts'
import { readClocks } from './clocks.ts'
import { readForcedInclusions } from './forcedInclusions.ts'
import { createProposalLog, readGaps } from './gaps.ts'
import { createL1Blocks } from './l1Blocks.ts'
import { attempt } from './part.ts'
import { createReadPreconf } from './preconf.ts'
import { readSlots } from './slots.ts'

export type ReadDashboard = () => Promise<DashboardData>

export function createReadDashboard(deps: DashboardDeps): ReadDashboard {
  const { rpc, logger, now = Date.now } = deps
  const proposalLog = createProposalLog(rpc.chain)
  const readPreconf = deps.preconf && createReadPreconf(deps.preconf, logger)
  const l1Blocks = deps.l1 && createL1Blocks(deps.l1)

  return async () => {
    const readAtMs = now()
    // Both are answered from memory; taken once, so that no two figures of one page are of different moments.
    const heads = rpc.chain.heads()
    const sync = rpc.sync()
    const proposals = await proposalLog(heads.safe)
    const common = { rpc, heads, sync, proposals, ...(l1Blocks && { l1Blocks }) }
    const schedule = rpc.schedule
    const noL1 = { unavailable: 'This node has no L1 to ask.' }
    const [clocks, slots, forcedInclusions] = await Promise.all([
      readClocks(common),
      schedule === undefined
        ? noL1
        : attempt(logger, 'the schedule', () => readSlots({ ...common, schedule })),
      schedule === undefined
        ? noL1
        : attempt(logger, 'the forced inclusions', () => readForcedInclusions(rpc.spec, schedule)),
    ])
    const preconf = (await readPreconf?.(slots)) ?? null
    return {
      readAtMs,
      node: {
        version: rpc.clientVersion,
        network: rpc.spec.name,
        l1ChainId: toSafeNumber(rpc.spec.l1.chainId),
        l2ChainId: toSafeNumber(rpc.spec.l2.chainId),
      },
      health: healthOf(deps, sync),
      clocks,
      slots,
      gaps: readGaps(rpc.spec, proposals),
      forcedInclusions,
      preconf,
    }
  }
}

function healthOf({ rpc, lagMax }: DashboardDeps, sync: ReturnType<typeof rpc.sync>): HealthData {
  const { ready, reasons } = readiness({ spec: rpc.spec, sync: () => sync }, lagMax)
  return {
    ready,
    synced: sync.isSynced,
    reasons,
    warnings: sync.warnings ?? [],
    l1HeadTrust: sync.l1.trust,
    l1Providers: sync.l1.providers.map(({ name, demotions, lastError }) => ({
      name,
      demotions,
      lastError: lastError ?? null,
    })),
    pool: rpc.pool?.status() ?? null,
  }
}
