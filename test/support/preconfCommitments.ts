/** A commitments service with everything real behind it: a sequencer on the L1 in this process, a guard, a promise book. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { privateKeyToAccount } from 'viem/accounts'
import { rollupRules } from '../../src/engine/rules/evmRules.ts'
import type { L1Builder } from '../../src/preconf/commitments/l1Builder.ts'
import {
  type CommitmentsDeps,
  type CommitmentsOptions,
  createCommitments,
  DEFAULT_COMMITMENTS_OPTIONS,
} from '../../src/preconf/commitments/service.ts'
import { type GuardAnswer, type GuardSigner, openGuard } from '../../src/preconf/guard/guard.ts'
import { createPromiseBook, PROMISES_SCHEMA } from '../../src/preconf/promises/book.ts'
import { createPromiseFollower, type FindL1Transaction } from '../../src/preconf/promises/follow.ts'
import { createL1Facts } from '../../src/preconf/promises/l1Facts.ts'
import { bytesToHex, type Hex, hexToBytes, ZERO_ADDRESS } from '../../src/primitives/hex.ts'
import type { CommitmentRequest } from '../../src/promise/commitment.ts'
import { committerOf, signHash } from '../../src/promise/signature.ts'
import { signingDomainOf, signingIdOf } from '../../src/promise/signingRoot.ts'
import { encodeTransactionRequest } from '../../src/promise/transactionPromise.ts'
import { readPoolHead } from '../../src/propose/pool/followChain.ts'
import type { SequencerFace } from '../../src/propose/sequencer/events.ts'
import { DEFAULT_SEQUENCER_OPTIONS } from '../../src/propose/sequencer/sequencer.ts'
import { openStore } from '../../src/store/openStore.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { L2_CHAIN_ID } from './derive/harness.ts'
import { ACCOUNTS } from './l1/accounts.ts'
import { signTransaction, testAddress } from './proposeTransactions.ts'
import { createWorld, type RunningSequencer } from './sequencerWorld.ts'

export const OPERATOR = 1
const PRIVATE_KEY = ACCOUNTS[OPERATOR]!.privateKey
export const COMMITTER = committerOf(PRIVATE_KEY)
/** Longest time that is promised ahead: 64 slots of 12 seconds, and the window around. */
const WINDOW_SECONDS = 1200n

export type CommitmentsWorld = Awaited<ReturnType<typeof createCommitmentsWorld>>

export async function createCommitmentsWorld(options: {
  readonly seed: string
  readonly operators?: readonly number[]
  readonly slotsPerEpoch?: number
  readonly options?: Partial<CommitmentsOptions>
  readonly deps?: Partial<CommitmentsDeps>
  readonly findL1Transaction?: FindL1Transaction
  /** How far ahead the guard signs. */
  readonly windowSeconds?: bigint
}) {
  const slotsPerEpoch = options.slotsPerEpoch ?? 16
  const windowSeconds = options.windowSeconds ?? WINDOW_SECONDS
  const world = await createWorld({
    seed: options.seed,
    operators: options.operators ?? [OPERATOR, OPERATOR],
    slotsPerEpoch,
  })
  const { spec, chain, pool, schedule, clock, l1, node, sim } = world
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-promises-'))
  const domain = {
    l1ChainId: spec.l1.chainId,
    domain: signingDomainOf('0x00000000'),
    signingId: signingIdOf(spec.l1.chainId, spec.l1.inbox),
    slasher: ZERO_ADDRESS,
  }
  const signer: GuardSigner = {
    address: COMMITTER,
    sign: async (hash) => signHash(hash, PRIVATE_KEY),
  }
  const headTimestamp = () => sim.head().header.timestamp
  // A new guard waits for a window of L1 time: it is opened as if long ago.
  let agoSeconds = 2n * windowSeconds
  const openTheGuard = () =>
    openGuard({
      path: join(directory, 'guard.db'),
      counterPath: join(directory, 'counter'),
      domain,
      signers: [signer],
      slots: spec.l1,
      windowSeconds,
      readL1: async () => ({
        timestamp: headTimestamp() - agoSeconds,
        landed: { number: chain.heads().safe.number, timestamp: headTimestamp() - agoSeconds },
        finalizedNumber: chain.heads().finalized.number,
        finalizedTimestamp: 0n,
        isRemoved: async (hash, number) => (await chain.headerByNumber(number))?.hash !== hash,
      }),
    })
  const openBookStore = () =>
    openStore({ path: join(directory, 'preconf.db'), schemas: { promises: PROMISES_SCHEMA } })
  const cursor = () => ({ number: sim.head().header.number, hash: sim.head().hash })

  let guard = await openTheGuard()
  agoSeconds = 0n
  let store = await openBookStore()
  let running: RunningSequencer | undefined
  let funded = 0
  let otherGuard: (() => Promise<GuardAnswer>) | undefined

  /** What is executed takes no time, however slow the machine: who waits for it counts as one who works. */
  const whileTimeStands =
    (include: SequencerFace['include']): SequencerFace['include'] =>
    async (raw) => {
      const leave = clock.join()
      try {
        return await include(raw)
      } finally {
        leave()
      }
    }

  async function open() {
    const book = createPromiseBook({ store, spec, domain })
    const sequencer = running!.sequencer
    const service = await createCommitments(
      {
        ...{ spec, domain, schedule, pool, book, store, chain },
        sequencer: { ...sequencer, include: whileTimeStands(sequencer.include) },
        guard: {
          reach: () => guard.reach(),
          signCommitment: (key, commitment) =>
            otherGuard === undefined ? guard.signCommitment(key, commitment) : otherGuard(),
        },
        rules: { chainId: spec.l2.chainId, evm: rollupRules('unzen'), minTip: 0n },
        next: async () => ({
          ...(await readPoolHead(chain, spec, DEFAULT_SEQUENCER_OPTIONS.gasLimitTarget)),
          state: node.state.source(),
        }),
        ready: () => ({ isReady: true }),
        logger: silentLogger,
        now: clock.now,
        wait: clock.wait,
        ...options.deps,
      },
      {
        ...DEFAULT_COMMITMENTS_OPTIONS,
        keys: [COMMITTER],
        takesOpenWindows: false,
        stopBeforeMs: DEFAULT_SEQUENCER_OPTIONS.stopBeforeMs,
        ...options.options,
      },
    )
    const l1Facts = createL1Facts({ l1, cursor })
    const follower = createPromiseFollower({
      store,
      chain,
      state: node.state,
      l1: l1Facts,
      ...(options.findL1Transaction && { findL1Transaction: options.findL1Transaction }),
      logger: silentLogger,
    })
    return { book, service, follower }
  }

  const start = async () => {
    running = await world.start(OPERATOR, {
      deps: { listed: (windowEnd) => opened?.service.owed(windowEnd) ?? [] },
    })
    return running
  }
  let opened: Awaited<ReturnType<typeof open>> | undefined
  await start()
  opened = await open()

  const self = {
    ...world,
    domain,
    directory,
    get book() {
      return opened!.book
    },
    get service() {
      return opened!.service
    },
    get follower() {
      return opened!.follower
    },
    get store() {
      return store
    },
    get sequencer() {
      return running!
    },
    /** First slot of the first window of ours that is yet to begin. */
    nextWindow: () => Math.ceil((world.slotNow() + 2) / slotsPerEpoch) * slotsPerEpoch,
    request(
      commitmentType: number,
      slot: number | bigint,
      transaction: Uint8Array,
      change: Partial<CommitmentRequest> = {},
    ): CommitmentRequest {
      const payload: Hex = bytesToHex(encodeTransactionRequest({ slot: BigInt(slot), transaction }))
      return { commitmentType: BigInt(commitmentType), payload, slasher: domain.slasher, ...change }
    },
    /** From now on the book has our block commitments. */
    noteBlocks() {
      running!.sequencer.onEvent((event) => {
        if (event.type !== 'sealed') return
        const { commitment, commitmentHash, signature } = event.block
        const signer = COMMITTER
        void opened!.book.noteBlock({
          ...{ commitment, commitmentHash, signature, signer, isOurs: true, heardAt: clock.now() },
        })
      })
    },
    /** An ether for each wallet, in the block under way. */
    async fund(wallets: readonly number[]) {
      const account = privateKeyToAccount(bytesToHex(ACCOUNTS[0]!.privateKey))
      for (const wallet of wallets) {
        const raw = await account.signTransaction({
          ...{ type: 'eip1559', chainId: Number(L2_CHAIN_ID), nonce: funded++, gas: 21_000n },
          ...{ maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 9n },
          ...{ to: testAddress(wallet), value: 10n ** 18n },
        })
        const result = await running!.sequencer.include(hexToBytes(raw))
        if (result.type !== 'included') throw new Error(`wallet ${wallet} gets nothing: ${result.reason}`)
      }
    },
    /** Asked in the place of the guard while `work` runs. */
    async withGuard(answer: () => Promise<GuardAnswer>, work: () => Promise<void>) {
      otherGuard = answer
      try {
        await work()
      } finally {
        otherGuard = undefined
      }
    },
    /** Guard, book and service anew from their files; the sequencer runs on. */
    async restart() {
      opened!.service.close()
      await opened!.follower.close()
      await opened!.book.close()
      await store.close()
      await guard.close()
      guard = await openTheGuard()
      store = await openBookStore()
      opened = await open()
    },
    async close() {
      await running?.stop()
      opened?.service.close()
      await opened?.follower.close()
      await opened?.book.close()
      await store.close()
      await guard.close()
      await world.close()
      rmSync(directory, { recursive: true })
    },
  }
  return self
}

/** EIP-2718 bytes of an L2 transaction of a wallet, 1 to 255. */
export function pay(
  wallet: number,
  fields: Omit<Parameters<typeof signTransaction>[1], 'chainId'> & { readonly chainId?: number } = {},
): Promise<Uint8Array> {
  return signTransaction(wallet, { chainId: Number(L2_CHAIN_ID), ...fields } as never)
}

/** An L1 builder that takes everything, and remembers it. */
export function createTakingBuilder(): L1Builder & {
  readonly taken: Uint8Array[]
  take: L1Builder['take']
} {
  const taken: Uint8Array[] = []
  return {
    taken,
    async take(raw) {
      taken.push(raw)
    },
    find: async () => undefined,
    baseFee: async () => 10n ** 9n,
  }
}
