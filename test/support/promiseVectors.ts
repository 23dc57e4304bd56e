/** Golden vectors that the contracts are held to as well; contracts/test/vectors/promises.mjs made them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Address, Hash, Hex } from '../../src/primitives/hex.ts'

type Signed = {
  readonly payload: Hex
  readonly objectRoot: Hash
  readonly hash: Hash
  readonly signature: Hex
}

export type PromiseVectors = {
  readonly l1ChainId: number
  readonly registry: Address
  readonly slasher: Address
  readonly domain: Hash
  readonly signingId: Hash
  readonly committer: Address
  readonly blockCommitments: readonly (Signed & {
    readonly l2ChainId: string
    readonly blockNumber: number
    readonly parentCommitmentHash: Hash
    readonly parentBlockHash: Hash
    readonly transactionsRoot: Hash
    readonly anchorBlockNumber: number
    readonly windowEnd: number
    readonly isEndOfWindow: boolean
  })[]
  readonly badBlockPayloads: readonly Hex[]
  readonly inclusionLists: readonly (Signed & {
    readonly l2ChainId: string
    readonly windowEnd: number
    readonly transactions: readonly Hex[]
    readonly encoded: Hex
    readonly transactionsHash: Hash
  })[]
  readonly badListPayloads: readonly Hex[]
}

export const promiseVectors: PromiseVectors = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../contracts/test/vectors/promises.json'), 'utf8'),
)
