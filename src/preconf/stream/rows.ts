/** A block of the journal as a row. What follows from header and commitment is not stored twice. */
import { defined } from '../../primitives/assert.ts'
import { decodeHeader, encodeHeader } from '../../primitives/header.ts'
import type { Hash, Hex } from '../../primitives/hex.ts'
import { decodeRlp, encodeRlp } from '../../primitives/rlp.ts'
import {
  type BlockCommitment,
  decodeBlockCommitment,
  encodeBlockCommitment,
} from '../../promise/blockCommitment.ts'
import type { SealedBlock } from '../../propose/sequencer/events.ts'
import type { Row, SqlValue } from '../../store/store.ts'
import { envOfHeader, metadataOfEnv } from './env.ts'

/** A draft of ours has no signature yet, and a block of ours none for the stream until it is published. */
export type KeptBlock = {
  readonly block: Omit<SealedBlock, 'signature'>
  readonly isOwn: boolean
  readonly totalFrags: number
  readonly signature?: Hex
  readonly envSignature?: Hex
  readonly sealSignature?: Hex
}

export const BLOCK_COLUMNS =
  'block_hash, commitment_hash, number, parent_hash, window_end, is_own, header, commitment, is_forced, transactions, total_frags, signature, env_signature, seal_signature'

export function blockValues(kept: KeptBlock): SqlValue[] {
  const { block, isOwn, totalFrags, signature, envSignature, sealSignature } = kept
  return [
    block.hash,
    block.commitmentHash,
    block.header.number,
    block.header.parentHash,
    block.commitment.windowEnd,
    isOwn ? 1 : 0,
    encodeHeader(block.header),
    encodeBlockCommitment(block.commitment),
    block.metadata.isForcedInclusion ? 1 : 0,
    encodeRlp([...block.transactions]),
    totalFrags,
    signature ?? null,
    envSignature ?? null,
    sealSignature ?? null,
  ]
}

/** Of a row that `blockValues` made. */
export function readBlock(row: Row): KeptBlock {
  const bytes = (column: string) => new Uint8Array(row[column] as Uint8Array)
  const header = decodeHeader(bytes('header'))
  const commitment = readCommitment(row)
  const { anchorBlockNumber } = commitment
  const isForcedInclusion = row.is_forced === 1
  const metadata = metadataOfEnv(envOfHeader(header, { anchorBlockNumber, isForcedInclusion }))
  return {
    block: {
      metadata: defined(metadata, 'the metadata of a kept block'),
      transactions: decodeRlp(bytes('transactions'), 1) as Uint8Array[],
      hash: row.block_hash as Hash,
      header,
      commitment,
      commitmentHash: row.commitment_hash as Hash,
    },
    isOwn: row.is_own === 1,
    totalFrags: row.total_frags as number,
    ...present('signature', row.signature),
    ...present('envSignature', row.env_signature),
    ...present('sealSignature', row.seal_signature),
  }
}

export function readCommitment({ commitment }: Row): BlockCommitment {
  const decoded = decodeBlockCommitment(new Uint8Array(commitment as Uint8Array))
  return defined(decoded.type === 'decoded' ? decoded.value : undefined, 'a kept commitment')
}

function present<K extends string>(key: K, value: unknown): { readonly [P in K]?: Hex } {
  return (typeof value === 'string' ? { [key]: value } : {}) as { readonly [P in K]?: Hex }
}
