/**
 * The stream as one client gets it: what was before, the lists that count, the block under way, then what comes, and every few
 * seconds the newest block. Blocks and lists can come twice where "before" and "comes" meet; a client knows them by their hashes.
 */
import type { ChainReader } from '../../chain/chain.ts'
import { toSafeNumber } from '../../primitives/bigint.ts'
import { type Lists, signedListJson } from '../lists/lists.ts'
import type { Hub } from './hub.ts'
import type { StreamJournal } from './journal.ts'
import { type ListMessage, MESSAGE_CHARS_MAX, type Message, messageJson, messageText } from './message.ts'

export type StreamDeps = {
  readonly chain: Pick<ChainReader, 'heads'>
  readonly journal: Pick<StreamJournal, 'blocksFrom'>
  readonly hub: Hub
  readonly lists: Pick<Lists, 'open'>
}

export type StreamKind = 'preconfBlocks' | 'preconfFrags'

/** So often a client hears from us even when there is nothing to say. Milliseconds. */
export const HEARTBEAT_MS = 5_000
/** Blocks in one answer. */
export const BLOCKS_MAX = 64

const texts = new WeakMap<Message, string>()

/** Written once for all clients. */
export function textOf(message: Message): string {
  const text = texts.get(message) ?? messageText(message)
  texts.set(message, text)
  return text
}

/** Blocks from `from` on as JSON, as many as fit one message: always one, if there is one. */
export async function readBlocks(
  { journal }: Pick<StreamDeps, 'journal'>,
  from: bigint,
  count: number,
): Promise<readonly object[]> {
  const answer: object[] = []
  let size = 0
  for (const message of await journal.blocksFrom(from, Math.min(count, BLOCKS_MAX))) {
    size += textOf(message).length
    if (answer.length > 0 && size > MESSAGE_CHARS_MAX) break
    answer.push(messageJson(message))
  }
  return answer
}

/** A tip says where its node is, unsigned. */
export function tipJson({ chain }: Pick<StreamDeps, 'chain'>): object {
  const { number, hash } = chain.heads().latest
  return { type: 'tip', number: toSafeNumber(number), hash }
}

/** Told once when they came: a client that is new gets them before what comes. */
export function openLists({ lists }: Pick<StreamDeps, 'lists'>): readonly ListMessage[] {
  return lists.open().map((list) => ({ type: 'list', list: signedListJson(list) }))
}

/** Notifications of one subscription: blocks and lists, or envs and frags. Returns what ends it. */
export function subscribeStream(
  deps: Pick<StreamDeps, 'chain' | 'hub' | 'lists'>,
  kind: StreamKind,
  push: (json: unknown) => void,
): () => void {
  const isWanted = ({ type }: Message) => (kind === 'preconfFrags') === (type === 'env' || type === 'frag')
  const open = kind === 'preconfFrags' ? deps.hub.open() : openLists(deps)
  for (const message of open) push(messageJson(message))
  push(tipJson(deps))
  const timer = setInterval(() => push(tipJson(deps)), HEARTBEAT_MS)
  timer.unref()
  const stop = deps.hub.subscribe((message) => {
    if (isWanted(message)) push(messageJson(message))
  })
  return () => {
    clearInterval(timer)
    stop()
  }
}
