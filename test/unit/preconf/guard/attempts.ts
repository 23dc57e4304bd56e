/**
 * Attempts to obtain a second signature for one position: of every kind, in parallel, over restarts, from backups and old exports, with
 * files lost, a signer away, the L1 head set back, and L1 going on in between. Throws when one succeeds.
 */
import { rmSync } from 'node:fs'
import type { Guard, GuardAnswer } from '../../../../src/preconf/guard/guard.ts'
import type { Interchange } from '../../../../src/preconf/guard/interchange.ts'
import {
  blockToSign,
  commitmentToSign,
  listToSign,
  streamToSign,
  type ToSign,
} from '../../../../src/preconf/guard/toSign.ts'
import { TemporaryError } from '../../../../src/primitives/errors.ts'
import type { Hash } from '../../../../src/primitives/hex.ts'
import {
  blockOf,
  createPlace,
  DOMAIN,
  executionOf,
  hashOf,
  inclusionOf,
  KEY,
  listOf,
  messageOf,
  requestOf,
  SLOTS,
  WINDOW,
} from './place.ts'

/** Non-negative integers, of whatever size. */
export type Step = readonly [what: number, which: number, content: number]

export type Outcome = {
  readonly attempts: number
  readonly signed: number
  /** Positions that were signed, by kind. */
  readonly kinds: Readonly<Record<string, number>>
  /** By reason. */
  readonly refused: Readonly<Record<string, number>>
  /** Requests for numbers that were never asked for, when a window has passed: these must be served. */
  readonly honest: { readonly asked: number; readonly served: number }
}

/** How many are asked at once: more than fit one group of the ledger, now and then. */
const CROWDS = [2, 8, 40, 300]

export async function attempt(steps: Iterable<Step>): Promise<Outcome> {
  /** The signer does not answer, although what it would sign is counted. */
  let isAway = false
  const place = createPlace()
  const signer = {
    address: KEY,
    sign: async (hash: Hash, objectRoot: Hash) => {
      const signature = await place.signer.sign(hash, objectRoot)
      if (isAway) throw new TemporaryError('away')
      return signature
    },
  }
  /** What each hash that was asked for stands at, and the content it speaks of there. */
  const asked = new Map<Hash, { readonly position: string; readonly kind: string; readonly content: Hash }>()
  const contents = new Map<string, Hash>()
  const kinds: Record<string, number> = {}
  const refused: Record<string, number> = {}
  const honest = { asked: 0, served: 0 }
  let attempts = 0
  let seen = 0
  let era = 0
  /** By how much the L1 head that is known lags, in seconds. */
  let lag = 0n
  let exported: Interchange | undefined
  const open = () => place.open({ signers: [signer] })
  let guard: Guard = await place.openReady({ signers: [signer] })

  function check(): void {
    for (; seen < place.signed.length; seen++) {
      const { position, kind, content } = asked.get(place.signed[seen]!)!
      const earlier = contents.get(position)
      if (earlier !== undefined && earlier !== content)
        throw new Error(`${position} was signed twice: ${earlier} and ${content}`)
      if (earlier === undefined) kinds[kind] = (kinds[kind] ?? 0) + 1
      contents.set(position, content)
    }
  }

  function ask({ signedHash, hash, position }: ToSign, sign: () => Promise<GuardAnswer>): Promise<string> {
    const { kind, number, parent, index } = position
    asked.set(signedHash, { position: `${kind} ${number} on ${parent} at ${index}`, kind, content: hash })
    attempts++
    return sign().then(
      (answer) => {
        if (answer.type === 'refused')
          refused[answer.refusal.reason] = (refused[answer.refusal.reason] ?? 0) + 1
        return answer.type
      },
      (error) => {
        if (!(error instanceof TemporaryError)) throw error
        return 'failed'
      },
    )
  }

  /** What is built upon what landed in an era has hashes of its own. */
  function parentOf(blockNumber: bigint, which: number): Hash {
    return hashOf(BigInt(era) * 1_000_000n + blockNumber * 10n + BigInt(which % 3))
  }
  function askBlock(which: number, content: number): Promise<string> {
    const blockNumber = place.l1.landed.number + BigInt(which % 4)
    const parentBlockHash = parentOf(blockNumber, which >> 2)
    const block = blockOf(place, { blockNumber, parentBlockHash, content: 1 + (content % 4) })
    return ask(blockToSign(block, DOMAIN), () => guard.signBlock(KEY, block))
  }
  function askExecution(which: number, content: number): Promise<string> {
    const blockNumber = place.l1.landed.number + BigInt(which % 4)
    const parentBlockHash = parentOf(blockNumber, which >> 2)
    const change = {
      blockNumber,
      parentBlockHash,
      transactionIndex: which % 3,
      receiptHash: hashOf(1 + (content % 4)),
    }
    const request = requestOf(place, { transaction: Uint8Array.of(2, which % 3, content % 2) })
    const commitment = executionOf(place, change, request)
    return ask(commitmentToSign(commitment, DOMAIN, SLOTS), () => guard.signCommitment(KEY, commitment))
  }
  function askMessage(which: number, content: number): Promise<string> {
    const number = place.l1.landed.number + BigInt(which % 4)
    const what = (['env', 0, 1, 'seal'] as const)[content % 4]!
    const change = { number, parent: parentOf(number, which >> 2), content: 1 + (which % 3) }
    const statement = messageOf(place, what, change)
    return ask(streamToSign(statement, DOMAIN), () => guard.signStream(KEY, statement))
  }
  function askList(which: number, content: number): Promise<string> {
    const slot = place.l1.timestamp / 12n + BigInt((which % 42) - 8)
    const list = listOf(place, 1 + (content % 4), slot * 12n)
    return ask(listToSign(list, DOMAIN), () => guard.signList(KEY, list))
  }
  /** Slot and transaction are the whole content: here it is the answers that must stay the same. */
  function askInclusion(which: number, content: number): Promise<string> {
    const slot = (place.l1.timestamp - SLOTS.genesisTime) / 12n + BigInt((which % 42) - 8)
    const change = { slot, transaction: Uint8Array.of(2, content % 4) }
    const commitment = inclusionOf(place, which % 2 ? 1n : 4n, change)
    return ask(commitmentToSign(commitment, DOMAIN, SLOTS), () => guard.signCommitment(KEY, commitment))
  }
  const asks = [askBlock, askMessage, askExecution, askList, askInclusion] as const

  async function reopen(meanwhile: () => void): Promise<void> {
    await guard.close()
    meanwhile()
    guard = await open()
  }
  function setBack(): void {
    place.l1.timestamp -= 200n
    lag += 200n
  }
  function catchUp(): void {
    place.l1.timestamp += lag
    lag = 0n
  }
  function passEra(): void {
    era++
    catchUp()
    place.passWindow()
    place.l1.landed = { ...place.l1.landed, number: place.l1.landed.number + (era % 2 ? 4n : 0n) }
    // Finality follows two eras behind.
    if (era % 3 === 0) {
      place.l1.finalizedNumber = place.l1.landed.number - 8n
      place.l1.finalizedTimestamp = place.l1.timestamp - 2n * WINDOW
    }
    place.removed.clear()
  }

  try {
    for (const [what, which, content] of steps) {
      const kind = what % 100
      if (kind < 20) await askBlock(which, content)
      else if (kind < 30) await askMessage(which, content)
      else if (kind < 40) await askExecution(which, content)
      else if (kind < 50) await askList(which, content)
      else if (kind < 54) await askInclusion(which, content)
      else if (kind < 68) {
        const crowd = Array.from({ length: CROWDS[which % 17 === 0 ? 3 : content % 3]! }, (_, i) => i)
        await Promise.all(crowd.map((i) => asks[(i + which) % asks.length]!(which + (i >> 3), content + i)))
      } else if (kind < 70) {
        isAway = true
        await Promise.all(asks.map((each) => each(which, content)))
        isAway = false
      } else if (kind < 75)
        place.removed.add(parentOf(place.l1.landed.number + 1n + BigInt(which % 3), content))
      else if (kind < 80) place.l1.timestamp += content % 2 === 0 ? WINDOW + 1n : BigInt(which % 40)
      else if (kind < 86) {
        passEra()
        if (era % 2) {
          honest.asked++
          if ((await askBlock(1, content)) === 'signed') honest.served++
        }
      } else if (kind < 89) {
        // In the middle of a crowd: closing waits for what is on its way.
        const crowd = asks.map((each) => each(which, content))
        await reopen(() => {})
        await Promise.all(crowd)
      } else if (kind < 92) {
        // While it runs, or while it does not.
        if (which % 2) place.backUp()
        else await reopen(() => place.backUp())
      } else if (kind < 95)
        await reopen(() => {
          place.restore()
          if (content % 2) setBack()
        })
      else if (kind < 97)
        await reopen(() => {
          if (which % 4 !== 0) rmSync(place.path)
          if (which % 4 === 0) place.restore()
          if (which % 2 === 0) rmSync(place.counterPath)
          // With no file left that knows the latest time, it is L1's alone.
          if (which % 2 === 0) catchUp()
          else if (content % 2) setBack()
        })
      else if (kind < 98) exported = await guard.export()
      else if (kind < 99 && exported) await guard.import(exported)
      else setBack()
      check()
    }
    return { attempts, signed: contents.size, kinds, refused, honest }
  } finally {
    await guard.close()
    place.remove()
  }
}
