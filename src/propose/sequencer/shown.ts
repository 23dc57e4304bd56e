/** The block under way as the rest of the node sees it: which one takes transactions, and which one is pending. */
import type { OpenBlock } from '../../engine/engine.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { Building } from './building.ts'

export type ShowBuilding = {
  /** It takes transactions from now on. */
  open(building: Building): void
  /** It takes no more, and the next one is about to come. */
  close(building: Building): void
  /** It is part of the chain, or never will be. */
  end(building: Building): void
}

export type Shown = ShowBuilding & {
  /** None is to come. */
  clear(): void
  /** The one that takes transactions, or the next one that will; undefined when there is none to come. */
  taking(): Promise<Building | undefined>
  /** Whether one takes transactions, or this one does. */
  isOpen(building?: Building): boolean
  /** On the latest block: full or not, begun sooner or not. */
  pending(latest: Hash): OpenBlock | undefined
  /** The one that takes transactions, or else the one that took them last. */
  newest(): OpenBlock | undefined
}

export function createShown(): Shown {
  let open: Building | undefined
  let closed: Building | undefined
  let next: Deferred | undefined

  const leave = (building: Building): void => {
    if (open !== building) return
    open = undefined
    next ??= createDeferred()
  }
  const settle = (building: Building | undefined): void => {
    open = building
    next?.resolve(building)
    next = undefined
  }

  return {
    open: settle,
    close(building) {
      leave(building)
      closed = building
    },
    end(building) {
      leave(building)
      if (closed === building) closed = undefined
    },
    clear() {
      settle(undefined)
      closed = undefined
    },
    taking: async () => open ?? next?.promise,
    isOpen: (building = open) => building !== undefined && building === open,
    newest: () => (open ?? closed)?.block,
    pending: (latest) => [open, closed].find((building) => building?.position.parentHash === latest)?.block,
  }
}

type Deferred = {
  readonly promise: Promise<Building | undefined>
  resolve(building: Building | undefined): void
}

function createDeferred(): Deferred {
  let resolve: Deferred['resolve'] = () => {}
  const promise = new Promise<Building | undefined>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
