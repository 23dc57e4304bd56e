/** Lists that came by calldata, of which the events of Ontake and before have the hash alone. D-19. */
import type { L1 } from '../l1/l1.ts'
import { CriticalError } from '../primitives/errors.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { CALLDATA_TX_LIST_TOPIC, decodeCalldataList, listInCalldata } from '../protocol/legacy/calldata.ts'
import type { DerivationSource, L1Log, Proposal } from '../protocol/protocol.ts'

/**
 * The proposal with the lists its event only hashes: from the inbox's own event where there is one, else from the proposing
 * transaction. `logs` are those of its L1 block. CriticalError if neither has the list: the contract demanded that the transaction
 * call it directly, so a node can read it (LibProposing, `checkEOAForCalldataDA`).
 */
export async function findCalldata(
  deps: { readonly l1: Pick<L1, 'transaction'>; readonly signal: AbortSignal },
  proposal: Proposal,
  logs: readonly L1Log[],
): Promise<Proposal> {
  const sources: DerivationSource[] = []
  for (const source of proposal.sources) {
    const isMissing = source.calldataHash !== undefined && source.calldata === undefined
    sources.push(isMissing ? { ...source, calldata: await readList(deps, proposal, source, logs) } : source)
  }
  return { ...proposal, sources }
}

async function readList(
  { l1, signal }: Parameters<typeof findCalldata>[0],
  proposal: Proposal,
  { calldataHash }: DerivationSource,
  logs: readonly L1Log[],
): Promise<Uint8Array> {
  for (const log of logs) {
    if (log.topics[0] !== CALLDATA_TX_LIST_TOPIC) continue
    const { blockId, list } = decodeCalldataList(log)
    if (blockId === proposal.id && keccak256Hex(list) === calldataHash) return list
  }
  const { transactionHash: hash, blockNumber, blockHash } = proposal.l1
  const { input } = await l1.transaction({ hash, blockNumber, blockHash }, signal)
  const list = listInCalldata(input)
  if (list !== null && keccak256Hex(list) === calldataHash) return list
  throw new CriticalError(
    `the list of L2 block ${proposal.id} is not in the calldata of L1 transaction ${hash}; check that the L1 providers are on the right chain`,
  )
}
