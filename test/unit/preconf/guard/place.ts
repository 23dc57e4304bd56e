/** A directory with a guard's two files, an L1 on command, and a signer that remembers what it signed. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Guard,
  type GuardOptions,
  type GuardSigner,
  openGuard,
} from '../../../../src/preconf/guard/guard.ts'
import type { L1View } from '../../../../src/preconf/guard/position.ts'
import type { StreamStatement } from '../../../../src/preconf/guard/toSign.ts'
import { type Address, bytesToHex, type Hash, type Hex } from '../../../../src/primitives/hex.ts'
import type { BlockCommitment } from '../../../../src/promise/blockCommitment.ts'
import type { Commitment, CommitmentRequest } from '../../../../src/promise/commitment.ts'
import type { InclusionList } from '../../../../src/promise/inclusionList.ts'
import { committerOf, signHash } from '../../../../src/promise/signature.ts'
import { signingDomainOf } from '../../../../src/promise/signingRoot.ts'
import type { Env } from '../../../../src/promise/streamMessage.ts'
import {
  encodeTransactionRequest,
  executionCommitment,
  inclusionCommitment,
  type TransactionExecution,
  type TransactionRequest,
} from '../../../../src/promise/transactionPromise.ts'

export const WINDOW = 384n
export const START = 1_000_000n
export const SLOTS = { genesisTime: 100_000n, secondsPerSlot: 12n }
const PRIVATE_KEY = new Uint8Array(32).fill(7)
export const KEY: Address = committerOf(PRIVATE_KEY)
export const DOMAIN = {
  l1ChainId: 1n,
  domain: signingDomainOf('0x00000000'),
  signingId: hashOf(1),
  slasher: `0x${'5a'.repeat(20)}` as Address,
}

export function hashOf(n: number | bigint): Hash {
  return `0x${n.toString(16).padStart(64, '0')}`
}

export type Place = {
  readonly path: string
  readonly counterPath: string
  /** What the L1 says; changed by the test. */
  readonly l1: {
    timestamp: bigint
    landed: { number: bigint; timestamp: bigint }
    finalizedNumber: bigint
    finalizedTimestamp: bigint
  }
  /** Blocks that L1 has removed. */
  readonly removed: Set<Hash>
  /** What was asked of them. */
  readonly askedRemoved: (readonly [Hash, bigint])[]
  /** Everything that was ever signed, in order. */
  readonly signed: Hash[]
  readonly objectRoots: Hash[]
  /** That requests are about. */
  readonly transaction: Uint8Array
  readonly signer: GuardSigner
  view(): Promise<L1View>
  open(change?: Partial<GuardOptions>): Promise<Guard>
  /** Opens for the first time and lets the window pass that a new guard waits. */
  openReady(change?: Partial<GuardOptions>): Promise<Guard>
  /** A window later, with an L2 block landed since. */
  passWindow(): void
  /** The closed database. */
  backUp(): void
  restore(): void
  remove(): void
}

export function createPlace(): Place {
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-guard-'))
  mkdirSync(join(directory, 'keys'))
  const path = join(directory, 'guard.sqlite')
  const l1 = {
    timestamp: START,
    landed: { number: 99n, timestamp: START },
    finalizedNumber: 50n,
    finalizedTimestamp: START - 1_000n,
  }
  const removed = new Set<Hash>()
  const askedRemoved: (readonly [Hash, bigint])[] = []
  const signed: Hash[] = []
  const objectRoots: Hash[] = []
  const signer: GuardSigner = {
    address: KEY,
    sign: async (hash, objectRoot) => {
      signed.push(hash)
      objectRoots.push(objectRoot)
      return sign(hash)
    },
  }
  const place: Place = {
    path,
    counterPath: join(directory, 'keys', 'generation'),
    l1,
    removed,
    askedRemoved,
    signed,
    objectRoots,
    transaction: Uint8Array.of(2, 0xf8),
    signer,
    view: async () => ({
      ...l1,
      isRemoved: async (hash, number) => {
        askedRemoved.push([hash, number])
        return removed.has(hash)
      },
    }),
    open: (change) =>
      openGuard({
        path,
        counterPath: place.counterPath,
        domain: DOMAIN,
        signers: [signer],
        slots: SLOTS,
        windowSeconds: WINDOW,
        readL1: place.view,
        ...change,
      }),
    openReady: async (change) => {
      const guard = await place.open(change)
      place.passWindow()
      return guard
    },
    passWindow: () => {
      l1.timestamp += WINDOW + 1n
      l1.landed = { ...l1.landed, timestamp: l1.timestamp }
    },
    backUp: () => copyFileSync(path, `${path}.backup`),
    restore: () => {
      for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
      if (existsSync(`${path}.backup`)) copyFileSync(`${path}.backup`, path)
    },
    remove: () => rmSync(directory, { recursive: true }),
  }
  return place
}

export function sign(hash: Hash): Hex {
  return signHash(hash, PRIVATE_KEY)
}

/** Block 100 on block 99, in a window that has 12 seconds left; `content` makes it another promise for the same position. */
export function blockOf(
  place: Place,
  change: Partial<BlockCommitment> & { content?: number } = {},
): BlockCommitment {
  const { content = 1, ...fields } = change
  return {
    l2ChainId: 167n,
    blockNumber: 100n,
    parentCommitmentHash: hashOf(0),
    parentBlockHash: hashOf(99),
    transactionsRoot: hashOf(content),
    anchorBlockNumber: 1n,
    windowEnd: place.l1.timestamp + 12n,
    isEndOfWindow: false,
    ...fields,
  }
}

export function listOf(place: Place, content = 1, windowEnd = place.l1.timestamp + 12n): InclusionList {
  return { l2ChainId: 167n, windowEnd, transactionsHash: hashOf(content) }
}

/** By the slot that ends 12 seconds from the L1 head. */
export function requestOf(
  place: Place,
  change: Partial<TransactionRequest> & { type?: bigint } = {},
): CommitmentRequest {
  const { type = 5n, ...fields } = change
  const slot = (place.l1.timestamp + 12n - SLOTS.genesisTime) / SLOTS.secondsPerSlot
  const payload = encodeTransactionRequest({ slot, transaction: place.transaction, ...fields })
  return { commitmentType: type, payload: bytesToHex(payload), slasher: DOMAIN.slasher }
}

export function inclusionOf(
  place: Place,
  type: 1n | 4n = 4n,
  change: Partial<TransactionRequest> = {},
): Commitment {
  return inclusionCommitment(requestOf(place, { type, ...change }))
}

/** At index 1 of block 100 on block 99. */
export function executionOf(
  place: Place,
  change: Partial<TransactionExecution> = {},
  request = requestOf(place),
): Commitment {
  return executionCommitment(request, {
    l2ChainId: 167n,
    blockNumber: 100n,
    parentBlockHash: hashOf(99),
    transactionIndex: 1,
    transactionHash: hashOf(5),
    receiptHash: hashOf(6),
    windowEnd: place.l1.timestamp + 12n,
    ...change,
  })
}

/** Env, seal, or the frag of that sequence, of block 100 on block 99. */
export function messageOf(
  place: Place,
  what: 'env' | 'seal' | number,
  change: { content?: number; parent?: Hash; number?: bigint; seq?: bigint } = {},
): StreamStatement {
  const { content = 1, parent = hashOf(99), number = 100n } = change
  const around = { l2ChainId: 167n, parentHash: parent, windowEnd: place.l1.timestamp + 12n }
  if (what === 'env') {
    const env: Env = {
      number,
      parentHash: parent,
      beneficiary: KEY,
      timestamp: BigInt(content),
      gasLimit: 1n,
      basefee: 1n,
      difficulty: 0n,
      prevrandao: hashOf(1),
      extraData: new Uint8Array(7),
      parentBeaconBlockRoot: hashOf(2),
    }
    return { message: { type: 'env', env }, ...around }
  }
  if (what === 'seal') {
    const root = hashOf(content)
    const roots = { transactionsRoot: root, receiptsRoot: root, stateRoot: root, blockHash: root }
    const seal = {
      totalFrags: 1n,
      blockNumber: number,
      gasUsed: 1n,
      gasLimit: 1n,
      parentHash: parent,
      ...roots,
    }
    return { message: { type: 'seal', seal }, ...around }
  }
  const frag = {
    blockNumber: number,
    seq: change.seq ?? BigInt(what),
    isLast: false,
    txs: [Uint8Array.of(2, content)],
  }
  return { message: { type: 'frag', frag }, ...around }
}
