/** A beacon node: finality, the blobs of a slot, and who proposes. https://ethereum.github.io/beacon-APIs */
import type { Hash, Hex } from '../primitives/hex.ts'
import { type KnownHeader, readBeaconHeader } from './beaconHeader.ts'
import { readData, readUint64 } from './beaconJson.ts'
import { readStateBranch, type StateBranch } from './beaconProof.ts'
import { type ProposerDuties, readProposerDuties, readProposerLookahead } from './beaconProposers.ts'
import { readValidatorIndex } from './beaconValidators.ts'
import type { FoundBlob } from './blobSource.ts'
import { type HttpBody, HttpStatusError, parseJson } from './http.ts'
import type { HttpSource } from './httpSource.ts'
import { BYTES_PER_BLOB, BYTES_PER_COMMITMENT } from './kzg.ts'
import type { L1Position } from './l1.ts'
import { type JsonObject, readBytes, readHex, readList, readObject } from './rpcJson.ts'
import { versionedHashOf } from './versionedHash.ts'
import { check } from './wrongData.ts'

export type Beacon = {
  /** Seconds since the Unix epoch; null where the node does not say. */
  genesisTime(signal?: AbortSignal): Promise<bigint | null>
  /** The execution block of the newest finalized checkpoint. */
  finalized(signal?: AbortSignal): Promise<L1Position | null>
  /** Blobs of the slot's block among `hashes`, as the node says; empty or partial where it lacks them. */
  blobs(slot: bigint, hashes: readonly Hash[], signal?: AbortSignal): Promise<readonly FoundBlob[]>
  /** The header that hashes to `root`. */
  header(root: Hash, signal?: AbortSignal): Promise<KnownHeader | null>
  /** Validator indices of the slots of a state's epoch and the next. */
  proposerLookahead(
    input: { readonly stateId: string; readonly slotsPerEpoch: number },
    signal?: AbortSignal,
  ): Promise<readonly bigint[] | null>
  proposerDuties(
    input: { readonly version: 1 | 2; readonly epoch: bigint; readonly slotsPerEpoch: number },
    signal?: AbortSignal,
  ): Promise<ProposerDuties | null>
  /** Of the validator with that compressed public key, in the head's state. */
  validatorIndex(pubkey: Hex, signal?: AbortSignal): Promise<bigint | null>
  /** A node of the state's tree with its branch, verified against the state root. */
  stateBranch(
    input: { readonly stateRoot: Hash; readonly gindex: bigint },
    signal?: AbortSignal,
  ): Promise<StateBranch | null>
}

/** SSZ is half the size of JSON; a node may still answer in JSON. */
const BLOBS_ACCEPT = 'application/octet-stream;q=1.0, application/json;q=0.9'

export function createBeacon(source: HttpSource): Beacon {
  /** A blinded block has everything but the transactions; not every server has that route. */
  const readBlock = async (id: string, signal?: AbortSignal): Promise<JsonObject | null> => {
    const json =
      (await source.getJson(`/eth/v1/beacon/blinded_blocks/${id}`, signal)) ??
      (await source.getJson(`/eth/v2/beacon/blocks/${id}`, signal))
    if (json === null) return null
    const message = readObject(readObject(readData(json), 'the beacon block').message, 'the beacon block')
    return readObject(message.body, 'the body of the beacon block')
  }
  const readCommitments = async (slot: bigint, signal?: AbortSignal): Promise<readonly Uint8Array[]> => {
    const body = await readBlock(slot.toString(), signal)
    if (body === null || body.blob_kzg_commitments === undefined) return []
    return readList(body.blob_kzg_commitments, 'the commitments').map((commitment) =>
      readBytes(commitment, 'a commitment', BYTES_PER_COMMITMENT),
    )
  }
  /** Null where the route or the block is missing: the older route may know more. */
  const readBareBlobs = async (
    slot: bigint,
    hashes: readonly Hash[],
    signal?: AbortSignal,
  ): Promise<readonly Uint8Array[] | null> => {
    const path = `/eth/v1/beacon/blobs/${slot}?versioned_hashes=${hashes.join(',')}`
    try {
      const body = await source.get(path, { accept: BLOBS_ACCEPT, signal })
      return body && decodeBlobs(body)
    } catch (error) {
      // Nodes older than the route take its name for a malformed identifier.
      if (error instanceof HttpStatusError && error.status === 400) return null
      throw error
    }
  }

  return {
    async genesisTime(signal) {
      const json = await source.getJson('/eth/v1/beacon/genesis', signal)
      return json === null
        ? null
        : readUint64(readObject(readData(json), 'genesis').genesis_time, 'genesis time')
    },
    async finalized(signal) {
      const json = await source.getJson('/eth/v1/beacon/states/head/finality_checkpoints', signal)
      if (json === null) return null
      const finalized = readObject(readObject(readData(json), 'finality').finalized, 'finality')
      const root = readHex(finalized.root, 'the finalized root', 32)
      // Before the first epoch is final, the checkpoint is empty.
      if (/^0x0+$/.test(root)) return null
      const body = await readBlock(root, signal)
      if (body === null) return null
      const payload = readObject(
        body.execution_payload ?? body.execution_payload_header,
        'the execution payload of the finalized block',
      )
      return {
        number: readUint64(payload.block_number, 'the number of the finalized block'),
        hash: readHex(payload.block_hash, 'the hash of the finalized block', 32),
      }
    },
    header: (root, signal) => readBeaconHeader(source, root, signal),
    proposerLookahead: (input, signal) => readProposerLookahead(source, input, signal),
    proposerDuties: (input, signal) => readProposerDuties(source, input, signal),
    validatorIndex: (pubkey, signal) => readValidatorIndex(source, pubkey, signal),
    stateBranch: (input, signal) => readStateBranch(source, input, signal),
    async blobs(slot, hashes, signal) {
      const bare = await readBareBlobs(slot, hashes, signal)
      if (bare !== null && bare.length > 0) {
        // One blob is checked sooner than its commitment is fetched.
        const commitments = bare.length < 2 ? [] : await readCommitments(slot, signal)
        return matchCommitments(bare, commitments, hashes)
      }
      const json = await source.getJson(`/eth/v1/beacon/blob_sidecars/${slot}`, signal)
      if (json === null) return []
      return decodeSidecars(json).filter(({ claimedHash }) => claimedHash && hashes.includes(claimedHash))
    },
  }
}

/** Bare blobs come in the order of the block's commitments, filtered or, where the filter is not known, all. */
function matchCommitments(
  blobs: readonly Uint8Array[],
  commitments: readonly Uint8Array[],
  hashes: readonly Hash[],
): readonly FoundBlob[] {
  const wanted = commitments.filter((commitment) => hashes.includes(versionedHashOf(commitment)))
  const matching = [wanted, commitments].find((each) => each.length === blobs.length) ?? []
  return blobs.map((blob, i) => {
    const commitment = matching[i]
    return commitment ? { blob, commitment } : { blob }
  })
}

function decodeBlobs({ contentType, bytes }: HttpBody): readonly Uint8Array[] {
  if (contentType.startsWith('application/octet-stream')) {
    // SSZ `List[Blob]` of a fixed-size element: one after the other.
    check(bytes.length % BYTES_PER_BLOB === 0, `${bytes.length} bytes are no whole number of blobs`)
    return Array.from({ length: bytes.length / BYTES_PER_BLOB }, (_, i) =>
      bytes.slice(i * BYTES_PER_BLOB, (i + 1) * BYTES_PER_BLOB),
    )
  }
  return readList(readData(parseJson(bytes)), 'the blobs').map((blob) => readBytes(blob, 'a blob'))
}

function decodeSidecars(json: unknown): readonly FoundBlob[] {
  return readList(readData(json), 'the blob sidecars').map((item) => {
    const sidecar = readObject(item, 'a blob sidecar')
    const commitment = readBytes(sidecar.kzg_commitment, 'a commitment', BYTES_PER_COMMITMENT)
    return {
      blob: readBytes(sidecar.blob, 'a blob'),
      commitment,
      claimedHash: versionedHashOf(commitment),
    }
  })
}
