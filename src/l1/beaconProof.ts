/**
 * Merkle branches from a beacon state, by the only route there is for them: Lodestar's
 * `GET /eth/v0/beacon/proof/state/{state_id}?format={descriptor}`. The descriptor and the order of the nodes are those of compact
 * multiproofs (EIP-8364). What comes is believed only if it leads to the state root.
 */
import { equalBytes } from '../primitives/bytes.ts'
import { bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { readData } from './beaconJson.ts'
import { HttpStatusError, parseJson } from './http.ts'
import type { HttpSource } from './httpSource.ts'
import { readBytes, readList, readObject } from './rpcJson.ts'
import { BYTES_PER_CHUNK, depthOf, rootFromBranch } from './ssz.ts'
import { check } from './wrongData.ts'

export type StateBranch = {
  /** The node at the generalized index asked for. */
  readonly leaf: Uint8Array
  /** Its sisters, from the leaf upwards. */
  readonly branch: readonly Uint8Array[]
}

const PROOF_ACCEPT = 'application/octet-stream;q=1.0, application/json;q=0.9'

/** Null where the server has no such route or state. `gindex` counts from the state's root. */
export async function readStateBranch(
  source: HttpSource,
  input: { readonly stateRoot: Hash; readonly gindex: bigint },
  signal?: AbortSignal,
): Promise<StateBranch | null> {
  const { stateRoot, gindex } = input
  const path = `/eth/v0/beacon/proof/state/${stateRoot}?format=${bytesToHex(encodeDescriptor(gindex))}`
  const body = await source.get(path, { accept: PROOF_ACCEPT, signal }).catch((error) => {
    // A node without the route may take its name for a malformed identifier.
    if (error instanceof HttpStatusError && error.status === 400) return null
    throw error
  })
  if (body === null) return null
  const nodes = body.contentType.startsWith('application/octet-stream')
    ? decodeSsz(body.bytes)
    : decodeJson(parseJson(body.bytes))
  const found = toBranch(nodes, gindex)
  check(
    equalBytes(rootFromBranch(found.leaf, found.branch, gindex), hexToBytes(stateRoot)),
    `the branch of node ${gindex} does not lead to the state root ${stateRoot}`,
  )
  return found
}

/** Walks down to the node, left before right: 0 for a node on the way, 1 for one that is part of the proof; padded with 0. */
export function encodeDescriptor(gindex: bigint): Uint8Array {
  let [before, after] = ['', '']
  for (const step of stepsTo(gindex)) {
    before += step === 'right' ? '01' : '0'
    if (step === 'left') after = `1${after}`
  }
  const bits = `${before}1${after}`
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0')
  return Uint8Array.from({ length: padded.length / 8 }, (_, i) =>
    Number.parseInt(padded.slice(8 * i, 8 * i + 8), 2),
  )
}

/** The nodes come in the order of that walk: sisters on the left from above, the node, sisters on the right from below. */
function toBranch(nodes: readonly Uint8Array[], gindex: bigint): StateBranch {
  const steps = stepsTo(gindex)
  check(nodes.length === steps.length + 1, `${nodes.length} nodes do not prove node ${gindex}`)
  const lefts = steps.filter((step) => step === 'right').length
  const left = nodes.slice(0, lefts).reverse()
  const right = nodes.slice(lefts + 1)
  const branch = steps.reverse().map((step) => (step === 'right' ? left : right).shift())
  return { leaf: nodes[lefts] as Uint8Array, branch: branch.filter((node) => node !== undefined) }
}

/** From the root. */
function stepsTo(gindex: bigint): ('left' | 'right')[] {
  return Array.from({ length: depthOf(gindex) }, (_, i) =>
    gindex.toString(2)[i + 1] === '1' ? 'right' : 'left',
  )
}

/** Container{leaves: List[Bytes32], descriptor: ByteList}: two offsets, then both. */
function decodeSsz(bytes: Uint8Array): readonly Uint8Array[] {
  check(bytes.length >= 8, 'the proof is cut short')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [from, to] = [view.getUint32(0, true), view.getUint32(4, true)]
  check(from === 8 && to >= from && to <= bytes.length, 'the proof is not in its SSZ form')
  check((to - from) % BYTES_PER_CHUNK === 0, 'the nodes of the proof are not of 32 bytes')
  return Array.from({ length: (to - from) / BYTES_PER_CHUNK }, (_, i) =>
    bytes.slice(from + i * BYTES_PER_CHUNK, from + (i + 1) * BYTES_PER_CHUNK),
  )
}

function decodeJson(json: unknown): readonly Uint8Array[] {
  const { leaves } = readObject(readData(json), 'the proof')
  return readList(leaves, 'the nodes of the proof').map((node) =>
    readBytes(node, 'a node of the proof', BYTES_PER_CHUNK),
  )
}
