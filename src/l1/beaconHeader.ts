/** Headers of beacon blocks, believed only if they hash to the root asked for. `GET /eth/v1/beacon/headers/{block_id}`. */
import { bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { readData, readUint64 } from './beaconJson.ts'
import type { HttpSource } from './httpSource.ts'
import { readHex, readObject } from './rpcJson.ts'
import { merkleize, uint64Chunk } from './ssz.ts'
import { check } from './wrongData.ts'

/** BeaconBlockHeader of consensus-specs, phase0. */
export type BeaconHeader = {
  readonly slot: bigint
  readonly proposerIndex: bigint
  readonly parentRoot: Hash
  readonly stateRoot: Hash
  readonly bodyRoot: Hash
}

/** Its hash tree root, which names the block. */
export function beaconHeaderRoot(header: BeaconHeader): Hash {
  return bytesToHex(
    merkleize([
      uint64Chunk(header.slot),
      uint64Chunk(header.proposerIndex),
      hexToBytes(header.parentRoot),
      hexToBytes(header.stateRoot),
      hexToBytes(header.bodyRoot),
      // Five fields stand on eight leaves.
      new Uint8Array(32),
    ]),
  )
}

export type KnownHeader = {
  readonly header: BeaconHeader
  /** Whether the server takes the block's branch for the chain. */
  readonly isCanonical: boolean
}

/** Null where the server does not have the block. */
export async function readBeaconHeader(
  source: HttpSource,
  root: Hash,
  signal?: AbortSignal,
): Promise<KnownHeader | null> {
  const json = await source.getJson(`/eth/v1/beacon/headers/${root}`, signal)
  if (json === null) return null
  const known = readObject(readData(json), 'the beacon header')
  const message = readObject(
    readObject(known.header, 'the beacon header').message,
    'the message of the beacon header',
  )
  const header = {
    slot: readUint64(message.slot, 'the slot'),
    proposerIndex: readUint64(message.proposer_index, 'the proposer'),
    parentRoot: readHex(message.parent_root, 'the parent root', 32),
    stateRoot: readHex(message.state_root, 'the state root', 32),
    bodyRoot: readHex(message.body_root, 'the body root', 32),
  }
  check(beaconHeaderRoot(header) === root, `the header given for beacon block ${root} is of another block`)
  return { header, isCanonical: known.canonical === true }
}
