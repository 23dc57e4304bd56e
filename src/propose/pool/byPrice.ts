/** Transactions in the order a builder takes them: the best tip first, each sender's by nonce, ties by arrival. */
import { effectiveTip } from './price.ts'
import type { PooledTransaction } from './transaction.ts'

type Head = {
  readonly tip: bigint
  readonly transaction: PooledTransaction
  readonly rest: Iterator<PooledTransaction>
}

/** Each of `senders` yields one sender's executable transactions by nonce. A fee cap below the base fee ends its sender. */
export function* orderByPriceAndNonce(
  senders: Iterable<Iterable<PooledTransaction>>,
  baseFeePerGas: bigint,
): Generator<PooledTransaction> {
  const heap: Head[] = []
  const push = (rest: Iterator<PooledTransaction>) => {
    const next = rest.next()
    if (next.done) return
    const tip = effectiveTip(next.value, baseFeePerGas)
    if (tip >= 0n) pushHeap(heap, { tip, transaction: next.value, rest })
  }
  for (const sender of senders) push(sender[Symbol.iterator]())
  for (;;) {
    const best = popHeap(heap)
    if (best === undefined) return
    yield best.transaction
    push(best.rest)
  }
}

function isBetter(a: Head, b: Head): boolean {
  return a.tip === b.tip ? a.transaction.arrival < b.transaction.arrival : a.tip > b.tip
}

function pushHeap(heap: Head[], head: Head): void {
  let at = heap.length
  heap.push(head)
  while (at > 0) {
    const up = (at - 1) >> 1
    const parent = heap[up] as Head
    if (!isBetter(head, parent)) break
    heap[at] = parent
    at = up
  }
  heap[at] = head
}

function popHeap(heap: Head[]): Head | undefined {
  const best = heap[0]
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return best
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBetter(heap[child + 1] as Head, heap[child] as Head)) child++
    if (!isBetter(heap[child] as Head, last)) break
    heap[at] = heap[child] as Head
    at = child
  }
  heap[at] = last
  return best
}
