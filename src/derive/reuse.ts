/**
 * Unsafe blocks that L1 turns out to say as well. What attributes and a parent make is determined, so a block with exactly these
 * attributes is not made again; any other at its number is gone before the one from L1 is executed.
 */
import type { BlockRef, ChainReader, StoredBlock } from '../chain/chain.ts'
import type { AncestorHashes, Engine, ExecutedBlock } from '../engine/engine.ts'
import { runListed } from '../engine/runListed.ts'
import type { FlatState } from '../engine/state/flatState.ts'
import type { StateChanges } from '../engine/state/source.ts'
import { EMPTY_BYTES, equalBytes } from '../primitives/bytes.ts'
import type { PayloadAttributes } from '../protocol/protocol.ts'

const NO_CHANGES: StateChanges = { accounts: new Map(), storage: new Map(), code: new Map() }

export type MatchDeps = {
  readonly state: Pick<FlatState, 'at'>
  readonly engine: Pick<Engine, 'open'>
  readonly ancestorHash: AncestorHashes
}

export type ReuseDeps = MatchDeps & {
  readonly chain: Pick<ChainReader, 'heads' | 'blockByNumber'>
  /** Forgets the unsafe blocks after a block. */
  readonly drop: (parent: BlockRef) => Promise<void>
}

export function createReuse(deps: ReuseDeps) {
  return async (attributes: PayloadAttributes): Promise<ExecutedBlock | undefined> => {
    const { number, parentHash } = attributes
    if (number > deps.chain.heads().latest.number) return undefined
    const stored = await deps.chain.blockByNumber(number)
    const same = stored && (await matchBlock(deps, attributes, stored))
    if (same) return { ...same, changes: NO_CHANGES }
    await deps.drop({ number: number - 1n, hash: parentHash })
    return undefined
  }
}

/** Whether the attributes make this very block. Listed transactions that execution drops are in no block: then it says no. */
export function describes(attributes: PayloadAttributes, stored: StoredBlock): boolean {
  const raws = [attributes.anchorTransaction, ...attributes.transactions.map(({ raw }) => raw)]
  return (
    hasHeaderOf(attributes, stored) &&
    raws.length === stored.transactions.length &&
    stored.transactions.every(({ raw }, i) => equalBytes(raw, raws[i] ?? EMPTY_BYTES))
  )
}

function hasHeaderOf(attributes: PayloadAttributes, { header }: StoredBlock): boolean {
  return (
    attributes.number === header.number &&
    attributes.parentHash === header.parentHash &&
    attributes.coinbase === header.coinbase &&
    attributes.gasLimit === header.gasLimit &&
    attributes.timestamp === header.timestamp &&
    attributes.mixHash === header.mixHash &&
    attributes.baseFeePerGas === header.baseFeePerGas &&
    equalBytes(attributes.extraData, header.extraData)
  )
}

export type MatchedBlock = StoredBlock & Pick<ExecutedBlock, 'dropped'>

/** The block with what its source lists beside it and execution drops; undefined when the attributes make another one. */
export async function matchBlock(
  deps: MatchDeps,
  attributes: PayloadAttributes,
  stored: StoredBlock,
): Promise<MatchedBlock | undefined> {
  if (describes(attributes, stored)) return { ...stored, dropped: [] }
  const [anchor, ...listed] = stored.transactions
  const mayBe =
    hasHeaderOf(attributes, stored) &&
    anchor !== undefined &&
    equalBytes(anchor.raw, attributes.anchorTransaction) &&
    isWithin(listed, attributes.transactions)
  return mayBe ? dropAgain(deps, attributes, stored) : undefined
}

/** Whether the block's transactions are among the listed ones, in their order. */
function isWithin(
  transactions: readonly { readonly raw: Uint8Array }[],
  listed: readonly { readonly raw: Uint8Array }[],
): boolean {
  let found = 0
  for (const { raw } of listed) {
    const next = transactions[found]
    if (next !== undefined && equalBytes(next.raw, raw)) found++
  }
  return found === transactions.length
}

/** Runs the whole list on the parent's state to see whether execution drops just those that the block does not have. */
async function dropAgain(
  { state, engine, ancestorHash }: MatchDeps,
  attributes: PayloadAttributes,
  stored: StoredBlock,
): Promise<MatchedBlock | undefined> {
  const before = await state.at(attributes.number - 1n)
  const block = await engine.open({ attributes, state: before, ancestorHash })
  const places: number[] = []
  const dropped = await runListed(attributes.transactions, async (raw, listedIndex) => {
    const result = await block.add(raw)
    if (result.type === 'added') places.push(listedIndex)
    return result
  })
  const { transactions } = block
  const isSame =
    transactions.length === stored.transactions.length &&
    transactions.every(({ hash }, i) => hash === stored.transactions[i]?.hash)
  if (!isSame) return undefined
  const placed = stored.transactions.map((transaction, i) => {
    const listedIndex = places[i - 1]
    return listedIndex === undefined ? transaction : { ...transaction, listedIndex }
  })
  return { ...stored, transactions: placed, dropped }
}
