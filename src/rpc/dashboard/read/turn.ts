/** Who may propose, as the page names it. */
import type { Window } from '../../../schedule/schedule.ts'
import type { Turn } from '../data.ts'

export function describeTurn({ turn, isFallback }: Window): Turn {
  const common = { isFallback, accounts: [], reason: null }
  switch (turn.type) {
    case 'anyone':
    case 'nobody':
      return { ...common, type: turn.type }
    case 'operator':
      return { ...common, type: 'operator', accounts: [turn.operator] }
    case 'owner': {
      const { committer, poster } = turn.owner
      return {
        ...common,
        type: 'owner',
        accounts: poster === undefined ? [committer] : [committer, poster],
      }
    }
    case 'unknown':
      return { ...common, type: 'unknown', reason: turn.reason }
  }
}
