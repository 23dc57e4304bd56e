/** One reading for everybody who asks within a moment: a hundred open pages cost the node what one does. */

export function oncePer<T>(ttlMs: number, read: () => Promise<T>, now: () => number): () => Promise<T> {
  let newest: { readonly reading: Promise<T>; endedAt?: number } | undefined
  return () => {
    // What is under way is waited for, however long it takes; from its end the moment counts.
    const isFresh = newest && (newest.endedAt === undefined || now() - newest.endedAt < ttlMs)
    if (newest !== undefined && isFresh) return newest.reading
    const entry: { readonly reading: Promise<T>; endedAt?: number } = { reading: read() }
    newest = entry
    const end = () => {
      entry.endedAt = now()
    }
    const fail = () => {
      // A failure is not kept: the next one who asks may have more luck.
      if (newest === entry) newest = undefined
    }
    entry.reading.then(end, fail)
    return entry.reading
  }
}
