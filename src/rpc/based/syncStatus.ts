/** `based_syncStatus`: the clocks of both layers side by side. Field names and JSON numbers as `optimism_syncStatus`, with two clocks more. */
import type { BlockRef, ChainReader } from '../../chain/chain.ts'
import type { InboxStatus } from '../../derive/inboxStatus.ts'
import type { L1Position } from '../../l1/l1.ts'
import { toSafeNumber } from '../../primitives/bigint.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { RpcDeps } from '../deps.ts'
import type { Json } from '../json.ts'

export async function syncStatusJson(deps: Pick<RpcDeps, 'chain' | 'sync'>): Promise<Json> {
  const { chain } = deps
  const heads = chain.heads()
  const { cursor, l1, isSynced, problems, warnings = [], inbox = {} } = deps.sync()
  const safe = await chain.origin(heads.safe.number)
  const safeProposal = safe && (await chain.proposal(safe.proposalId))
  const isPreconfirmed = heads.latest.number > heads.safe.number
  return {
    synced: isSynced,
    problems,
    warnings,
    current_l1: l1Json(cursor),
    head_l1: l1Json(l1.head),
    /** Holds the proposal that the safe head came from. */
    safe_l1: l1Json(safeProposal && { number: safeProposal.l1.blockNumber, hash: safeProposal.l1.blockHash }),
    finalized_l1: l1Json(l1.finalized),
    unsafe_l2: await l2Json(chain, heads.latest),
    safe_l2: await l2Json(chain, heads.safe),
    finalized_l2: await l2Json(chain, heads.finalized),
    preconfirmed_l2: isPreconfirmed ? await l2Json(chain, heads.latest) : null,
    l1_executable_l2: await l2Json(chain, heads.executable),
    /** Genesis, or the block of the snapshot that the chain began with: what is before is not known here. */
    oldest_l2: await oldestJson(chain),
    l1_head_trust: l1.trust,
    l1_providers: l1.providers,
    inbox: inboxJson(inbox),
  }
}

/** Null where nothing was said since this process began. */
function inboxJson({ proof, recovery, voided, upgrade }: InboxStatus): Json {
  const said = <T extends { l1Block: bigint; transactionHash: Hash }>(
    item: T | undefined,
    rest: (item: T) => Json,
  ) =>
    item === undefined
      ? null
      : {
          l1_block: toSafeNumber(item.l1Block),
          l1_transaction: item.transactionHash,
          ...rest(item),
        }
  return {
    proof: said(proof, ({ firstProposalId, lastProposalId, claim, compared }) => ({
      first_proposal: toSafeNumber(firstProposalId),
      last_proposal: toSafeNumber(lastProposalId),
      claim,
      compared,
    })),
    recovery: said(recovery, ({ lastFinalizedProposalId }) => ({
      last_proposal: toSafeNumber(lastFinalizedProposalId),
    })),
    voided_forced_inclusions: said(voided, ({ from, to }) => ({
      from: toSafeNumber(from),
      to: toSafeNumber(to),
    })),
    upgrade: said(upgrade, ({ implementation }) => ({ implementation })),
  }
}

async function oldestJson(chain: ChainReader): Promise<Json | null> {
  const number = (await chain.firstBlock?.()) ?? 0n
  const found = await chain.headerByNumber(number)
  return found === undefined ? null : l2Json(chain, { number, hash: found.hash })
}

function l1Json(position: L1Position | undefined): Json | null {
  return position === undefined ? null : { number: toSafeNumber(position.number), hash: position.hash }
}

export async function l2Json(chain: ChainReader, block: BlockRef): Promise<Json> {
  const found = await chain.headerByNumber(block.number)
  const number = toSafeNumber(block.number)
  // A reorg between the two reads: the head is named without its details.
  if (found?.hash !== block.hash) return { number, hash: block.hash }
  return {
    number,
    hash: block.hash,
    parentHash: found.header.parentHash,
    timestamp: toSafeNumber(found.header.timestamp),
  }
}
