/** `eth_getTransactionBySenderAndNonce`: found without an index, by asking the state of the past when the nonce was used. */
import type { ChainReader } from '../../chain/chain.ts'
import type { Address } from '../../primitives/hex.ts'
import type { RpcDeps } from '../deps.ts'
import { type Json, pendingTransactionJson, transactionJson } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { addressParam, uint64Param } from '../params.ts'
import { readCurrent } from '../resolve.ts'
import { transaction } from '../schemas/transaction.ts'

type Deps = Pick<RpcDeps, 'chain' | 'state' | 'pool'>

export function senderNonceMethods(deps: Deps): Methods {
  return {
    eth_getTransactionBySenderAndNonce: defineMethod({
      cost: COST.logs,
      summary:
        'The transaction that an account sent with a nonce, in a block or waiting; null if there is none.',
      params: { sender: addressParam, nonce: uint64Param },
      result: transaction.nullable(),
      handle: async ({ sender, nonce }) =>
        (await findMined(deps, sender, nonce)) ?? findWaiting(deps, sender, nonce),
    }),
  }
}

/** Nonces only rise, so the block is where halving the chain leads: the first after which the nonce is used. */
function findMined({ chain, state }: Deps, sender: Address, nonce: bigint): Promise<Json | null> {
  const isUsedAfter = async (number: bigint) =>
    ((await (await state.at(number)).account(sender))?.nonce ?? 0n) > nonce
  return readCurrent(chain, { type: 'tag', tag: 'latest' }, async ({ header }) => {
    let high = header.number
    if (!(await isUsedAfter(high))) return null
    let low = 0n
    while (low < high) {
      const middle = (low + high) / 2n
      if (await isUsedAfter(middle)) high = middle
      else low = middle + 1n
    }
    return findInBlock(chain, low, sender, nonce)
  })
}

/** Null also where another than the account's own transaction has used the nonce (EIP-7702). */
async function findInBlock(
  chain: ChainReader,
  number: bigint,
  sender: Address,
  nonce: bigint,
): Promise<Json | null> {
  const block = await chain.blockByNumber(number)
  if (block === undefined) return null
  for (const [index, transaction] of block.transactions.entries()) {
    if (transaction.sender !== sender) continue
    const json = transactionJson(block, index)
    if (json !== null && BigInt(json.nonce as string) === nonce) return json
  }
  return null
}

function findWaiting({ pool }: Deps, sender: Address, nonce: bigint): Json | null {
  const { pending = [], queued = [] } = pool?.contentOf(sender) ?? {}
  const waiting = [...pending, ...queued].find((transaction) => transaction.nonce === nonce)
  return waiting === undefined ? null : pendingTransactionJson(waiting)
}
