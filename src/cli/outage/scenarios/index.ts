/** The scenarios there are. Another one is a file beside these and its line here. */
import type { Scenario } from '../scenario.ts'
import { blobsWithheld } from './blobsWithheld.ts'
import { l1Stalls } from './l1Stalls.ts'
import { operatorsColluding } from './operatorsColluding.ts'
import { sequencerOffline } from './sequencerOffline.ts'
import { stolenKey } from './stolenKey.ts'

export const SCENARIOS: readonly Scenario[] = [
  sequencerOffline,
  blobsWithheld,
  l1Stalls,
  operatorsColluding,
  stolenKey,
]
