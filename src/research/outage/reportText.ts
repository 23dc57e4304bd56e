/** A report for a person at a terminal. */
import type { ClockRecovery, DelayCount } from './measure.ts'
import type { OutageReport } from './report.ts'

export function toReportText(report: OutageReport): string {
  const { scenario, title, seed, options, constants, phases, measures, verdicts, facts } = report
  const chosen = Object.entries(options).map(([name, value]) => `, ${name} ${value}`)
  const { made, landed, landedLate, displaced, open, transactionsDisplaced } = measures.promises
  const lines = [
    `${scenario}: ${title}`,
    `seed ${seed}${chosen.join('')}; slots of ${constants.secondsPerSlot} s, epochs of ${constants.slotsPerEpoch}, forced inclusions due after ${constants.forcedInclusionDelay} s, anyone's after ${constants.forcedInclusionDelay * constants.permissionlessInclusionMultiplier} s`,
    '',
    ...phases.map(
      ({ name, what, firstSlot, lastSlot }) => `  ${name.padEnd(9)} slots ${firstSlot}–${lastSlot}: ${what}`,
    ),
    '',
    `  detected   ${slots('on a clock', measures.slotsToDetect, 'on no clock')}; ${slots('the node says so', measures.slotsToSay, 'the node never says so')}`,
    ...measures.clocks.map(clockLine),
    `  silence    ${measures.silentSlots} L1 blocks in a row without a proposal, at the most`,
    ...(made === 0
      ? []
      : [
          `  promises   ${made} blocks: ${landed} landed (${landedLate} after their window), ${displaced} displaced (${transactionsDisplaced} transactions), ${open} open`,
        ]),
    ...measures.delays.map(delayLine),
    ...Object.entries(facts).map(([name, value]) => `  ${name}: ${value}`),
    '',
    ...verdicts.flatMap(({ verdict, text, because, source }) => [
      `  ${verdict.toUpperCase().padEnd(14)} ${text}`,
      `  ${' '.repeat(14)} ${because} [${source}]`,
    ]),
  ]
  return `${lines.join('\n')}\n`
}

function slots(what: string, count: number | null, otherwise: string): string {
  return count === null ? otherwise : `${what} ${count} slots into the fault`
}

function clockLine({ clock, steadyLag, worstLag, slotsFromFault, slotsFromEnd }: ClockRecovery): string {
  const back =
    worstLag <= steadyLag
      ? 'never late'
      : slotsFromFault === null
        ? 'not back at the end'
        : `back ${slotsFromFault} slots after the fault began, ${slotsFromEnd} after it ended`
  return `  ${clock.padEnd(10)} ${steadyLag} slots behind as a rule, ${worstLag} at the worst; ${back}`
}

function delayLine({ sender, path, sent, included, median, max }: DelayCount): string {
  const delays =
    included === 0 ? 'none in L2' : `${included} in L2, after ${median} slots (median), ${max} at the most`
  return `  sent       by ${sender} over ${path === 'pool' ? 'the pool' : 'L1'}: ${sent}; ${delays}`
}
