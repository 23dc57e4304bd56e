/**
 * The forks of the Taiko stack, oldest first, by what tells each from the one before. The next one is a row here: with what an older one
 * had, nothing else changes; with rules of its own, it has a folder in protocol/ or a table in engine/rules/ beside it. docs/networks.md
 */
type ForkRow = {
  /** At an L2 block's number, or at its timestamp. */
  readonly begins: 'block' | 'timestamp'
  /** Whose events are its proposals; those of `inbox` have ids from 1 on, a hash chain, and proofs there. */
  readonly inbox: 'legacyInbox' | 'inbox'
  /** Folder of protocol/ with its events, manifests, checks and attributes. */
  readonly family: ForkFamily
  /** Blocks of one source; more make it the default source (D-26). Only the families of `inbox` have it. */
  readonly blocksPerSourceMax: number
  /** Its table in engine/rules/evmRules.ts. */
  readonly execution: ForkExecution
}

export type ForkFamily = 'genesis' | 'ontake' | 'pacaya' | 'shasta'
export type ForkExecution = 'shanghai' | 'unzen'

const LEGACY = { begins: 'block', inbox: 'legacyInbox', execution: 'shanghai' } as const
/** One block a proposal; Pacaya's sources have their blocks from its event. */
const NO_MANIFEST = { blocksPerSourceMax: 0 } as const

export const FORKS = {
  genesis: { ...LEGACY, ...NO_MANIFEST, family: 'genesis' },
  ontake: { ...LEGACY, ...NO_MANIFEST, family: 'ontake' },
  pacaya: { ...LEGACY, ...NO_MANIFEST, family: 'pacaya' },
  shasta: {
    ...{ begins: 'timestamp', inbox: 'inbox', family: 'shasta' },
    ...{ blocksPerSourceMax: 192, execution: 'shanghai' },
  },
  unzen: {
    ...{ begins: 'timestamp', inbox: 'inbox', family: 'shasta' },
    ...{ blocksPerSourceMax: 768, execution: 'unzen' },
  },
} as const satisfies Readonly<Record<string, ForkRow>>
