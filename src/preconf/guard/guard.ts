/**
 * The one way to a signature by a commitment key. What is signed is written down first, on the disk, and a position has one content:
 * record, count, sign, answer. The guard computes the hash itself, so that no caller can name another position
 * than the one that is signed.
 *
 * It knows what this machine signed. It cannot know of the same key on another machine, nor that the database and the counter were both
 * put back: a key is used in one place.
 */
import { CriticalError } from '../../primitives/errors.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import type { BlockCommitment } from '../../promise/blockCommitment.ts'
import type { Commitment } from '../../promise/commitment.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import type { InclusionList } from '../../promise/inclusionList.ts'
import { recoverCommitter } from '../../promise/signature.ts'
import { type Interchange, parseInterchange } from './interchange.ts'
import { openLedger } from './ledger.ts'
import { type L1View, nameDomain, type Refusal } from './position.ts'
import { describeStatus, type GuardStatus } from './quiet.ts'
import {
  blockToSign,
  commitmentToSign,
  listToSign,
  type SlotTimes,
  type StreamStatement,
  streamToSign,
  type ToSign,
} from './toSign.ts'

/** A key, wherever it is kept. */
export type GuardSigner = {
  readonly address: Address
  /**
   * r ‖ s ‖ v over the hash without a prefix, as promise/signature.ts has it.
   * @param objectRoot The hash is the signing root of it, in the guard's domain with nonce 0: what a Commit-Boost signer is asked for.
   */
  sign(hash: Hash, objectRoot: Hash): Promise<Hex>
}

export type GuardAnswer =
  | { readonly type: 'signed'; readonly hash: Hash; readonly signature: Hex }
  | { readonly type: 'refused'; readonly refusal: Refusal }

export type GuardOptions = {
  /** The guard's own database; not on a network file system. */
  readonly path: string
  /** Counter of its generations; beside the keys, and in no backup of the database. */
  readonly counterPath: string
  readonly domain: PromiseDomain
  readonly signers: readonly GuardSigner[]
  /** When L1 slots begin: inclusions are promised by slot. */
  readonly slots: SlotTimes
  /** Longest time from the L1 head to the end of a window that is promised for, and the wait after a loss. Seconds. */
  readonly windowSeconds: bigint
  /**
   * Nothing is known of blocks that were begun: what was signed of one could not be gone on with, and another in its place would not be
   * heard. It waits a window, as after a loss of its own.
   */
  readonly isJournalNew?: boolean
  /** From verified L1 data, with the head as it is now. Asked at opening, at an import, and for every signature. */
  readL1(): Promise<L1View>
}

export type Guard = {
  /** A failure to record or to sign is thrown, as the store's or the signer's error, and nothing is answered. */
  signBlock(key: Address, commitment: BlockCommitment): Promise<GuardAnswer>
  signList(key: Address, list: InclusionList): Promise<GuardAnswer>
  /** Types 1, 4 and 5. RangeError for any other, and for what is malformed or names another slasher. */
  signCommitment(key: Address, commitment: Commitment): Promise<GuardAnswer>
  /** Type 6. RangeError for a message about another block than is said. */
  signStream(key: Address, statement: StreamStatement): Promise<GuardAnswer>
  /** Windows that end later are not signed for yet. Seconds. */
  reach(): Promise<bigint>
  /** What it waits for and until when, or that it signs. */
  status(): Promise<GuardStatus>
  /** RangeError for a file that is malformed or of another domain. Nothing is signed for a window afterwards. */
  import(json: unknown): Promise<void>
  export(): Promise<Interchange>
  /** Waits for signatures on their way. */
  close(): Promise<void>
}

/** Throws StoreLockedError while another process has the database or the counter, or the store's other errors. */
export async function openGuard(options: GuardOptions): Promise<Guard> {
  const { path, counterPath, domain, slots, windowSeconds, readL1 } = options
  const signers = new Map(options.signers.map((signer) => [signer.address, signer]))
  const name = nameDomain(domain)
  const { timestamp } = await readL1()
  const ledger = await openLedger({
    path,
    counterPath,
    domain: name,
    windowSeconds,
    l1Timestamp: timestamp,
    ...(options.isJournalNew !== undefined && { isJournalNew: options.isJournalNew }),
  })
  /** By key and hash: who asks for the same meanwhile gets the same. */
  const onTheirWay = new Map<string, Promise<GuardAnswer>>()
  const running = new Set<Promise<unknown>>()
  let isClosed = false

  function run<T>(work: () => Promise<T>): Promise<T> {
    if (isClosed) return Promise.reject(new CriticalError('internal error: the guard is closed'))
    const result = work().finally(() => running.delete(result))
    running.add(result)
    return result
  }

  function sign(key: Address, describe: () => ToSign): Promise<GuardAnswer> {
    return run(async () => {
      const toSign = describe()
      const id = `${key} ${toSign.signedHash}`
      const answer = onTheirWay.get(id) ?? recordAndSign(key, toSign).finally(() => onTheirWay.delete(id))
      onTheirWay.set(id, answer)
      return answer
    })
  }

  async function recordAndSign(key: Address, toSign: ToSign): Promise<GuardAnswer> {
    const signer = signers.get(key)
    if (signer === undefined) throw new CriticalError(`the guard has no signer for ${key}`)
    const claim = await ledger.claim({ key, ...toSign }, await readL1())
    if (claim.type === 'refused') return claim
    const signature = claim.signature ?? (await signAndKeep(signer, toSign))
    return { type: 'signed', hash: toSign.signedHash, signature }
  }

  async function signAndKeep(signer: GuardSigner, toSign: ToSign): Promise<Hex> {
    const { signedHash, objectRoot } = toSign
    const signature = await signer.sign(signedHash, objectRoot)
    const by = recoverCommitter(signedHash, signature)
    if (by !== signer.address)
      throw new CriticalError(
        `the signer of ${signer.address} gave ${by === undefined ? 'no signature' : `a signature of ${by}`}; check its configuration`,
      )
    ledger.keepSignature({ key: signer.address, ...toSign }, signature)
    return signature
  }

  return {
    signBlock: (key, commitment) => sign(key, () => blockToSign(commitment, domain)),
    signList: (key, list) => sign(key, () => listToSign(list, domain)),
    signCommitment: (key, commitment) => sign(key, () => commitmentToSign(commitment, domain, slots)),
    signStream: (key, statement) => sign(key, () => streamToSign(statement, domain)),
    reach: () => run(async () => (await readL1()).timestamp + windowSeconds),
    status: () => run(async () => describeStatus(ledger.state(), await readL1())),
    import: (json) =>
      run(async () => ledger.import(parseInterchange(json, name), (await readL1()).timestamp)),
    export: () => run(() => ledger.export()),
    close: async () => {
      isClosed = true
      await Promise.allSettled(running)
      await ledger.close()
    },
  }
}
