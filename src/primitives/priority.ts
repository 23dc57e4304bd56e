import { constants, getPriority, setPriority } from 'node:os'
import { isMainThread } from 'node:worker_threads'

/**
 * For work that can wait: where cores are short, whoever answers somebody comes first. Of a process, or of one of its threads; the
 * latter on Linux alone, since elsewhere it would be the whole process's. One that was started with less keeps it: to raise it takes
 * rights that a node should not have.
 */
export function giveWay(): void {
  if (!isMainThread && process.platform !== 'linux') return
  const lower = constants.priority.PRIORITY_BELOW_NORMAL
  if (getPriority() < lower) setPriority(lower)
}
