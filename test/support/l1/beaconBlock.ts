/** The consensus layer's side of a block. Its root is the true hash tree root of its header; body and state are opaque. */
import { createHash } from 'node:crypto'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'

export type BeaconBlock = {
  readonly slot: number
  readonly root: Hash
  readonly proposerIndex: number
  readonly parentRoot: Hash
  readonly stateRoot: Hash
  readonly bodyRoot: Hash
}

const ZERO_CHUNK = new Uint8Array(32)
const VALIDATORS = 512

export function buildBeaconBlock(input: {
  readonly slot: number
  readonly parentRoot: Hash
  readonly payloadHash: Hash
  readonly commitments: readonly Hex[]
}): BeaconBlock {
  const { slot, parentRoot } = input
  const payloadHash = hexToBytes(input.payloadHash)
  const bodyRoot = sha256(payloadHash, ...input.commitments.map(hexToBytes))
  const stateRoot = sha256(hexToBytes(parentRoot), payloadHash)
  const proposerIndex = slot % VALIDATORS
  const root = merkleRoot([
    uint64Chunk(slot),
    uint64Chunk(proposerIndex),
    hexToBytes(parentRoot),
    stateRoot,
    bodyRoot,
  ])
  return {
    slot,
    root: bytesToHex(root),
    proposerIndex,
    parentRoot,
    stateRoot: bytesToHex(stateRoot),
    bodyRoot: bytesToHex(bodyRoot),
  }
}

/** Five fields on eight leaves, as SSZ merkleizes a container. */
function merkleRoot(fields: readonly Uint8Array[]): Uint8Array {
  let layer = Array.from({ length: 8 }, (_, i) => fields[i] ?? ZERO_CHUNK)
  while (layer.length > 1)
    layer = Array.from({ length: layer.length / 2 }, (_, i) => sha256(layer[2 * i]!, layer[2 * i + 1]!))
  return layer[0]!
}

function uint64Chunk(value: number): Uint8Array {
  const chunk = new Uint8Array(32)
  new DataView(chunk.buffer).setBigUint64(0, BigInt(value), true)
  return chunk
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    createHash('sha256')
      .update(concatBytes(...parts))
      .digest(),
  )
}
