/**
 * What is looked up elsewhere for many askers: the last answer serves them while the next is fetched behind it. Only who asks when
 * nothing is known, or what is known is too old, waits.
 */
import { LRUCache } from 'lru-cache'

/** Milliseconds in which an answer is not asked for again. */
const FRESH_MS = 1000
const KEYS_MAX = 256

export type LookedUp<K, V> = {
  get(key: K): Promise<V>
  clear(): void
}

export function createLookedUp<K extends {}, V>(deps: {
  readonly read: (key: K) => Promise<V>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Older answers are not given. */
  readonly ageMaxMs: number
  /** Default: any answer may be given again. */
  readonly mayKeep?: (value: V) => boolean
}): LookedUp<K, V> {
  const { now, ageMaxMs, mayKeep = () => true } = deps
  const kept = new LRUCache<K, { readonly value: Promise<V>; readonly at: number }>({ max: KEYS_MAX })
  const reading = new Map<K, Promise<V>>()

  function read(key: K): Promise<V> {
    const begun = reading.get(key)
    if (begun !== undefined) return begun
    const at = now()
    const value = deps
      .read(key)
      .then((read) => {
        if (reading.get(key) === value && mayKeep(read)) kept.set(key, { value, at })
        return read
      })
      .finally(() => {
        if (reading.get(key) === value) reading.delete(key)
      })
    reading.set(key, value)
    return value
  }

  return {
    get(key) {
      const last = kept.get(key)
      const ageMs = last === undefined ? Number.POSITIVE_INFINITY : Math.abs(now() - last.at)
      if (last === undefined || ageMs >= ageMaxMs) return read(key)
      // A failure is told to who asks once the last answer is too old.
      if (ageMs >= FRESH_MS) read(key).catch(() => {})
      return last.value
    },
    clear() {
      kept.clear()
      reading.clear()
    },
  }
}
