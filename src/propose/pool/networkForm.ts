/** Blob transactions as they are sent: with their blobs, which do not belong to the transaction itself. EIP-4844, EIP-7594. */
import { BYTES_PER_BLOB, BYTES_PER_COMMITMENT, loadKzg } from '../../l1/kzg.ts'
import { versionedHashOf } from '../../l1/versionedHash.ts'
import { concatBytes, equalBytes } from '../../primitives/bytes.ts'
import { bytesToHex } from '../../primitives/hex.ts'
import { decodeRlp, encodeRlp, RlpError, type RlpItem } from '../../primitives/rlp.ts'
import { TransactionRejectedError } from './errors.ts'

export type BlobSidecar = {
  /** 0: one proof a blob; 1: one for each of its cells. */
  readonly version: 0 | 1
  readonly blobs: readonly Uint8Array[]
  readonly commitments: readonly Uint8Array[]
  readonly proofs: readonly Uint8Array[]
}

export type SentBlobTransaction = {
  /** EIP-2718 bytes, without the sidecar. */
  readonly raw: Uint8Array
  readonly sidecar: BlobSidecar
}

const BLOB_TRANSACTION = 3
/** Wrapper, transaction, access list, its entry, slots. */
const DEPTH_MAX = 5
/** Of the versioned hashes in the transaction's fields. */
const HASHES_FIELD = 10
const BYTES_PER_PROOF = 48
const CELLS_PER_BLOB = 128

/**
 * Throws a TransactionRejectedError. Every blob is checked against its hash; proofs are only counted, since they serve those who have no
 * blob.
 */
export async function openNetworkForm(sent: Uint8Array): Promise<SentBlobTransaction> {
  const { fields, sidecar } = read(sent)
  const hashes = fields[HASHES_FIELD]
  if (!Array.isArray(hashes) || hashes.length !== sidecar.blobs.length) throw refuse('blobs missing')
  const { commitments, blobs, proofs, version } = sidecar
  const proofsWanted = blobs.length * (version === 0 ? 1 : CELLS_PER_BLOB)
  if (commitments.length !== blobs.length || proofs.length !== proofsWanted)
    throw refuse(`${blobs.length} blobs, ${commitments.length} commitments and ${proofs.length} proofs`)
  if (
    blobs.some(({ length }) => length !== BYTES_PER_BLOB) ||
    commitments.some(({ length }) => length !== BYTES_PER_COMMITMENT) ||
    proofs.some(({ length }) => length !== BYTES_PER_PROOF)
  )
    throw refuse('a blob, commitment or proof of another size')
  const kzg = await loadKzg()
  for (const [index, blob] of blobs.entries()) {
    const hash = hashes[index] as RlpItem
    const commitment = commitments[index] as Uint8Array
    if (!(hash instanceof Uint8Array) || versionedHashOf(commitment) !== bytesToHex(hash))
      throw refuse(`commitment ${index} is not of its hash`)
    if (!equalBytes(commitmentOf(kzg, blob), commitment))
      throw refuse(`blob ${index} is not of its commitment`)
  }
  return { raw: concatBytes(Uint8Array.of(BLOB_TRANSACTION), encodeRlp(fields)), sidecar }
}

function read(sent: Uint8Array): { fields: readonly RlpItem[]; sidecar: BlobSidecar } {
  if (sent[0] !== BLOB_TRANSACTION) throw refuse('no blob transaction')
  try {
    const wrapper = listOf(decodeRlp(sent.subarray(1), DEPTH_MAX))
    const [fields, ...rest] = wrapper
    if (fields instanceof Uint8Array || fields === undefined) throw new RlpError('it comes without its blobs')
    const isVersioned = rest.length === 4
    if (isVersioned && !isOne(rest[0])) throw new RlpError('an unknown version of the sidecar')
    if (!isVersioned && rest.length !== 3) throw new RlpError('blobs, commitments and proofs wanted')
    const [blobs, commitments, proofs] = (isVersioned ? rest.slice(1) : rest).map(listOfBytes)
    return {
      fields,
      sidecar: {
        version: isVersioned ? 1 : 0,
        blobs: blobs ?? [],
        commitments: commitments ?? [],
        proofs: proofs ?? [],
      },
    }
  } catch (error) {
    if (error instanceof RlpError) throw refuse(error.message)
    throw error
  }
}

function commitmentOf(kzg: Awaited<ReturnType<typeof loadKzg>>, blob: Uint8Array): Uint8Array {
  try {
    return kzg.blobToCommitment(blob)
  } catch {
    throw refuse('a blob with a field element out of range')
  }
}

function isOne(item: RlpItem | undefined): boolean {
  return item instanceof Uint8Array && item.length === 1 && item[0] === 1
}

function listOf(item: RlpItem): readonly RlpItem[] {
  if (item instanceof Uint8Array) throw new RlpError('expected a list')
  return item
}

function listOfBytes(item: RlpItem): readonly Uint8Array[] {
  return listOf(item).map((entry) => {
    if (!(entry instanceof Uint8Array)) throw new RlpError('expected bytes')
    return entry
  })
}

function refuse(detail: string): TransactionRejectedError {
  return new TransactionRejectedError('invalidBlobs', detail)
}
