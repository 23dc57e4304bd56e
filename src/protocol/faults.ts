/** Names of everything that can be wrong with a source, each with its rule in docs/derivation.md. */
import type { SourceFault } from './protocol.ts'

export const FAULT_RULES = {
  // Blobs and slices.
  blobVersion: 'D-10',
  blobLength: 'D-11',
  blobFieldElement: 'D-12',
  blobTrailingData: 'D-13',
  blobTrailingBytes: 'D-14',
  noBlobs: 'D-15',
  sliceOffset: 'D-16',
  sliceRange: 'D-17',
  calldataSize: 'D-18',
  // Manifests (Shasta).
  headerTooShort: 'D-20',
  manifestVersion: 'D-21',
  manifestSize: 'D-22',
  manifestInflate: 'D-23',
  manifestRlp: 'D-24',
  manifestTrailingBytes: 'D-25',
  tooManyBlocks: 'D-26',
  forcedBlockCount: 'D-27',
  noBlocks: 'D-28',
  manifestBlock: 'D-29',
  manifestTransaction: 'D-30',
  // Transaction lists (Ontake, Pacaya).
  listInflate: 'D-31',
  listRlp: 'D-32',
  listTrailingBytes: 'D-33',
  listTransaction: 'D-34',
  // Checks against the parent (Shasta).
  timestampBounds: 'D-41',
  timestampTooLow: 'D-42',
  timestampTooHigh: 'D-43',
  anchorDecreases: 'D-44',
  anchorTooNew: 'D-45',
  anchorTooOld: 'D-46',
  anchorStagnates: 'D-47',
  gasLimitTooLow: 'D-48',
  gasLimitTooHigh: 'D-49',
} as const

export type FaultName = keyof typeof FAULT_RULES

export function createFault(name: FaultName, detail: string): SourceFault {
  return { name, rule: FAULT_RULES[name], detail }
}

/** The outcome of a decoder of foreign bytes: a value or the reason there is none. Decoders never throw on them. */
export type Decoded<T> =
  | { readonly type: 'ok'; readonly value: T }
  | { readonly type: 'fault'; readonly fault: SourceFault }

export function decodedFault(name: FaultName, detail: string): { type: 'fault'; fault: SourceFault } {
  return { type: 'fault', fault: createFault(name, detail) }
}
