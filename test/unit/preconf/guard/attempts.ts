/**
 * Attempts to obtain a second signature for one position: in parallel, over restarts, from backups and old exports, with files lost,
 * the L1 head set back, and L1 going on in between. Throws when one succeeds.
 */
import { rmSync } from 'node:fs'
import type { Guard, GuardAnswer } from '../../../../src/preconf/guard/guard.ts'
import type { Interchange } from '../../../../src/preconf/guard/interchange.ts'
import type { Hash } from '../../../../src/primitives/hex.ts'
import { blockCommitmentHash } from '../../../../src/promise/blockCommitment.ts'
import { inclusionListHash } from '../../../../src/promise/inclusionList.ts'
import { blockOf, createPlace, DOMAIN, hashOf, KEY, listOf, WINDOW } from './place.ts'

/** Non-negative integers, of whatever size. */
export type Step = readonly [what: number, which: number, content: number]

export type Outcome = {
  readonly attempts: number
  readonly signed: number
  /** By reason. */
  readonly refused: Readonly<Record<string, number>>
  /** Requests for numbers that were never asked for, when a window has passed: these must be served. */
  readonly honest: { readonly asked: number; readonly served: number }
}

export async function attempt(steps: Iterable<Step>): Promise<Outcome> {
  const place = createPlace()
  /** What each hash that was asked for stands at. */
  const positions = new Map<Hash, string>()
  const contents = new Map<string, Hash>()
  const refused: Record<string, number> = {}
  const honest = { asked: 0, served: 0 }
  let attempts = 0
  let seen = 0
  let era = 0
  /** By how much the L1 head that is known lags, in seconds. */
  let lag = 0n
  let exported: Interchange | undefined
  let guard: Guard = await place.openReady()

  function check(): void {
    for (; seen < place.signed.length; seen++) {
      const hash = place.signed[seen]!
      const position = positions.get(hash)!
      const earlier = contents.get(position) ?? hash
      if (earlier !== hash) throw new Error(`${position} was signed twice: ${earlier} and ${hash}`)
      contents.set(position, hash)
    }
  }
  function count(answer: GuardAnswer): GuardAnswer {
    attempts++
    if (answer.type === 'refused') refused[answer.refusal.reason] = (refused[answer.refusal.reason] ?? 0) + 1
    return answer
  }
  /** What is built upon what landed in an era has hashes of its own. */
  function askBlock(which: number, content: number): Promise<GuardAnswer> {
    const blockNumber = place.l1.landed.number + BigInt(which % 4)
    const parentBlockHash = hashOf(BigInt(era) * 1_000_000n + blockNumber * 10n + ((BigInt(which) / 4n) % 3n))
    const block = blockOf(place, { blockNumber, parentBlockHash, content: 1 + (content % 4) })
    positions.set(blockCommitmentHash(block, DOMAIN), `block ${blockNumber} on ${parentBlockHash}`)
    return guard.signBlock(KEY, block).then(count)
  }
  function askList(which: number, content: number): Promise<GuardAnswer> {
    const slot = place.l1.timestamp / 12n + BigInt((which % 42) - 8)
    const list = listOf(place, 1 + (content % 4), slot * 12n)
    positions.set(inclusionListHash(list, DOMAIN), `list ${list.windowEnd}`)
    return guard.signList(KEY, list).then(count)
  }
  async function reopen(meanwhile: () => void): Promise<void> {
    await guard.close()
    meanwhile()
    guard = await place.open()
  }
  function setBack(): void {
    place.l1.timestamp -= 200n
    lag += 200n
  }
  function passEra(): void {
    era++
    place.l1.timestamp += lag
    lag = 0n
    place.passWindow()
    place.l1.landed = { ...place.l1.landed, number: place.l1.landed.number + (era % 2 ? 4n : 0n) }
    place.removed.clear()
  }

  try {
    for (const [what, which, content] of steps) {
      const kind = what % 100
      if (kind < 40) await askBlock(which, content)
      else if (kind < 60) await askList(which, content)
      else if (kind < 70)
        await Promise.all(
          Array.from({ length: 8 }, (_, i) => (i % 2 ? askList : askBlock)(which, content + i)),
        )
      else if (kind < 75)
        place.removed.add(
          hashOf(
            BigInt(era) * 1_000_000n +
              (place.l1.landed.number + 1n + BigInt(which % 3)) * 10n +
              BigInt(content % 3),
          ),
        )
      else if (kind < 80) place.l1.timestamp += content % 4 === 0 ? WINDOW + 1n : BigInt(which % 40)
      else if (kind < 86) {
        passEra()
        if (era % 2) {
          honest.asked++
          const { type } = await askBlock(1, content)
          if (type === 'signed') honest.served++
        }
      } else if (kind < 89) await reopen(() => {})
      else if (kind < 92) await reopen(() => place.backUp())
      else if (kind < 95)
        await reopen(() => {
          place.restore()
          if (content % 2) setBack()
        })
      else if (kind < 96)
        await reopen(() => {
          rmSync(place.path)
          if (content % 2) setBack()
        })
      else if (kind < 97)
        await reopen(() => {
          rmSync(place.counterPath)
          if (content % 2) setBack()
        })
      else if (kind < 98) exported = await guard.export()
      else if (kind < 99 && exported) await guard.import(exported)
      check()
    }
    return { attempts, signed: contents.size, refused, honest }
  } finally {
    await guard.close()
    place.remove()
  }
}
