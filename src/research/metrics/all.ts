/** Every metric, in the order of the report. */
import { blobUse } from './blobUse.ts'
import { clockLags } from './clockLags.ts'
import { forcedInclusions } from './forcedInclusions.ts'
import { inclusionDelay } from './inclusionDelay.ts'
import type { Metric } from './metric.ts'
import { notDerivable } from './notDerivable.ts'
import { orderingBias } from './orderingBias.ts'
import { postingGaps } from './postingGaps.ts'
import { preconfirmationUptime } from './preconfirmationUptime.ts'
import { promiseOutcomes } from './promiseOutcomes.ts'
import { proposerConcentration } from './proposerConcentration.ts'
import { proposerEconomics } from './proposerEconomics.ts'
import { revertRate } from './revertRate.ts'
import { sandwiches } from './sandwiches.ts'
import { windowOutcomes } from './windowOutcomes.ts'

export const METRICS: readonly Metric[] = [
  proposerConcentration,
  proposerEconomics,
  postingGaps,
  windowOutcomes,
  inclusionDelay,
  forcedInclusions,
  promiseOutcomes,
  preconfirmationUptime,
  clockLags,
  blobUse,
  revertRate,
  orderingBias,
  sandwiches,
  notDerivable,
]
