/** Inclusion lists in the stream: preconf/lists judges them, and what it takes is passed on. */
import type { Lists, ReceiveResult } from '../lists/lists.ts'

export type ListOutcome =
  | { readonly type: 'new' | 'known' | 'later' }
  | { readonly type: 'invalid'; readonly detail: string }

export async function takeList(lists: Pick<Lists, 'receive'>, json: unknown): Promise<ListOutcome> {
  return outcomeOf(await lists.receive(json))
}

function outcomeOf(result: ReceiveResult): ListOutcome {
  switch (result.type) {
    case 'known':
      return { type: 'known' }
    case 'taken':
    // Others judge by it too that neither list counts.
    case 'equivocation':
      return { type: 'new' }
    case 'refused':
      switch (result.refusal) {
        // It depends on when, and on what came before: its bearer need not have known.
        case 'tooLate':
        case 'thirdList':
          return { type: 'known' }
        case 'notNow':
          return { type: 'later' }
        default:
          return { type: 'invalid', detail: `${result.refusal}: ${result.detail}` }
      }
  }
}
