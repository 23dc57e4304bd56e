/**
 * Questions beside the stream: what contracts answer at a block, and what each beacon node says. Unlike what the stream
 * delivers, the answers rest on the servers' word, except where a line says otherwise.
 */
import { CriticalError } from '../primitives/errors.ts'
import { type Address, bytesToHex, type Hash, type Hex, toQuantity } from '../primitives/hex.ts'
import type { Logger } from '../telemetry/log.ts'
import { type Beacon, createBeacon } from './beacon.ts'
import { askInOrder, demoteSource } from './failover.ts'
import type { Finality } from './finality.ts'
import type { HttpSource } from './httpSource.ts'
import type { L1Header, L1Position } from './l1.ts'
import type { L1Provider } from './provider.ts'
import type { L1Body, L1Reader } from './reader.ts'
import { readBytes, readList } from './rpcJson.ts'
import { decodeLog } from './rpcReceipts.ts'
import { readStorage } from './storageProof.ts'
import { WrongDataError } from './wrongData.ts'

export type ContractCall = { readonly to: Address; readonly data: Hex }

export type BeaconAnswer<T> = {
  /** The beacon node's name. */
  readonly from: string
  /** Null where it has none, failed or contradicted itself. */
  readonly answer: T | null
}

export type L1Reads = {
  /**
   * What the contracts return at the block with that hash, in order; null where a call reverts or nobody is there to answer.
   * At most CALLS_MAX, which one provider answers in a few requests. Throws TemporaryError when none has the block.
   */
  call(calls: readonly ContractCall[], at: Hash, signal?: AbortSignal): Promise<readonly (Hex | null)[]>
  /** Data of the logs of one contract with these topics in a range of blocks, in order, on the provider's word alone. */
  logData(
    filter: {
      readonly address: Address
      readonly topics: readonly Hash[]
      readonly fromBlock: bigint
      readonly toBlock: bigint
    },
    signal?: AbortSignal,
  ): Promise<readonly Hex[]>
  /** All receipts and transactions of a block, against the roots of its header; null where no provider has them. */
  body(block: L1Header, signal?: AbortSignal): Promise<L1Body | null>
  /** Storage of a contract after a verified block, proven against its state root. Null while no provider has that state. */
  storage(
    at: L1Header,
    address: Address,
    slots: readonly Hash[],
    signal?: AbortSignal,
  ): Promise<readonly Hash[] | null>
  /** The newest L1 block that is final, on the word of the best witness; null while none is. */
  finalized(signal?: AbortSignal): Promise<L1Position | null>
  /** Every beacon node's answer, in order of preference; empty without beacon nodes. */
  askBeacons<T>(
    what: string,
    ask: (beacon: Beacon, from: string) => Promise<T | null>,
    signal?: AbortSignal,
  ): Promise<readonly BeaconAnswer<T>[]>
  /** For a contradiction found after the answer was accepted. */
  demoteBeacon(name: string, what: string): void
}

/** Two questions about each slot of a lookahead, and a few more. */
export const CALLS_MAX = 160

export function createL1Reads(deps: {
  readonly provider: L1Provider
  readonly reader: Pick<L1Reader, 'bodyOf'>
  readonly finality: Pick<Finality, 'read'>
  readonly beacons: readonly HttpSource[]
  readonly log: Logger
}): L1Reads {
  const { provider, reader, finality, log } = deps
  const beacons = deps.beacons.map((source) => ({ source, beacon: createBeacon(source) }))

  const askOne = async <T>(
    { source, beacon }: (typeof beacons)[number],
    what: string,
    ask: (beacon: Beacon, from: string) => Promise<T | null>,
    signal?: AbortSignal,
  ): Promise<T | null> => {
    try {
      return await askInOrder({
        sources: [source],
        what,
        rounds: 1,
        log,
        signal,
        ask: () => ask(beacon, source.name),
      })
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof CriticalError) throw error
      return null
    }
  }

  return {
    async call(calls, at, signal) {
      if (calls.length > CALLS_MAX) throw new RangeError(`${calls.length} calls, at most ${CALLS_MAX} fit`)
      if (calls.length === 0) return []
      const results = await provider.ask(
        calls.map((call) => ({ method: 'eth_call', params: [call, { blockHash: at }], mayRevert: true })),
        (answers) => answers.map(decodeReturned),
        signal,
      )
      return results ?? calls.map(() => null)
    },
    async logData({ address, topics, fromBlock, toBlock }, signal) {
      const filter = { address, topics, fromBlock: toQuantity(fromBlock), toBlock: toQuantity(toBlock) }
      const found = await provider.ask(
        [{ method: 'eth_getLogs', params: [filter] }],
        ([json]) =>
          json === null ? null : readList(json, 'the logs').map((log) => bytesToHex(decodeLog(log).data)),
        signal,
      )
      return found ?? []
    },
    body: (block, signal) => reader.bodyOf(block, signal),
    storage: (at, address, slots, signal) => readStorage(provider, { at, address, slots }, signal),
    finalized: (signal) => finality.read(signal),
    askBeacons: (what, ask, signal) =>
      Promise.all(
        beacons.map(async (each) => ({
          from: each.source.name,
          answer: await askOne(each, what, ask, signal),
        })),
      ),
    demoteBeacon(name, what) {
      const found = beacons.find(({ source }) => source.name === name)
      if (found) demoteSource(found.source, new WrongDataError(what), log)
    },
  }
}

/** An address without code returns nothing at all. */
function decodeReturned(json: unknown): Hex | null {
  if (json === null || json === '0x') return null
  return bytesToHex(readBytes(json, 'what a contract returns'))
}
