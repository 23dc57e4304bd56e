/** Who wants to be told. */
export function createListeners<A extends readonly unknown[]>() {
  const listeners = new Set<(...event: A) => void>()
  return {
    add(listener: (...event: A) => void): () => void {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    call(...event: A): void {
      for (const listener of listeners) listener(...event)
    },
  }
}
