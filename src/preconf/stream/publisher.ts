/**
 * What our sequencer does, said to the world: each event signed by the guard and put into the stream, in order. The sequencer does not
 * wait for it; a block's promise is signed and kept before it gets here.
 */
import { sleep } from '../../primitives/async.ts'
import type { Hash, Hex } from '../../primitives/hex.ts'
import type { StreamMessage } from '../../promise/streamMessage.ts'
import type { BuildEvent, BuildPosition, SealedBlock } from '../../propose/sequencer/events.ts'
import type { Logger } from '../../telemetry/log.ts'
import { envOfAttributes, envOfHeader, sealOf } from './env.ts'
import type { Hub } from './hub.ts'
import type { KeptBlock, StreamJournal } from './journal.ts'
import { FRAGS_MAX } from './message.ts'

/** What the guard is asked to sign as a commitment of type 6. */
export type MessageToSign = {
  readonly message: StreamMessage
  /** Of the block that the message is about. */
  readonly parentHash: Hash
  /** Seconds. */
  readonly windowEnd: bigint
}

export type MessageSigner = (
  message: MessageToSign,
) => Promise<
  { readonly type: 'signed'; readonly signature: Hex } | { readonly type: 'refused'; readonly reason: string }
>

export type Publisher = {
  note(event: BuildEvent): void
  /** Signs what is not signed yet of a block of ours, and publishes it. */
  publishBlock(kept: KeptBlock & { readonly signature: Hex }): Promise<void>
  /** Resolves when everything noted so far is out. */
  settled(): Promise<void>
}

/** Events on their way. A signer that slow has lost the block's frags anyway. */
const QUEUE_MAX = 256
/** A signer that fails is asked again for what a published block needs, so often: half a minute. After that a restart publishes it. */
const ATTEMPTS = 60
const RETRY_MS = 500

export function createPublisher(deps: {
  readonly journal: Pick<StreamJournal, 'windowEndOf' | 'keepPublished' | 'release'>
  readonly hub: Pick<Hub, 'publish'>
  readonly sign: MessageSigner
  readonly logger: Logger
  readonly wait?: (ms: number) => Promise<void>
}): Publisher {
  const { journal, hub, logger, wait = (ms) => sleep(ms) } = deps
  let tail: Promise<void> = Promise.resolve()
  let waiting = 0
  /** The block under way, if its env went out. */
  let open: (BuildPosition & { readonly windowEnd: bigint; readonly envSignature: Hex }) | undefined
  /** The last block of ours that was told of as signed. */
  let published: Hash | undefined

  async function sign(
    position: BuildPosition,
    windowEnd: bigint,
    message: StreamMessage,
  ): Promise<Hex | undefined> {
    const { number, parentHash } = position
    const answer = await deps.sign({ message, parentHash, windowEnd })
    if (answer.type === 'signed') return answer.signature
    logger.warn({ number, type: message.type, reason: answer.reason }, 'a stream message is not signed')
    return undefined
  }

  async function publishOpened(event: Extract<BuildEvent, { type: 'opened' }>): Promise<void> {
    open = undefined
    const windowEnd = journal.windowEndOf(event)
    if (windowEnd === undefined) {
      logger.error({ number: event.number }, 'a block was opened without the journal: its frags are not sent')
      return
    }
    const env = envOfAttributes(event.pending.attributes, event.metadata.isForcedInclusion)
    const signature = await sign(event, windowEnd, { type: 'env', env })
    if (signature === undefined) return
    open = { number: event.number, parentHash: event.parentHash, windowEnd, envSignature: signature }
    hub.publish({ type: 'env', env, windowEnd, signature })
  }

  async function publishFrag(event: Extract<BuildEvent, { type: 'frag' }>): Promise<void> {
    const { number, parentHash, sequence } = event
    if (open?.parentHash !== parentHash || open.number !== number || sequence >= FRAGS_MAX) return
    const frag = {
      blockNumber: number,
      seq: BigInt(sequence),
      // The sequencer does not know; the sealed block says it.
      isLast: false,
      txs: event.transactions.map(({ raw }) => raw),
    }
    const signature = await sign(event, open.windowEnd, { type: 'frag', frag })
    if (signature === undefined) open = undefined
    else hub.publish({ type: 'frag', parentHash, frag, signature })
  }

  async function persist(ask: () => Promise<Hex | undefined>): Promise<Hex | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask()
      } catch (error) {
        if (attempt === ATTEMPTS) throw error
        logger.warn({ error }, 'a block of ours is not published yet; asking for its signature again')
        await wait(RETRY_MS)
      }
    }
  }

  const signSeal = (
    { hash, header, commitment }: SealedBlock,
    totalFrags: number,
  ): Promise<Hex | undefined> =>
    sign({ number: header.number, parentHash: header.parentHash }, commitment.windowEnd, {
      type: 'seal',
      seal: sealOf(hash, header, totalFrags),
    })

  async function publishSealed(
    block: SealedBlock,
    totalFrags: number,
    signatures: Pick<KeptBlock, 'envSignature' | 'sealSignature'> = {},
    kept?: Promise<void>,
  ): Promise<void> {
    const { header, commitment, metadata } = block
    const position = { number: header.number, parentHash: header.parentHash }
    const env = envOfHeader(header, { ...metadata, anchorBlockNumber: commitment.anchorBlockNumber })
    const envSignature =
      signatures.envSignature ??
      (await persist(() => sign(position, commitment.windowEnd, { type: 'env', env })))
    const sealSignature = signatures.sealSignature ?? (await persist(() => signSeal(block, totalFrags)))
    if (envSignature === undefined || sealSignature === undefined) return
    const message = { type: 'sealed', block, totalFrags, envSignature, sealSignature } as const
    // Nobody may have what a start would not sign again.
    await kept
    // Lost with a crash in between, the signatures are made again: the guard gives the same.
    hub.publish(message)
    await journal.keepPublished(message)
  }

  async function handle(event: BuildEvent): Promise<void> {
    switch (event.type) {
      case 'opened':
        return publishOpened(event)
      case 'frag':
        return publishFrag(event)
      // It is promised and cannot be another one any more: who follows need not wait for our own chain.
      case 'signed':
      case 'sealed': {
        const { block, frags } = event
        if (block.hash === published) return
        published = block.hash
        const { number, parentHash } = block.header
        const isOpen = open?.number === number && open.parentHash === parentHash
        const signatures = isOpen && open ? { envSignature: open.envSignature } : {}
        open = undefined
        const kept = event.type === 'signed' ? event.kept : undefined
        return publishSealed(block, frags, signatures, kept).catch((error) => {
          // Its signature could not be kept at once: it is published when it is the latest.
          published = undefined
          throw error
        })
      }
      case 'abandoned':
        open = undefined
    }
  }

  function enqueue(work: () => Promise<void>): Promise<void> {
    waiting++
    const done = tail.then(work).finally(() => waiting--)
    tail = done.catch((error) => logger.error({ error }, 'a stream message of ours is not published'))
    return done
  }

  return {
    note(event) {
      if (event.type === 'sealed')
        journal.release({ number: event.block.header.number, parentHash: event.block.header.parentHash })
      if (event.type === 'abandoned') journal.release(event)
      if (event.type === 'frag' && waiting >= QUEUE_MAX) {
        logger.warn({ number: event.number }, 'the signer is too slow for frags: some are not sent')
        return
      }
      enqueue(() => handle(event)).catch(() => {})
    },
    publishBlock: ({ block, totalFrags, ...signatures }) =>
      enqueue(() => publishSealed({ ...block, signature: signatures.signature }, totalFrags, signatures)),
    settled: () => tail,
  }
}
