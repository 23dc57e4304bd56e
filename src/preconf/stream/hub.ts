/**
 * Where the stream leaves the node: what this node builds and what it follows goes to every subscriber in one order, and who comes
 * late is given the block under way first. Nothing waits for a subscriber: how much is kept for a slow one is the server's bound.
 */
import type { Logger } from '../../telemetry/log.ts'
import type { EnvMessage, FragMessage, Message, SealedMessage } from './message.ts'

export type Hub = {
  /** To all subscribers, in the order of the calls. What was published lately is not published again. */
  publish(message: Message): void
  /** By its signature, which is not looked at: for what comes by several ways. */
  has(message: Message): boolean
  /** Called from now on; `open()` is what came of the block under way before. Returns the unsubscribe function. */
  subscribe(listener: (message: Message) => void): () => void
  /** Env and frags of the block under way; empty between blocks. */
  open(): readonly (EnvMessage | FragMessage)[]
  /** Newest block published. */
  tip(): SealedMessage | undefined
  readonly subscribers: number
}

/** Messages remembered, so that what comes from several sources goes out once: over a minute of ten frags a second. */
const REMEMBERED_MAX = 1024

export function createHub({ logger }: { readonly logger: Logger }): Hub {
  const listeners = new Set<(message: Message) => void>()
  const published = new Set<string>()
  let open: (EnvMessage | FragMessage)[] = []
  let tip: SealedMessage | undefined

  function isNew(message: Message): boolean {
    const id = identityOf(message)
    if (published.has(id)) return false
    published.add(id)
    const [oldest] = published
    if (published.size > REMEMBERED_MAX && oldest !== undefined) published.delete(oldest)
    return true
  }

  function remember(message: Message): void {
    const [env] = open
    if (message.type === 'env') open = [message]
    else if (message.type === 'frag' && env?.type === 'env' && env.env.parentHash === message.parentHash)
      open.push(message)
    else if (message.type === 'sealed') {
      if (tip === undefined || message.block.header.number >= tip.block.header.number) tip = message
      if (env?.type === 'env' && env.env.number <= message.block.header.number) open = []
    }
  }

  return {
    publish(message) {
      if (!isNew(message)) return
      remember(message)
      for (const listener of listeners) {
        try {
          listener(message)
        } catch (error) {
          logger.error({ error }, 'a subscriber of the preconfirmation stream failed')
        }
      }
    },
    has: (message) => published.has(identityOf(message)),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    open: () => [...open],
    tip: () => tip,
    get subscribers() {
      return listeners.size
    },
  }
}

/** Signatures are deterministic enough: who signs one thing twice differently is heard twice. */
function identityOf(message: Message): string {
  switch (message.type) {
    case 'env':
    case 'frag':
      return message.signature
    case 'sealed':
      // The seal names the block alone, and one block promised in two ways is evidence.
      return `${message.sealSignature} ${message.block.commitmentHash}`
    case 'list':
      return message.list.signature
  }
}
