/** What a provider can get wrong, as data: each fault has a name, what an honest node owes it, and how it is done. */
import type { Address } from '../../../../src/primitives/hex.ts'
import type { BlobFilter } from '../beaconApi.ts'
import type { BlockConfig, L1Block } from '../block.ts'
import type { Fetch } from '../face.ts'
import type { Random } from '../random.ts'
import type { Tree, View } from '../tree.ts'

/**
 * `refute`: it contradicts commitments that the node can check; to be caught, whoever else says what.
 * `wait`: it is late, incomplete or an error; nothing may be concluded from it, and another provider may have it.
 * `outvote`: coherent in itself but not the canonical history; caught by its links, by finality or by other providers.
 * `tolerate`: right data in an unusual shape; it may be used.
 */
export type Remedy = 'refute' | 'wait' | 'outvote' | 'tolerate'

export type FaultTools = {
  readonly random: Random
  readonly tree: Tree
  readonly inbox: Address
  readonly config: BlockConfig
}

type Named = { readonly name: string; readonly remedy: Remedy }

/** Execution data of a block, altered the same way each time the block is asked for. */
export type BlockFault = Named & {
  readonly type: 'block'
  /** Only in answers to these methods; default all. */
  readonly methods?: readonly string[]
  /** Undefined where the lie has nothing to take hold of. */
  readonly alter: (block: L1Block, tools: FaultTools) => L1Block | undefined
}

/** Another answer to certain methods. */
export type AnswerFault = Named & {
  readonly type: 'answer'
  readonly methods: readonly string[]
  /** May throw an RpcError. */
  readonly alter: (answer: unknown, random: Random) => unknown
}

/** Another idea of which blocks are canonical or final. `choose` is asked anew for each call. */
export type ViewFault = Named & {
  readonly type: 'view'
  readonly create: (truth: View, tools: FaultTools) => () => View
}

/** Other blobs than asked for, from the beacon node and from blob servers. */
export type BlobFault = Named & {
  readonly type: 'blobs'
  readonly alter: (blobs: Parameters<BlobFilter>[0], tools: FaultTools) => ReturnType<BlobFilter>
}

/** The wire. */
export type TransportFault = Named & {
  readonly type: 'transport'
  /** `honest` makes the true answer; `request` is what was asked, its body unread. */
  readonly respond: (
    honest: () => ReturnType<Fetch>,
    request: globalThis.Request,
    random: Random,
  ) => Promise<Response>
}

export type Fault = BlockFault | AnswerFault | ViewFault | BlobFault | TransportFault
