/**
 * The block that is being built elsewhere, executed here as its frags come: what `pending` answers. Nothing of it is kept: whatever
 * is amiss, it is let go, and the sealed block is waited for (based-op#114).
 */
import type { ChainReader } from '../../chain/chain.ts'
import type { OpenedBlock, UnsafeBuilder } from '../../derive/unsafe.ts'
import type { Engine, PendingBlock } from '../../engine/engine.ts'
import { equalBytes } from '../../primitives/bytes.ts'
import type { Address } from '../../primitives/hex.ts'
import { streamMessageRoot } from '../../promise/streamMessage.ts'
import type { Logger } from '../../telemetry/log.ts'
import { envOfAttributes, envOfHeader, metadataOfEnv } from '../stream/env.ts'
import { BLOCK_BYTES_MAX, type EnvMessage, type FragMessage, type SealedMessage } from '../stream/message.ts'
import type { Begun } from './applier.ts'

/** A block under way as it was announced; its frags wait here until its parent is the latest. */
type Announced = {
  readonly message: EnvMessage
  readonly signer: Address
  readonly frags: FragMessage[]
  bytes: number
  /** Once it is opened. */
  opened?: OpenedBlock
  /** Listed transactions that are in. */
  readonly added: Uint8Array[]
  executedFrags: number
  isDropped: boolean
}

export type Partial = {
  /** A verified env. */
  begin(message: EnvMessage, signer: Address): void
  /** Signer of the env that a frag belongs to; undefined when none is known, or the frag is not the next. */
  signerFor(message: FragMessage): Address | undefined
  /** A verified frag, the next of its block. */
  add(message: FragMessage): void
  /** What is executed of the sealed block already; it is the caller's from now on. */
  take(message: SealedMessage): Promise<Begun | undefined>
  pending(): PendingBlock | undefined
  /** The latest block is another one. */
  refresh(): void
  /** Resolves when what has come is executed. */
  settled(): Promise<void>
}

/** Blocks announced ahead of their parents. */
const ANNOUNCED_MAX = 4

export function createPartial(deps: {
  readonly chain: Pick<ChainReader, 'heads'>
  readonly builder: UnsafeBuilder
  readonly engine: Pick<Engine, 'recoverSenders'>
  readonly logger: Logger
}): Partial {
  const { chain, builder, engine, logger } = deps
  let announced: Announced[] = []
  let tail: Promise<void> = Promise.resolve()

  const onLatest = (): Announced | undefined => {
    const { hash } = chain.heads().latest
    return announced.find(({ message, isDropped }) => message.env.parentHash === hash && !isDropped)
  }

  function drop(block: Announced, reason: string): void {
    block.isDropped = true
    logger.debug({ number: block.message.env.number, reason }, 'let a block under way go')
  }

  async function execute(block: Announced): Promise<void> {
    if (onLatest() !== block) return
    if (block.opened === undefined && !(await open(block))) return
    for (;;) {
      const frag = block.frags[block.executedFrags]
      if (frag === undefined || block.isDropped || block.opened === undefined) return
      // In other threads, where there are any.
      await engine.recoverSenders(frag.frag.txs)
      for (const raw of frag.frag.txs) {
        const result = await block.opened.block.add(raw)
        if (result.type === 'refused') return drop(block, result.reason)
        block.added.push(raw)
      }
      block.executedFrags++
    }
  }

  async function open(block: Announced): Promise<boolean> {
    const { env } = block.message
    const metadata = metadataOfEnv(env)
    if (metadata === undefined) return false
    const answer = await builder.open(metadata)
    if (answer.type === 'refused') {
      drop(block, answer.reason)
      return false
    }
    const own = envOfAttributes(answer.block.attributes, metadata.isForcedInclusion)
    if (streamMessageRoot({ type: 'env', env: own }) !== streamMessageRoot({ type: 'env', env })) {
      drop(block, 'opened here it is another block')
      return false
    }
    block.opened = answer
    return true
  }

  function run(): void {
    tail = tail.then(async () => {
      const block = onLatest()
      if (block === undefined) return
      await execute(block).catch((error: Error) => drop(block, error.message))
    })
  }

  return {
    begin(message, signer) {
      const { latest } = chain.heads()
      announced = announced
        .filter(({ message: { env } }) => env.number > latest.number && env.number !== message.env.number)
        .slice(-(ANNOUNCED_MAX - 1))
      announced.push({
        message,
        signer,
        frags: [],
        bytes: 0,
        added: [],
        executedFrags: 0,
        isDropped: false,
      })
      run()
    },
    signerFor({ parentHash, frag }) {
      const block = announced.find(({ message }) => message.env.parentHash === parentHash)
      const isNext =
        block !== undefined &&
        block.message.env.number === frag.blockNumber &&
        BigInt(block.frags.length) === frag.seq
      return isNext && !block.isDropped ? block.signer : undefined
    },
    add(message) {
      const block = announced.find(({ message: { env } }) => env.parentHash === message.parentHash)
      if (block === undefined) return
      block.frags.push(message)
      block.bytes += message.frag.txs.reduce((bytes, raw) => bytes + raw.length, 0)
      if (block.bytes > BLOCK_BYTES_MAX) return drop(block, 'its frags are larger than a block')
      run()
    },
    async take({ block: sealed }) {
      await tail
      const block = onLatest()
      if (block?.opened === undefined) return undefined
      const { metadata, commitment, header, transactions } = sealed
      const env = envOfHeader(header, { ...metadata, anchorBlockNumber: commitment.anchorBlockNumber })
      const isSame =
        streamMessageRoot({ type: 'env', env }) ===
          streamMessageRoot({ type: 'env', env: block.message.env }) &&
        block.added.every((raw, i) => equalBytes(raw, transactions[i] ?? new Uint8Array(0)))
      if (!isSame) return undefined
      // Whoever reads `pending` meanwhile goes on reading what was there; more is added by the caller only.
      announced = announced.filter((each) => each !== block)
      return { opened: block.opened, added: block.added.length }
    },
    pending: () => onLatest()?.opened?.block,
    refresh: run,
    settled: () => tail,
  }
}
