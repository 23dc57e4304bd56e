/** What was opened one after the other, and is closed together. */

type Closable = { close(): void | Promise<void> }

export type Resources = {
  /** Closes it with the others. */
  keep<T extends Closable>(resource: T): T
  /** The last first, once. One that fails keeps none of the others open; the first error is thrown in the end. */
  close(): Promise<void>
}

export function createResources(): Resources {
  const opened: Closable[] = []
  let closing: Promise<void> | undefined
  return {
    keep(resource) {
      opened.push(resource)
      return resource
    },
    close() {
      closing ??= closeAll(opened.toReversed())
      return closing
    },
  }
}

/** In this order. One that fails keeps none of the others open; the first error is thrown in the end. */
export async function closeAll(resources: readonly Closable[]): Promise<void> {
  const errors: unknown[] = []
  for (const resource of resources) {
    try {
      await resource.close()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}
