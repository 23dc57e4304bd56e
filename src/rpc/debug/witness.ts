/** `debug_executionWitness`: all that executing a block again needs, in the shape of reth's answer. `plumbline replay` takes it (docs/replay.md). */
import { z } from 'zod'
import { encodeHeader } from '../../primitives/header.ts'
import { bytesToHex, type Hex } from '../../primitives/hex.ts'
import { withinTime } from '../caller/withinTime.ts'
import type { RpcDeps } from '../deps.ts'
import { RpcError } from '../errors.ts'
import { COST, type RpcLimits } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { blockParam } from '../params.ts'
import { bytes } from '../schemas/words.ts'
import { toRun, withStoredBlock } from './find.ts'

export function witnessMethods(
  deps: Pick<RpcDeps, 'chain' | 'caller'> & { readonly limits: RpcLimits },
): Methods {
  return {
    debug_executionWitness: defineMethod({
      cost: COST.trace,
      summary:
        'All that executing a block again needs of the state before it, with the trie nodes that prove it.',
      params: { block: blockParam },
      result: z
        .strictObject({
          state: z.array(bytes),
          codes: z.array(bytes),
          keys: z.array(bytes),
          headers: z.array(bytes),
        })
        .meta({
          id: 'ExecutionWitness',
          title: 'trie nodes, codes, unhashed keys, and RLP of the ancestors',
        }),
      handle: ({ block }, { client }) => {
        const runJob = withinTime(deps.caller, deps.limits.traceTimeoutMs, client?.address)
        return withStoredBlock(deps, block, async (stored, parent) => {
          const witness = await runJob('witness', { block: toRun(stored) }, parent)
          return {
            state: witness.nodes.map(bytesToHex),
            codes: witness.codes.map(bytesToHex),
            keys: witness.keys.map(bytesToHex),
            headers: await readHeaders(deps.chain, witness.firstAncestor, parent.number),
          }
        })
      },
    }),
  }
}

/** At most 256: BLOCKHASH reaches no further back. */
async function readHeaders(chain: RpcDeps['chain'], first: bigint, last: bigint): Promise<readonly Hex[]> {
  const headers: Hex[] = []
  for (let number = first; number <= last; number++) {
    const found = await chain.headerByNumber(number)
    if (found === undefined)
      throw new RpcError({
        code: 'resourceUnavailable',
        message: 'the chain is being reorganised; ask again',
      })
    headers.push(bytesToHex(encodeHeader(found.header)))
  }
  return headers
}
