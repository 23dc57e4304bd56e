/**
 * Unsafe blocks that L1 turns out to say as well. What attributes and a parent make is determined, so a block with exactly these
 * attributes need not be executed again; any other at its number is gone before the one from L1 is executed.
 */
import type { BlockRef, ChainReader, StoredBlock } from '../chain/chain.ts'
import type { ExecutedBlock } from '../engine/engine.ts'
import type { StateChanges } from '../engine/state/source.ts'
import { EMPTY_BYTES, equalBytes } from '../primitives/bytes.ts'
import type { PayloadAttributes } from '../protocol/protocol.ts'

const NO_CHANGES: StateChanges = { accounts: new Map(), storage: new Map(), code: new Map() }

/** `drop` forgets the unsafe blocks after a block. */
export function createReuse(deps: {
  readonly chain: Pick<ChainReader, 'heads' | 'blockByNumber'>
  readonly drop: (parent: BlockRef) => Promise<void>
}) {
  return async (attributes: PayloadAttributes): Promise<ExecutedBlock | undefined> => {
    const { number, parentHash } = attributes
    if (number > deps.chain.heads().latest.number) return undefined
    const stored = await deps.chain.blockByNumber(number)
    if (stored !== undefined && describes(attributes, stored))
      return { ...stored, dropped: [], changes: NO_CHANGES }
    await deps.drop({ number: number - 1n, hash: parentHash })
    return undefined
  }
}

/** Listed transactions that were dropped in execution are in no block, so attributes that list some describe none that is stored. */
export function describes(attributes: PayloadAttributes, { header, transactions }: StoredBlock): boolean {
  const raws = [attributes.anchorTransaction, ...attributes.transactions.map(({ raw }) => raw)]
  return (
    attributes.number === header.number &&
    attributes.parentHash === header.parentHash &&
    attributes.coinbase === header.coinbase &&
    attributes.gasLimit === header.gasLimit &&
    attributes.timestamp === header.timestamp &&
    attributes.mixHash === header.mixHash &&
    attributes.baseFeePerGas === header.baseFeePerGas &&
    equalBytes(attributes.extraData, header.extraData) &&
    raws.length === transactions.length &&
    raws.every((raw, i) => equalBytes(raw, transactions[i]?.raw ?? EMPTY_BYTES))
  )
}
