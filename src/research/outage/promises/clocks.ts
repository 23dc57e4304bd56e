/** What holds of the clocks whatever happens, and what an L1 without finality leaves as it is. */
import { judge, notApplicable, type ProtocolPromise } from '../promise.ts'
import { CLOCKS, lagOf, phaseOf, type Run, type Sample } from '../run.ts'

export const CLOCKS_IN_ORDER: ProtocolPromise = {
  id: 'clocks-in-order',
  text: 'No clock is ahead of the one before it.',
  source: 'INV-1',
  judge({ samples }) {
    const wrong = samples.find(
      ({ clocks }) =>
        clocks.finalized.number > clocks.safe.number || clocks.safe.number > clocks.latest.number,
    )
    return judge(
      wrong === undefined,
      wrong === undefined ? `in all ${samples.length} slots` : `not in slot ${wrong.slot}`,
    )
  },
}

export const FINALITY_STANDS: ProtocolPromise = {
  id: 'finality-stands',
  text: 'What is finalized stays so.',
  source: 'INV-9',
  judge({ samples }) {
    const wrong = samples.find(
      ({ clocks }, i) => clocks.finalized.number < (samples[i - 1]?.clocks.finalized.number ?? 0),
    )
    return judge(
      wrong === undefined,
      wrong === undefined ? 'it never moved back' : `it moved back in slot ${wrong.slot}`,
    )
  },
}

export const COMES_BACK: ProtocolPromise = {
  id: 'comes-back',
  text: 'Once the fault is over every clock is where it would be, without anybody’s hand.',
  source: 'docs/operating.md, "What it says, and what to do"',
  judge({ samples, phases, constants }) {
    const last = samples.at(-1)
    const steady = phaseOf({ phases }, 'steady')
    const lagging = CLOCKS.filter((clock) => {
      const usual = samples.filter(({ slot }) => steady.firstSlot <= slot && slot <= steady.lastSlot)
      return (
        last === undefined || lagOf(last, clock) > Math.max(...usual.map((sample) => lagOf(sample, clock)))
      )
    })
    const { firstSlot, lastSlot } = phaseOf({ phases }, 'recovery')
    const length = lastSlot - firstSlot + 1
    if (lagging.length > 0 && length <= constants.finalityDelaySlots)
      return notApplicable(
        `${length} slots are too few for finality, which is ${constants.finalityDelaySlots} behind`,
      )
    return judge(
      lagging.length === 0,
      lagging.length === 0
        ? `all three, ${length} slots after the fault`
        : `${lagging.join(', ')} still behind ${length} slots after the fault`,
    )
  },
}

/** Slots of the fault in which L1 has blocks and says that none of them becomes final. */
function withoutFinality({ samples, facts }: Run): readonly Sample[] {
  const { notFinalFrom, notFinalTo } = facts
  if (typeof notFinalFrom !== 'number' || typeof notFinalTo !== 'number') return []
  return samples.filter(({ slot }) => notFinalFrom <= slot && slot <= notFinalTo)
}

export const SAFE_WITHOUT_FINALITY: ProtocolPromise = {
  id: 'safe-without-finality',
  text: 'While L1 does not finalize, L2 goes on: safe moves, finalized stands.',
  source: 'INV-1, INV-9; docs/operating.md, "The clocks"',
  judge(run) {
    const samples = withoutFinality(run)
    const [first, last] = [samples[0], samples.at(-1)]
    if (first === undefined || last === undefined) return notApplicable('L1 finalized all along')
    const [safe, finalized] = (['safe', 'finalized'] as const).map(
      (clock) => last.clocks[clock].number - first.clocks[clock].number,
    )
    return judge(
      safe !== undefined && safe > 0 && finalized === 0,
      `in ${samples.length} slots safe moved by ${safe} blocks, finalized by ${finalized}`,
    )
  },
}
