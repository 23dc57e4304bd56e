/** Senders recovered ahead of execution, in threads, and remembered by transaction hash. */
import { Worker } from 'node:worker_threads'
import { LRUCache } from 'lru-cache'
import { CriticalError } from '../primitives/errors.ts'
import { type Address, bytesToHex, type Hash } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { endWorker, workerUrl } from '../primitives/worker.ts'
import { type Parties, recoverParties, recoverSigner } from './sender.ts'
import type { SenderAnswer } from './senderWorker.ts'
import type { Transaction } from './transaction.ts'

export type SenderPool = {
  /** Recovered here if nobody did it before. */
  senderOf(hash: Hash, transaction: Transaction): Uint8Array | null
  /** Answers the accounts that those not known before name: who sends them, and to whom. Each at least once. */
  recover(transactions: readonly Uint8Array[]): Promise<readonly Address[]>
  close(): Promise<void>
}

/** Enough for the lists of a few proposals; an entry is about 200 bytes. */
const REMEMBERED_MAX = 100_000
/** Stands for "nobody" in the cache, which holds no nulls. */
const NOBODY = new Uint8Array(0)
const NO_PARTIES: Parties = { sender: null, to: null }

/** With 0 workers everything runs on the caller's thread. */
export function createSenderPool(workerCount: number): SenderPool {
  const known = new LRUCache<Hash, Uint8Array>({ max: REMEMBERED_MAX })
  const remember = (hash: Hash, { sender, to }: Parties): readonly Address[] => {
    known.set(hash, sender ?? NOBODY)
    return [sender, to].flatMap((party) => (party === null ? [] : [bytesToHex(party)]))
  }
  const workers = Array.from({ length: workerCount }, () => createSenderWorker())

  return {
    senderOf(hash, transaction) {
      let sender = known.get(hash)
      if (sender === undefined) {
        sender = recoverSigner(transaction) ?? NOBODY
        known.set(hash, sender)
      }
      return sender.length === 0 ? null : sender
    },
    async recover(transactions) {
      const open = transactions
        .map((raw) => ({ raw, hash: keccak256Hex(raw) }))
        .filter(({ hash }) => !known.has(hash))
      if (workers.length === 0) return open.flatMap(({ raw, hash }) => remember(hash, recoverParties(raw)))
      const size = Math.ceil(open.length / workers.length)
      const parts = await Promise.all(
        workers.map(async (worker, index) => {
          const part = open.slice(index * size, (index + 1) * size)
          if (part.length === 0) return []
          const parties = await worker.recover(part.map(({ raw }) => raw))
          return part.flatMap(({ hash }, i) => remember(hash, parties[i] ?? NO_PARTIES))
        }),
      )
      return parts.flat()
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()))
    },
  }
}

type SenderWorker = {
  recover(transactions: readonly Uint8Array[]): Promise<readonly Parties[]>
  close(): Promise<void>
}

type PendingAnswer = {
  readonly resolve: (parties: readonly Parties[]) => void
  readonly reject: (error: Error) => void
}

function createSenderWorker(): SenderWorker {
  const worker = new Worker(workerUrl(import.meta.url, './senderWorker.ts'))
  // A pool that nobody closed must not keep the process alive.
  worker.unref()
  const pending = new Map<number, PendingAnswer>()
  let nextId = 0
  let failure: Error | undefined
  const fail = (error: Error) => {
    failure ??= error
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
  }
  worker.on('message', ({ id, parties }: SenderAnswer) => {
    pending.get(id)?.resolve(parties)
    pending.delete(id)
    if (pending.size === 0) worker.unref()
  })
  worker.on('error', (cause) =>
    fail(new CriticalError('a signature recovery thread failed; restart the node', { cause })),
  )
  worker.on('exit', () => fail(new CriticalError('a signature recovery thread has ended')))
  return {
    recover: (transactions) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure)
        const id = nextId++
        pending.set(id, { resolve, reject })
        worker.ref()
        worker.postMessage({ id, transactions })
      }),
    async close() {
      if (failure === undefined) await endWorker(worker)
    },
  }
}
