import { setFlagsFromString } from 'node:v8'

/** Per cent of what is alive, by which old objects may grow until they are marked again. V8 by itself marks a sequencer's at 15 to 40. */
const GROWTH_PERCENT = 200

/**
 * For a process that answers within milliseconds. To mark a hundred megabytes takes a tenth of a second of two cores, and every four
 * seconds that is more than one answer in a hundred; so it comes every half minute, for twice the memory that is alive. Bounded by
 * `--max-old-space-size` as ever.
 */
export function markRarely(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`)
}
