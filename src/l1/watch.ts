/** Which logs are ours, and which blocks can hold one: a header's bloom has no false negatives, so an omitted log cannot hide. */
import type { BlockHeader } from '../primitives/header.ts'
import { type Address, type Hash, hexToBytes } from '../primitives/hex.ts'
import { bloomMayContain } from '../primitives/receipt.ts'

export type WatchedContract = {
  readonly address: Address
  /** First topics of the events wanted; absent: every event. */
  readonly topics?: readonly Hash[]
}

export type Watch = {
  readonly addresses: readonly Address[]
  wants(log: { readonly address: Address; readonly topics: readonly Hash[] }): boolean
  /** False only if the block holds no wanted log. */
  mayHold(header: BlockHeader): boolean
  /** As `mayHold`, for wanted events other than those of `address` with first topic `topic`. */
  mayHoldOther(header: BlockHeader, address: Address, topic: Hash): boolean
}

export function createWatch(contracts: readonly WatchedContract[]): Watch {
  const byAddress = new Map(contracts.map((contract) => [contract.address, contract]))
  const mayHoldAny = (bloom: Uint8Array, wanted: (address: Address, topic: Hash) => boolean): boolean =>
    contracts.some(({ address, topics }) => {
      if (!bloomMayContain(bloom, hexToBytes(address))) return false
      if (topics === undefined) return true
      return topics.some((topic) => wanted(address, topic) && bloomMayContain(bloom, hexToBytes(topic)))
    })
  return {
    addresses: contracts.map(({ address }) => address),
    wants(log) {
      const contract = byAddress.get(log.address)
      if (contract === undefined) return false
      const [topic] = log.topics
      return contract.topics === undefined || (topic !== undefined && contract.topics.includes(topic))
    },
    mayHold: (header) => mayHoldAny(header.logsBloom, () => true),
    mayHoldOther: (header, address, topic) =>
      mayHoldAny(header.logsBloom, (of, first) => of !== address || first !== topic),
  }
}
