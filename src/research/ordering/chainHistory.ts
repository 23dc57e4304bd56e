/** A range of a derived chain as history to order anew, and to execute: from a node's database, which is only read. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChainReader, StoredBlock, StoredProposal } from '../../chain/chain.ts'
import { createChain } from '../../chain/sqliteChain.ts'
import { checkIdentity, isInitialised } from '../../derive/genesis.ts'
import { createFlatState } from '../../engine/state/flatStateOnStore.ts'
import type { StateSource } from '../../engine/state/source.ts'
import { createEngine } from '../../engine/vm.ts'
import { defined } from '../../primitives/assert.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import { createResources } from '../../primitives/resources.ts'
import { CHAIN_STORE_SCHEMAS } from '../../snapshot/chainStore.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { openStore } from '../../store/openStore.ts'
import { readFirstSeen } from '../collect/nodeData.ts'
import { canonicalOrder, type History, type PastTransaction, slotTimes } from './history.ts'
import { type ListedOnL1, readLists } from './listedOnL1.ts'
import { type Placed, placeExecuted, placeListed } from './placed.ts'
import { createReexecution, type PastRange, type Reexecution } from './reexecute.ts'
import type { OrderingSlot, Sequencer } from './rule.ts'

/** All of them are in memory, in every order. */
export const BLOCKS_MAX = 20_000
const CACHE_KIB = 64 * 1024

/** What a node, or a dataset of it, knows besides: by transaction, in milliseconds since the Unix epoch. */
export type KnownTimes = {
  readonly firstSeen: ReadonlyMap<Hash, number>
  readonly due: ReadonlyMap<Hash, number>
}

export type OpenedRange = {
  readonly history: History
  readonly reexecute: Reexecution
  close(): Promise<void>
}

/** First and last L2 block; by default all that is derived and has its parent's state. Throws CriticalError for what is not there. */
export async function openChainHistory(options: {
  readonly dataDir: string
  readonly spec: RollupSpec
  readonly from?: bigint
  readonly to?: bigint
  readonly times: KnownTimes
  /** Where given, what L1 lists and did not execute is ordered too. */
  readonly listed?: ListedOnL1
}): Promise<OpenedRange> {
  const { dataDir, spec } = options
  const path = join(dataDir, 'chain.db')
  await access(path).catch(() => {
    throw new CriticalError(`${dataDir} holds no chain; give the --datadir of a node`)
  })
  const { keep, close } = createResources()
  try {
    const store = keep(
      await openStore({ path, schemas: CHAIN_STORE_SCHEMAS, readOnly: true, cacheKiB: CACHE_KIB }),
    )
    if (!(await isInitialised(store)))
      throw new CriticalError(`${dataDir} holds no chain yet; start its node once`)
    await checkIdentity(store, spec)
    const [chain, flat] = [await createChain(store), await createFlatState({ store })]
    const blocks = await readBlocks(chain, options)
    const engine = keep(createEngine({ spec }))
    const state = await flat.at(defined(blocks[0], 'a block').block.header.number - 1n)
    const { opened, read } = await readHistory({ chain, state }, options, blocks)
    const range: PastRange = { ...opened, spec, chain, engine, state }
    const reexecute = createReexecution(range)
    await assertReproduced(range, read, reexecute)
    return { history: read, reexecute, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The range in its own order has to be what it is; else what other orders come to is worth nothing. */
async function assertReproduced(range: PastRange, history: History, reexecute: Reexecution): Promise<void> {
  const { blocks } = await reexecute(canonicalOrder(history))
  const differing = range.blocks.find(({ hash }, index) => blocks[index]?.hash !== hash)
  if (differing !== undefined)
    throw new CriticalError(
      `L2 block ${differing.header.number} executed anew is not the one that is stored; the database may be damaged: run plumbline db check`,
    )
}

type ReadInput = Parameters<typeof openChainHistory>[0]
type ReadBlock = {
  readonly block: StoredBlock
  readonly proposal: StoredProposal
  readonly anchor: bigint
  /** Listed transactions that did not execute. */
  readonly dropped: number
}

async function readBlocks(
  chain: ChainReader,
  { dataDir, ...range }: ReadInput,
): Promise<readonly ReadBlock[]> {
  const first = ((await chain.firstBlock?.()) ?? 0n) + 1n
  const { from = first, to = chain.heads().safe.number } = range
  if (from < first || to > chain.heads().safe.number || from > to)
    throw new CriticalError(
      `${dataDir} has L2 blocks ${first} to ${chain.heads().safe.number} derived; the range has to be among them`,
    )
  if (to - from >= BLOCKS_MAX)
    throw new CriticalError(`a range has at most ${BLOCKS_MAX} L2 blocks; this one has ${to - from + 1n}`)
  const read: ReadBlock[] = []
  for (let number = from; number <= to; number++) {
    const block = defined(await chain.blockByNumber(number), `L2 block ${number}`)
    const origin = defined(await chain.origin(number), `the origin of L2 block ${number}`)
    const proposal = defined(await chain.proposal(origin.proposalId, number), `proposal ${origin.proposalId}`)
    read.push({ block, proposal, anchor: origin.anchorBlock.number, dropped: origin.dropped.length })
  }
  return read
}

async function readHistory(
  { chain, state }: { readonly chain: ChainReader; readonly state: StateSource },
  { spec, times, dataDir, listed }: ReadInput,
  read: readonly ReadBlock[],
) {
  const blocks = read.map(({ block }) => block)
  const proposals = [...new Map(read.map(({ proposal }) => [proposal.hash, proposal])).values()]
  const lists = listed && (await readLists(listed, spec, chain, proposals))
  const [first, last] = [defined(blocks[0], 'a block').header, defined(blocks.at(-1), 'a block').header]
  const parent = defined(await chain.headerByNumber(first.number - 1n), `L2 block ${first.number - 1n}`)
  const beginsAt = beginningOf(parent.header, first.timestamp)
  const placed = lists ? await placeListed(blocks, lists, state) : blocks.map(placeExecuted)
  const dropped = read.reduce((sum, each) => sum + each.dropped, 0)
  const ordered = placed.flat().filter(({ isDropped }) => isDropped).length
  const known = {
    firstSeen: new Map([
      ...(await readFirstSeen(
        dataDir,
        placed.flat().map(({ hash }) => hash),
      )),
      ...times.firstSeen,
    ]),
    due: times.due,
  }
  const transactions = transactionsOf(placed, Number(beginsAt) * 1_000, known)
  const slots = slotTimes(
    beginsAt,
    blocks.map(({ header }) => header.timestamp),
  ).map((slot, index): OrderingSlot => {
    const { block, proposal } = defined(read[index], 'a block')
    const anchorGas = defined(block.transactions[0], 'the anchor transaction').gasUsed
    return { ...slot, gasLimit: block.header.gasLimit - anchorGas, proposer: proposal.proposer }
  })
  const history: History = {
    title: `${spec.name}, L2 blocks ${first.number} to ${last.number}, ${transactions.length} transactions`,
    ...{ transactions, slots },
    publicationOf: publications(read.map(({ proposal }) => proposal.hash)),
    sequencers: sequencersOf(slots),
    notes: [
      'Gas is what each transaction used on L1’s order, as a builder who simulates knows it.',
      'A slot is an L2 block. Every block keeps its attributes: number, time, coinbase, gas limit, base fee and anchor transaction; only its list is another. A slot that nobody orders is a block without a list. Base fees do not answer to the new order.',
      ...(dropped === 0 ? [] : [droppedNote(dropped, lists && ordered)]),
    ],
  }
  const raws = new Map(placed.flat().map(({ hash, raw }) => [hash, raw]))
  return { opened: { blocks, anchorBlockNumbers: read.map(({ anchor }) => anchor), raws }, read: history }
}

function droppedNote(dropped: number, ordered: number | undefined): string {
  if (ordered === undefined)
    return `${dropped} listed transactions that did not execute are left out: a node does not keep their bytes, and no L1 was given to read them from.`
  return `Of ${dropped} listed transactions that did not execute ${ordered} are ordered too, with their gas limit as gas; the others are none, are listed twice, or had their nonce used before the range.`
}

/** The first slot begins with its parent's time; genesis has none of its own on some chains, and then it lasts a second. */
function beginningOf({ number, timestamp }: StoredBlock['header'], first: bigint): bigint {
  return number === 0n ? first - 1n : timestamp
}

function transactionsOf(
  placed: readonly (readonly Placed[])[],
  beginsAtMs: number,
  { firstSeen, due }: KnownTimes,
): readonly PastTransaction[] {
  return placed.flat().map(({ raw: _, ...transaction }, canonicalIndex): PastTransaction => {
    const [seenAt, dueAt] = [firstSeen.get(transaction.hash), due.get(transaction.hash)]
    return {
      ...{ ...transaction, canonicalIndex },
      ...(seenAt !== undefined && { firstSeenMs: seenAt - beginsAtMs }),
      ...(dueAt !== undefined && { dueMs: dueAt - beginsAtMs }),
    }
  })
}

/** Neighbours with the same key are one publication. */
export function publications(keys: readonly string[]): History['publicationOf'] {
  const runs: { key: string; first: number; last: number }[] = []
  for (const [index, key] of keys.entries()) {
    const run = runs.at(-1)
    if (run?.key === key) run.last = index
    else runs.push({ key, first: index, last: index })
  }
  return runs.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, () => ({ first, last })))
}

/** Who proposed in the range, each with the number of its slots as stake. */
export function sequencersOf(slots: readonly OrderingSlot[]): readonly Sequencer[] {
  const counts = new Map<Address, bigint>()
  for (const { proposer } of slots)
    if (proposer !== undefined) counts.set(proposer, (counts.get(proposer) ?? 0n) + 1n)
  return [...counts]
    .map(([address, stake]) => ({ address, stake, faultProbability: 0 }))
    .sort((a, b) => (a.address < b.address ? -1 : 1))
}
