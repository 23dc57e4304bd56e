/** L2's genesis file of a devnet: as it is compiled for Unzen, or what a Shasta chain has of it. */
import type { DevnetFork } from '../../spec/devnet.ts'
import { readArtifact } from './deploy.ts'

type GenesisFile = { readonly config: { readonly chainId: number } & Readonly<Record<string, unknown>> }

/** Header fields that come with these are Unzen's; the accounts are the same. */
const SINCE_UNZEN: ReadonlySet<string> = new Set(['cancunTime', 'pragueTime', 'osakaTime'])

export function readDevnetGenesis(fork: DevnetFork): GenesisFile {
  return genesisUnder(fork, readArtifact<GenesisFile>('devnet-genesis'))
}

export function genesisUnder<T extends GenesisFile>(fork: DevnetFork, genesis: T): T {
  if (fork === 'unzen') return genesis
  const config = Object.fromEntries(Object.entries(genesis.config).filter(([key]) => !SINCE_UNZEN.has(key)))
  return { ...genesis, config }
}
