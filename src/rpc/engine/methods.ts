/**
 * The engine API as far as a based rollup has a use for it: `engine_getInclusionListV1`, which an L1 proposer's software asks for a list of
 * L2 transactions. On a port of its own, behind jwt.ts.
 * https://github.com/ethereum/execution-apis/blob/033ca6e/src/engine/bogota.md
 */
import { z } from 'zod'
import type { ChainReader } from '../../chain/chain.ts'
import type { FlatState } from '../../engine/state/flatState.ts'
import type { StateSource } from '../../engine/state/source.ts'
import { chooseListed } from '../../preconf/lists/chooseListed.ts'
import { type Address, bytesToHex, type Hash, type Hex } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH } from '../../primitives/keccak.ts'
import type { PooledTransaction } from '../../propose/pool/transaction.ts'
import type { RpcDeps } from '../deps.ts'
import { invalidParams, RpcError } from '../errors.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { hashParam } from '../params.ts'
import { readCurrent } from '../resolve.ts'
import { bytes } from '../schemas/words.ts'

export type EngineDeps = Pick<RpcDeps, 'nextBaseFee'> & {
  readonly chain: ChainReader
  readonly state: Pick<FlatState, 'at'>
  /** Absent on a node that takes no transactions. */
  readonly pool?: { pendingByPrice(baseFeePerGas: bigint): Iterable<PooledTransaction> }
}

export function engineMethods(deps: EngineDeps): Methods {
  return {
    engine_getInclusionListV1: defineMethod({
      cost: COST.proof,
      summary: 'Transactions of the pool that an L1 proposer may list: they can be executed on the parent.',
      // Earlier drafts of Bogotá have no parameter: then, as for null, the head is meant.
      params: { parentBlockHash: hashParam.optional() },
      result: z.array(bytes),
      handle: ({ parentBlockHash }) => readInclusionList(deps, parentBlockHash),
    }),
  }
}

/** @param parentBlockHash Absent: the head. */
export async function readInclusionList(
  deps: EngineDeps,
  parentBlockHash: Hash | undefined,
): Promise<readonly Hex[]> {
  const { chain, pool, state } = deps
  if (pool === undefined)
    throw new RpcError({
      code: 'methodNotSupported',
      message: 'this node takes no transactions: it has no pool',
    })
  if (parentBlockHash !== undefined && (await chain.blockNumberOf(parentBlockHash)) === undefined)
    throw invalidParams('parameter 0 (parentBlockHash): no such block is known')
  const parent =
    parentBlockHash === undefined
      ? ({ type: 'tag', tag: 'latest' } as const)
      : ({ type: 'hash', hash: parentBlockHash } as const)
  return readCurrent(chain, parent, async ({ header }) => {
    const { number } = header
    const grandparent = number === 0n ? undefined : (await chain.headerByNumber(number - 1n))?.header
    const chosen = chooseListed(pool.pendingByPrice(deps.nextBaseFee(header, grandparent)))
    const executable = await keepExecutable(chosen, await state.at(number), header.gasLimit)
    return executable.map(({ raw }) => bytesToHex(raw))
  })
}

/** The pool follows the head a moment later, and knows nothing of older blocks: what cannot execute on the parent is left out. */
async function keepExecutable(
  chosen: readonly PooledTransaction[],
  state: StateSource,
  gasLimit: bigint,
): Promise<readonly PooledTransaction[]> {
  const senders = new Map<Address, { nonce: bigint; balance: bigint }>()
  const kept: PooledTransaction[] = []
  for (const transaction of chosen) {
    const { sender, nonce, cost, gas } = transaction
    const account = senders.get(sender) ?? (await readSender(state, sender))
    senders.set(sender, account)
    if (nonce !== account.nonce || cost > account.balance || gas > gasLimit) continue
    account.nonce += 1n
    account.balance -= cost
    kept.push(transaction)
  }
  return kept
}

async function readSender(state: StateSource, sender: Address): Promise<{ nonce: bigint; balance: bigint }> {
  const account = await state.account(sender)
  // Who has code sends nothing (EIP-3607).
  if (account === null || account.codeHash !== EMPTY_CODE_HASH)
    return { nonce: account?.nonce ?? 0n, balance: 0n }
  return { nonce: account.nonce, balance: account.balance }
}
