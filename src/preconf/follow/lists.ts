/**
 * Inclusion lists in the stream: preconf/lists judges them, and says what is to be passed on (`Lists.onList`). What it cannot judge yet
 * is kept and judged again, since no source sends a list twice on one connection.
 */
import type { Lists, ReceiveResult } from '../lists/lists.ts'
import { type ListMessage, messageText } from '../stream/message.ts'
import type { Judgement } from './sources.ts'

export type StreamedLists = {
  take(message: ListMessage): Promise<Judgement>
  /** What could not be judged when it came. */
  lookAgain(): Promise<void>
}

/** Lists kept for later, of 64 KiB of JSON at most each; the one kept longest makes room. */
const WAITING_MAX = 32

export function createStreamedLists(deps: { readonly lists: Pick<Lists, 'receive'> }): StreamedLists {
  const { lists } = deps
  /** By the whole text: a signature alone could be copied onto what was not signed. */
  const waiting = new Map<string, ListMessage>()

  async function take(message: ListMessage): Promise<Judgement> {
    const judgement = judge(await lists.receive(message.list))
    const text = messageText(message)
    if (judgement.type !== 'later') waiting.delete(text)
    else if (!waiting.has(text)) {
      waiting.set(text, message)
      const [oldest] = waiting.keys()
      if (waiting.size > WAITING_MAX && oldest !== undefined) waiting.delete(oldest)
    }
    return judgement
  }

  return {
    take,
    async lookAgain() {
      for (const message of [...waiting.values()]) await take(message)
    },
  }
}

function judge(result: ReceiveResult): Judgement {
  switch (result.type) {
    case 'known':
      return { type: 'known' }
    case 'taken':
    // Others judge by it too that neither list counts.
    case 'equivocation':
      return { type: 'good' }
    case 'refused': {
      const { refusal, detail, isForNow } = result
      // Its bearer may know a later L1 head.
      if (isForNow) return { type: 'later' }
      // It depends on when, and on what came before: its bearer need not have known.
      if (refusal === 'tooLate' || refusal === 'thirdList') return { type: 'known' }
      return { type: 'invalid', fault: 'wrongList', detail: `${refusal}: ${detail}` }
    }
  }
}
