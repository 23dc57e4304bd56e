/**
 * The promise book: every promise this node gave or heard of, on the disk before it is answered, with what came of it. Writes that
 * wait for each other go in one transaction, so a hundred promises cost few syncs.
 */
import { bytesToHex, type Hash, type Hex, ZERO_HASH } from '../../primitives/hex.ts'
import { BLOCK_COMMITMENT_TYPE, encodeBlockCommitment } from '../../promise/blockCommitment.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import { INCLUSION_TYPE } from '../../promise/transactionPromise.ts'
import type { Store } from '../../store/store.ts'
import type { SignedBlockCommitment } from './blockPromise.ts'
import { createGroupCommit, type GroupCommit } from './groupCommit.ts'
import type { NewPromise, StoredPromise } from './promise.ts'
import { createRecentPromises } from './recent.ts'
import { INSERT_PROMISE, promiseValues, readPromise } from './rows.ts'
import { readScores, type SignerScore } from './score.ts'

export { PROMISES_SCHEMA } from './schema.ts'

export type PromiseBook = {
  /** On the disk when it returns. The same hash again changes nothing. */
  keep(promise: NewPromise): Promise<void>
  /** Not at once: what it belongs to is on the disk, and the guard has it. @param answeredAt Milliseconds since 1970. */
  keepSignature(hash: Hash, signature: Hex, answeredAt: number): Promise<void>
  /** A promise that was never given after all: nobody has its signature. */
  forget(hash: Hash): Promise<void>
  /** A block commitment, our own or one that the stream brought; its signature has been checked. */
  noteBlock(signed: SignedBlockCommitment): Promise<void>
  /** The latest where there is more than one. */
  byRequest(requestHash: Hash): Promise<StoredPromise | undefined>
  /** Of types 1, 4 and 5, oldest first. */
  byTransaction(transactionHash: Hash): Promise<readonly StoredPromise[]>
  /** False: `byTransaction` has nothing about it for this slot or a later one. Answers from memory; true says nothing. */
  mayHave(promise: { readonly transactionHash: Hash; readonly slot: bigint }): boolean
  /** Block commitments to blocks with this number, oldest first. */
  byBlock(number: bigint): Promise<readonly StoredPromise[]>
  /** Inclusions of L2 transactions that are still owed by us, oldest first. */
  owed(): Promise<readonly StoredPromise[]>
  /** The newest first; without block commitments. */
  recent(limit: number): Promise<readonly StoredPromise[]>
  scores(): Promise<readonly SignerScore[]>
  /** Writes what waits; the store is its owner's to close. */
  close(): Promise<void>
}

export function createPromiseBook(deps: {
  /** With PROMISES_SCHEMA. */
  readonly store: Store
  readonly spec: {
    readonly l1: { readonly genesisTime: bigint; readonly secondsPerSlot: bigint }
  }
  readonly domain: Pick<PromiseDomain, 'slasher'>
  /** Of the store; one of its own by default. */
  readonly group?: GroupCommit
}): PromiseBook {
  const { store, spec, domain } = deps
  const group = deps.group ?? createGroupCommit(store)
  const recent = createRecentPromises(spec)
  // Without it every question goes to the disk, which says what is wrong with it.
  recent.load(store).catch(() => {})
  /** On their way to the disk. */
  const signed = new Map<Hash, { readonly signature: Hex; readonly answeredAt: number }>()
  const select = async (where: string, parameters: readonly (string | number | bigint)[] = []) => {
    const rows = await store.all(`SELECT * FROM promises WHERE ${where}`, parameters)
    return rows.map((row): StoredPromise => {
      const promise = readPromise(row)
      return { ...promise, ...signed.get(promise.hash) }
    })
  }

  const keep = (promise: NewPromise) => {
    recent.add(promise)
    return group.write([INSERT_PROMISE, promiseValues(promise)])
  }

  return {
    keep,
    async keepSignature(hash, signature, answeredAt) {
      const at = Math.floor(answeredAt)
      signed.set(hash, { signature, answeredAt: at })
      await group.writeLater([
        'UPDATE promises SET signature = ?, answered_at = ? WHERE hash = ?',
        [signature, at, hash],
      ])
      signed.delete(hash)
    },
    forget: (hash) => group.write(['DELETE FROM promises WHERE hash = ? AND signature IS NULL', [hash]]),
    noteBlock: ({ commitment, commitmentHash, signer, signature, isOurs, heardAt }) =>
      keep({
        hash: commitmentHash,
        commitment: {
          commitmentType: BLOCK_COMMITMENT_TYPE,
          payload: bytesToHex(encodeBlockCommitment(commitment)),
          requestHash: ZERO_HASH,
          slasher: domain.slasher,
        },
        signer,
        isOurs,
        requestedAt: heardAt,
        slot: (commitment.windowEnd - spec.l1.genesisTime) / spec.l1.secondsPerSlot,
        deadline: commitment.windowEnd,
        windowEnd: commitment.windowEnd,
        blockNumber: commitment.blockNumber,
        parentHash: commitment.parentBlockHash,
        signature,
      }),
    byRequest: async (requestHash) =>
      (await select('type <> 2 AND request_hash = ? ORDER BY id DESC LIMIT 1', [requestHash]))[0],
    mayHave: recent.mayHave,
    byTransaction: (hash) => select('transaction_hash = ? ORDER BY id', [hash]),
    byBlock: (number) => select('block_number = ? AND type = ? ORDER BY id', [number, BLOCK_COMMITMENT_TYPE]),
    owed: () =>
      select("is_final = 0 AND type = ? AND outcome = 'pending' AND is_ours = 1 ORDER BY id", [
        INCLUSION_TYPE,
      ]),
    recent: (limit) => select('type <> 2 AND signature IS NOT NULL ORDER BY id DESC LIMIT ?', [limit]),
    scores: () => readScores(store),
    close: group.close,
  }
}
