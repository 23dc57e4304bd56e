/** A replayed range in another order: the same blocks' attributes, from the state before the range, with other lists. */
import type { ChainReader, StoredBlock } from '../../chain/chain.ts'
import type { Engine, ExecutedBlock } from '../../engine/engine.ts'
import { splitFees } from '../../engine/rules/fees.ts'
import { mergeChanges, overlayState } from '../../engine/state/laidOver.ts'
import type { StateChanges, StateSource } from '../../engine/state/source.ts'
import { assert, defined } from '../../primitives/assert.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { PayloadAttributes } from '../../protocol/protocol.ts'
import { basefeeSharingPctgOf } from '../../protocol/sharedBaseFee.ts'
import { forkAt, type RollupSpec } from '../../spec/rollupSpec.ts'
import type { Executed, Outcome } from './outcomes.ts'
import type { OrderedSlot } from './rule.ts'

export type Reexecution = (ordered: readonly OrderedSlot[]) => Promise<Executed>

export type PastRange = {
  readonly spec: RollupSpec
  readonly chain: Pick<ChainReader, 'hashes'>
  readonly engine: Engine
  /** After the parent of the first block. */
  readonly state: StateSource
  /** One for each slot. */
  readonly blocks: readonly StoredBlock[]
  readonly anchorBlockNumbers: readonly bigint[]
  readonly raws: ReadonlyMap<Hash, Uint8Array>
}

const NO_CHANGES: StateChanges = { accounts: new Map(), storage: new Map(), code: new Map() }

/** No room in this block, so it goes first in the next: gas, zk gas, and the nonces behind these. D-80, D-83, D-92 */
const NO_ROOM_RULES = ['D-80', 'D-92']
const NONCE_TOO_HIGH_RULE = 'D-83'

export function createReexecution(range: PastRange): Reexecution {
  return async (ordered) => {
    const { state, blocks, engine, raws } = range
    const outcomes = new Map<Hash, Outcome>([...raws.keys()].map((hash) => [hash, 'not included']))
    const refusals = new Map<Hash, string>()
    const revenue = new Map<Address, bigint>()
    const sealed: { number: bigint; hash: Hash; stateRoot: Hash }[] = []
    const executed: ExecutedBlock[] = []
    let changes = NO_CHANGES
    let carried: readonly Hash[] = []
    for (const [index, block] of blocks.entries()) {
      const slot = defined(ordered[index], `the order of slot ${index}`)
      const list =
        slot.sequencer === undefined && slot.transactions.length === 0
          ? []
          : [...carried, ...slot.transactions.map(({ hash }) => hash)]
      const parent = executed.at(-1)
      const result = await engine.execute({
        attributes: attributesOf(range, index, parent?.hash ?? block.header.parentHash, list),
        state: parent === undefined ? state : overlayState(state, changes, parent.header.stateRoot),
        ancestorHash: (number) => ancestorOf(range, sealed, number),
      })
      changes = mergeChanges(changes, result.changes)
      executed.push(result)
      sealed.push({
        number: result.header.number,
        hash: result.hash,
        stateRoot: result.header.stateRoot,
      })
      for (const { hash, receipt, listedIndex } of result.transactions)
        if (listedIndex !== undefined) outcomes.set(hash, receipt.succeeded ? 'succeeded' : 'failed')
      const left = noteRefusals(result, list, refusals)
      carried = list.length === 0 ? carried : left
      const { sequencer } = slot
      if (sequencer !== undefined)
        revenue.set(sequencer, (revenue.get(sequencer) ?? 0n) + revenueOf(range, index, result))
    }
    for (const [hash, outcome] of outcomes) if (outcome !== 'not included') refusals.delete(hash)
    return {
      ...{ outcomes, refusals, revenue, blocks: sealed },
      balances: new Map([...changes.accounts].map(([address, account]) => [address, account?.balance ?? 0n])),
      balanceBefore: async (address) => (await state.account(address))?.balance ?? 0n,
    }
  }
}

/** What waits for the next block. */
function noteRefusals(
  { dropped }: ExecutedBlock,
  list: readonly Hash[],
  refusals: Map<Hash, string>,
): readonly Hash[] {
  const left: Hash[] = []
  for (const { listedIndex, reason, rule } of dropped) {
    const hash = defined(list[listedIndex], 'a listed transaction')
    refusals.set(hash, `${rule}: ${reason}`)
    const waitsForNonce = rule === NONCE_TOO_HIGH_RULE && left.length > 0
    // The first of a block that finds no room there would find none in any.
    const hasNoRoom = NO_ROOM_RULES.includes(rule) && listedIndex > 0
    if (hasNoRoom || waitsForNonce) left.push(hash)
  }
  return left
}

/** Those of history, but for the parent and the list. */
function attributesOf(
  { spec, blocks, anchorBlockNumbers, raws }: PastRange,
  index: number,
  parentHash: Hash,
  list: readonly Hash[],
): PayloadAttributes {
  const { header, transactions } = defined(blocks[index], 'a block of the range')
  const fork = defined(forkAt(spec, header), 'the fork of a block')
  const anchor = defined(transactions[0], 'the anchor transaction')
  assert(anchor.listedIndex === undefined, 'the first transaction of a block is its anchor')
  return {
    fork,
    number: header.number,
    parentHash,
    coinbase: header.coinbase,
    gasLimit: header.gasLimit,
    timestamp: header.timestamp,
    mixHash: header.mixHash,
    extraData: header.extraData,
    baseFeePerGas: header.baseFeePerGas ?? 0n,
    basefeeSharingPctg: basefeeSharingPctgOf(fork, header.extraData),
    anchorBlockNumber: defined(anchorBlockNumbers[index], 'an anchor block'),
    anchorTransaction: anchor.raw,
    transactions: list.map((hash) => ({
      raw: defined(raws.get(hash), 'the bytes of a transaction'),
      offset: 0,
    })),
  }
}

async function ancestorOf(
  { chain, blocks }: PastRange,
  sealed: readonly { readonly hash: Hash }[],
  number: bigint,
): Promise<Hash> {
  const first = defined(blocks[0], 'a block of the range').header.number
  if (number >= first) return defined(sealed[Number(number - first)], `L2 block ${number}`).hash
  const [found] = await chain.hashes(number, number)
  return defined(found, `L2 block ${number}`).hash
}

function revenueOf({ spec, blocks }: PastRange, index: number, { transactions }: ExecutedBlock): bigint {
  const { header } = defined(blocks[index], 'a block of the range')
  const baseFeePerGas = header.baseFeePerGas ?? 0n
  const fork = defined(forkAt(spec, header), 'the fork of a block')
  const basefeeSharingPctg = basefeeSharingPctgOf(fork, header.extraData)
  return transactions
    .filter(({ listedIndex }) => listedIndex !== undefined)
    .reduce((sum, { gasUsed, effectiveGasPrice }) => {
      const tipPerGas = effectiveGasPrice - baseFeePerGas
      return sum + splitFees({ gasUsed, baseFeePerGas, tipPerGas, basefeeSharingPctg }).coinbase
    }, 0n)
}
