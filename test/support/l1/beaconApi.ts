/** The beacon node's REST API over a view, and blob servers. https://ethereum.github.io/beacon-APIs */
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { formatBeaconBlock, formatBeaconHeader, formatSignedHeader } from './beaconFormat.ts'
import { type Blob, blobProof } from './blob.ts'
import type { L1Block } from './block.ts'
import type { View } from './tree.ts'

export type BeaconOptions = {
  /** Whether the older `blob_sidecars` route answers; default true. Off, it is 410, as newer nodes say. */
  readonly blobSidecars?: boolean
  /** Slots for which blobs are kept; default for ever. Older ones are 404. */
  readonly blobRetentionSlots?: number
}
export type BeaconConfig = {
  readonly chainId: bigint
  readonly genesisTime: bigint
  readonly secondsPerSlot: bigint
}

/** A blob as it is served; a liar's may be of any length and need not belong to its hash. */
export type ServedBlob = {
  readonly versionedHash: Hash
  readonly commitment: string
  readonly bytes: Uint8Array
  readonly proof: () => string
}
/** What leaves the store on its way to the client; the place for lies. */
export type BlobFilter = (blobs: readonly ServedBlob[]) => readonly ServedBlob[]

type RestAnswer = { readonly status: number; readonly body: unknown }
export type RestApi = (url: URL, accept: string | null) => RestAnswer | { readonly octets: Uint8Array }

const SLOTS_PER_EPOCH = 32

export function createBeaconApi(
  view: View,
  config: BeaconConfig,
  options: BeaconOptions = {},
  filter: BlobFilter = (blobs) => blobs,
): RestApi {
  const flags = (block: L1Block) => ({ execution_optimistic: false, finalized: isFinal(view, block) })
  const byId = (id: string): L1Block | undefined => {
    if (id === 'head') return view.head()
    if (id === 'genesis') return view.at(0)
    if (id === 'finalized') return view.finalized()
    if (id === 'justified') return view.safe()
    if (/^0x[0-9a-f]{64}$/i.test(id)) return view.blockByBeaconRoot(id.toLowerCase() as Hash)
    return /^\d{1,15}$/.test(id) ? view.atSlot(Number(id)) : undefined
  }
  const isPruned = (block: L1Block): boolean =>
    options.blobRetentionSlots !== undefined &&
    block.beacon.slot + options.blobRetentionSlots < view.head().beacon.slot

  const routes: readonly [RegExp, (id: string, url: URL, accept: string | null) => ReturnType<RestApi>][] = [
    [/^\/eth\/v1\/beacon\/genesis$/, () => ok({ data: genesis(config) })],
    [/^\/eth\/v1\/config\/spec$/, () => ok({ data: spec(config) })],
    [/^\/eth\/v1\/node\/version$/, () => ok({ data: { version: 'SimulatedL1/v1.0.0' } })],
    [/^\/eth\/v1\/node\/health$/, () => ok({})],
    [/^\/eth\/v1\/node\/syncing$/, () => ok({ data: syncing(view) })],
    [/^\/eth\/v1\/beacon\/states\/[^/]+\/finality_checkpoints$/, () => ok(finality(view))],
    [
      /^\/eth\/v1\/beacon\/headers\/([^/]+)$/,
      (id) => found(byId(id), id, (block) => ok({ ...flags(block), data: formatBeaconHeader(view, block) })),
    ],
    [
      /^\/eth\/v2\/beacon\/blocks\/([^/]+)$/,
      (id) =>
        found(byId(id), id, (block) =>
          ok({ version: 'fulu', ...flags(block), data: formatBeaconBlock(block) }),
        ),
    ],
    [
      /^\/eth\/v1\/beacon\/blobs\/([^/]+)$/,
      (id, url, accept) =>
        found(byId(id), id, (block) => {
          if (isPruned(block)) return notFound(id)
          const wanted = listParameter(url, 'versioned_hashes')
          const all = block.blobs.map(toServed)
          const blobs = filter(
            wanted.length === 0 ? all : all.filter((blob) => wanted.includes(blob.versionedHash)),
          )
          if (accept?.startsWith('application/octet-stream'))
            return { octets: concatBytes(...blobs.map((blob) => blob.bytes)) }
          return ok({ ...flags(block), data: blobs.map((blob) => bytesToHex(blob.bytes)) })
        }),
    ],
    [
      /^\/eth\/v1\/beacon\/blob_sidecars\/([^/]+)$/,
      (id, url) => {
        if (options.blobSidecars === false)
          return { status: 410, body: { code: 410, message: 'deprecated, use blobs' } }
        return found(byId(id), id, (block) => {
          if (isPruned(block)) return ok({ version: 'fulu', ...flags(block), data: [] })
          const wanted = listParameter(url, 'indices')
          const sidecars = filter(block.blobs.map(toServed)).map((blob, index) =>
            formatSidecar(block, blob, index),
          )
          const data = sidecars.filter(({ index }) => wanted.length === 0 || wanted.includes(index))
          return ok({ version: 'fulu', ...flags(block), data })
        })
      },
    ],
  ]
  return (url, accept) => {
    for (const [pattern, answer] of routes) {
      const match = pattern.exec(url.pathname)
      if (match !== null) return answer(match[1] ?? '', url, accept)
    }
    return { status: 404, body: { code: 404, message: 'NOT_FOUND: no such route' } }
  }
}

export function toServed(blob: Blob): ServedBlob {
  return { ...blob, proof: () => blobProof(blob) }
}

function ok(body: unknown): RestAnswer {
  return { status: 200, body }
}

function notFound(id: string): RestAnswer {
  return { status: 404, body: { code: 404, message: `NOT_FOUND: beacon block at ${id}` } }
}

function found(
  block: L1Block | undefined,
  id: string,
  answer: (block: L1Block) => ReturnType<RestApi>,
): ReturnType<RestApi> {
  if (block !== undefined) return answer(block)
  const valid = /^(\d+|0x[0-9a-f]{64}|head|genesis|finalized|justified)$/i.test(id)
  return valid
    ? notFound(id)
    : { status: 400, body: { code: 400, message: `BAD_REQUEST: invalid block id: ${id}` } }
}

/** Repeated or with commas: both are in use. */
function listParameter(url: URL, name: string): readonly string[] {
  return url.searchParams.getAll(name).flatMap((value) => value.toLowerCase().split(','))
}

function genesis(config: BeaconConfig) {
  return {
    genesis_time: String(config.genesisTime),
    genesis_validators_root: `0x${'9e'.repeat(32)}`,
    genesis_fork_version: '0x10000038',
  }
}

function spec(config: BeaconConfig) {
  return {
    CONFIG_NAME: 'simulated',
    SECONDS_PER_SLOT: String(config.secondsPerSlot),
    SLOTS_PER_EPOCH: String(SLOTS_PER_EPOCH),
    DEPOSIT_CHAIN_ID: String(config.chainId),
    MIN_EPOCHS_FOR_BLOB_SIDECARS_REQUESTS: '4096',
    DENEB_FORK_EPOCH: '0',
    ELECTRA_FORK_EPOCH: '0',
    FULU_FORK_EPOCH: '0',
  }
}

function syncing(view: View) {
  const head_slot = String(view.head().beacon.slot)
  return { head_slot, sync_distance: '0', is_syncing: false, is_optimistic: false, el_offline: false }
}

function finality(view: View) {
  const checkpoint = ({ beacon }: L1Block) => ({
    epoch: String(Math.ceil(beacon.slot / SLOTS_PER_EPOCH)),
    root: beacon.root,
  })
  const finalized = checkpoint(view.finalized())
  const justified = checkpoint(view.safe())
  return {
    execution_optimistic: false,
    finalized: false,
    data: { previous_justified: finalized, current_justified: justified, finalized },
  }
}

function isFinal(view: View, block: L1Block): boolean {
  return view.isCanonical(block) && block.beacon.slot <= view.finalized().beacon.slot
}

/** The inclusion proof is left out: the simulation's body root is opaque. */
function formatSidecar(block: L1Block, blob: ServedBlob, index: number) {
  return {
    index: String(index),
    blob: bytesToHex(blob.bytes),
    kzg_commitment: blob.commitment,
    kzg_proof: blob.proof(),
    signed_block_header: formatSignedHeader(block),
    kzg_commitment_inclusion_proof: [],
  }
}
