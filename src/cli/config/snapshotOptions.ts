/** Options of snapshots: where a node begins, and `plumbline db snapshot`. */
import { z } from 'zod'
import { CHAIN_OPTIONS, L1_OPTIONS, LOG_OPTIONS, type OptionSpec, STORAGE_OPTIONS } from './options.ts'

const TRUST_OPTION: OptionSpec = {
  flag: 'sync.trust-snapshot',
  argument: '<hash>',
  description: 'hash of the snapshot’s L2 block, for which you vouch instead of a proof on L1',
  schema: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/, 'must be 32 bytes in hex')
    .transform((text) => text.toLowerCase()),
}

export const CHECKPOINT_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'sync.checkpoint',
    argument: '<dir|url>',
    description: 'snapshot to begin with where there is no chain yet (docs/snapshots.md)',
    schema: z.string().min(1),
    isSecret: true,
  },
  TRUST_OPTION,
]

/** A snapshot is of a chain by its genesis hash: the allocation is not needed. */
const SPEC_OPTIONS = CHAIN_OPTIONS.filter(({ flag }) => flag !== 'genesis')
const DATA_OPTIONS = STORAGE_OPTIONS.filter(({ flag }) => flag === 'datadir' || flag === 'db.cache')

export const SNAPSHOT_CREATE_OPTIONS: readonly OptionSpec[] = [
  {
    flag: 'snapshot.block',
    argument: '<number>',
    description: 'L2 block that ends a proposal; the newest that is proven on L1 by default',
    schema: z.preprocess(
      (value) => (typeof value === 'number' ? String(value) : value),
      z
        .string()
        .regex(/^[0-9]+$/, 'must be a block number')
        .transform((text) => BigInt(text)),
    ),
  },
  ...SPEC_OPTIONS,
  ...DATA_OPTIONS,
  ...LOG_OPTIONS,
]

export const SNAPSHOT_VERIFY_OPTIONS: readonly OptionSpec[] = [
  TRUST_OPTION,
  ...SPEC_OPTIONS,
  ...L1_OPTIONS,
  ...LOG_OPTIONS,
]

export const SNAPSHOT_LOAD_OPTIONS: readonly OptionSpec[] = [
  TRUST_OPTION,
  ...SPEC_OPTIONS,
  ...L1_OPTIONS,
  ...DATA_OPTIONS,
  ...LOG_OPTIONS,
]
