/** `taiko_headL1Origin`, `taiko_l1OriginByID`: where blocks came from, in the names of taiko-geth (core/rawdb/taiko_l1_origin.go). */
import { z } from 'zod'
import type { ChainReader } from '../../chain/chain.ts'
import { type Hex, toQuantity, ZERO_HASH } from '../../primitives/hex.ts'
import { RpcError } from '../errors.ts'
import type { Json } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { quantityParam } from '../params.ts'
import { l1Origin } from '../schemas/alias.ts'

/** As go-ethereum reads a number: in hex with 0x, or in decimal. */
const blockIdParam = z.union(
  [
    quantityParam,
    z
      .string()
      .regex(/^\d{1,20}$/)
      .transform(BigInt),
    z.number().int().nonnegative().transform(BigInt),
  ],
  { error: 'a block number wanted' },
)

/** An engine's own way to name what it was asked to build, and the signature of another network: there are none here. */
const NO_PAYLOAD_ID = Array<number>(8).fill(0)
const NO_SIGNATURE: Hex = `0x${'00'.repeat(65)}`

export function taikoMethods({ chain }: { readonly chain: ChainReader }): Methods {
  return {
    taiko_headL1Origin: defineMethod({
      cost: COST.block,
      summary: 'Where the last block that L1 has brought came from.',
      params: {},
      result: l1Origin,
      handle: () => l1OriginJson(chain, chain.heads().safe.number),
    }),
    taiko_l1OriginByID: defineMethod({
      cost: COST.block,
      summary: 'Where a block came from; without a height while L1 has not brought it.',
      params: { blockId: blockIdParam },
      result: l1Origin,
      handle: ({ blockId }) => l1OriginJson(chain, blockId),
    }),
  }
}

/** Genesis came from nowhere, and what the chain does not have neither: both are not found, as in taiko-geth. */
async function l1OriginJson(chain: ChainReader, number: bigint): Promise<Json> {
  // Foreign numbers may be of any size; the chain is only asked for what it can hold.
  if (number > chain.heads().latest.number) throw notFound()
  const block = await chain.headerByNumber(number)
  const landed = await chain.origin(number)
  const proposal = landed && (await chain.proposal(landed.proposalId, number))
  const origin = landed ?? (await chain.unsafeOrigin(number))
  if (block === undefined || origin === undefined) throw notFound()
  return {
    blockID: toQuantity(number),
    l2BlockHash: block.hash,
    /** Of the L1 block that holds the proposal. */
    l1BlockHeight: proposal === undefined ? null : toQuantity(proposal.l1.blockNumber),
    l1BlockHash: proposal?.l1.blockHash ?? ZERO_HASH,
    buildPayloadArgsID: NO_PAYLOAD_ID,
    isForcedInclusion: origin.isForcedInclusion,
    signature: NO_SIGNATURE,
  }
}

function notFound(): RpcError {
  return new RpcError({ code: 'invalidInput', message: 'not found' })
}
