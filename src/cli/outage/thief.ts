/** Somebody with a committer's key and a node of his own, who signs other blocks than the committer does for the same places. */
import { envOfHeader, sealOf } from '../../preconf/stream/env.ts'
import type { SealedMessage } from '../../preconf/stream/message.ts'
import { defined } from '../../primitives/assert.ts'
import type { Hash } from '../../primitives/hex.ts'
import { hexToBytes, ZERO_HASH } from '../../primitives/hex.ts'
import { blockCommitmentHash } from '../../promise/blockCommitment.ts'
import { signHash } from '../../promise/signature.ts'
import { type StreamMessage, streamMessageHash, streamMessageRoot } from '../../promise/streamMessage.ts'
import { gasLimitWithoutAnchor } from '../../protocol/shasta/rules.ts'
import type { Operator, RunningNode } from './nodes.ts'
import type { World } from './world.ts'

/** Whom the thief's blocks pay. */
const COINBASE = '0x0000000000000000000000000000000000074ef0'

export type Rival = { readonly message: SealedMessage; readonly hash: Hash; readonly number: bigint }

/** A block of the running window on what the thief's node has, that nobody has heard yet. */
export async function signRival(world: World, thief: RunningNode, victim: Operator): Promise<Rival> {
  const { unsafe, chain, schedule, preconf } = thief.node
  const { domain, journal } = defined(preconf, 'promises on the node of the thief')
  const { parent, context } = await unsafe.latest()
  const place = await chain.unsafeOrigin(parent.header.number)
  const landed = await chain.origin(parent.header.number)
  const head = defined(thief.node.l1.status().head, 'the L1 head')
  const metadata = {
    proposalId: place?.proposalId ?? (landed?.proposalId ?? 0n) + 1n,
    basefeeSharingPctg: world.basefeeSharingPctg,
    isForcedInclusion: false,
    timestamp: BigInt(world.clock.now()) / 1_000n,
    coinbase: COINBASE,
    gasLimit: gasLimitWithoutAnchor(context),
    anchorBlockNumber: place?.anchorBlock.number ?? head.number - 1n,
  } as const
  const opened = await unsafe.open(metadata)
  if (opened.type === 'refused') throw new RangeError(`the thief's block is none: ${opened.reason}`)
  const { hash, header } = await opened.block.seal()
  const slot = await schedule.currentSlot()
  const turn = defined(await schedule.at(slot), 'the window')
  const commitment = {
    l2ChainId: world.spec.l2.chainId,
    blockNumber: header.number,
    parentCommitmentHash: (await journal.commitmentOf(header.parentHash))?.hash ?? ZERO_HASH,
    parentBlockHash: header.parentHash,
    transactionsRoot: header.transactionsRoot,
    anchorBlockNumber: metadata.anchorBlockNumber,
    windowEnd: world.l1.timeOf(Number(turn.window.lastSlot)),
    isEndOfWindow: false,
  }
  const commitmentHash = blockCommitmentHash(commitment, domain)
  const key = hexToBytes(victim.key)
  const sign = (message: StreamMessage) =>
    signHash(streamMessageHash(streamMessageRoot(message), domain), key)
  const message: SealedMessage = {
    type: 'sealed',
    block: {
      ...{ metadata, transactions: [], hash, header, commitment, commitmentHash },
      signature: signHash(commitmentHash, key),
    },
    totalFrags: 0,
    envSignature: sign({ type: 'env', env: envOfHeader(header, metadata) }),
    sealSignature: sign({ type: 'seal', seal: sealOf(hash, header, 0) }),
  }
  return { message, hash, number: header.number }
}

export function publishRival(thief: RunningNode, { message }: Rival): void {
  defined(thief.node.preconf, 'promises on the node of the thief').hub.publish(message)
}
