/** One run as it is reported: measures, and a verdict for each promise of the protocol. The same run gives the same bytes. */
import { type Measures, measureRun } from './measure.ts'
import type { ProtocolPromise, Verdict } from './promise.ts'
import type { Run } from './run.ts'

export type OutageReport = Pick<Run, 'scenario' | 'seed' | 'options' | 'constants' | 'phases' | 'facts'> & {
  readonly title: string
  readonly measures: Measures
  readonly verdicts: readonly {
    readonly promise: string
    readonly text: string
    readonly source: string
    readonly verdict: Verdict
    readonly because: string
  }[]
  /** What another run of the same seed need not repeat. */
  readonly notIdentical: string
}

export const NOT_IDENTICAL =
  'Time stands still while machines work, so nothing here depends on how fast they are: what a real node needs for retrying, executing and proving comes on top. Where sequencers promise, nodes hear one another over real sockets: when a block was promised may differ by a slot or two. Block hashes, and with them database files, are not part of the records.'

export function reportOutage(run: Run, title: string, promises: readonly ProtocolPromise[]): OutageReport {
  const { scenario, seed, options, constants, phases, facts } = run
  return {
    ...{ scenario, title, seed, options, constants, phases },
    measures: measureRun(run),
    facts,
    verdicts: promises.map(({ id, text, source, judge }) => ({ promise: id, text, source, ...judge(run) })),
    notIdentical: NOT_IDENTICAL,
  }
}

export function toReportJson(report: OutageReport): string {
  return `${JSON.stringify(report, undefined, 1)}\n`
}
