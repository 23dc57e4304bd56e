/** Compiled contracts, as contracts/build.mjs leaves them. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Abi } from 'viem'
import type { Address, Hash, Hex } from '../../../src/primitives/hex.ts'

const ARTIFACTS = join(import.meta.dirname, '../../../contracts/artifacts')

export type Artifact = { readonly abi: Abi; readonly bytecode: Hex; readonly deployedBytecode: Hex }

export type GenesisFile = {
  readonly config: { readonly chainId: number }
  readonly gasLimit: string
  readonly baseFeePerGas: string
  readonly stateRoot: Hash
  readonly alloc: Readonly<Record<Address, { readonly balance: Hex; readonly code?: Hex }>>
}

export const readArtifact = (name: string): Artifact => readJson(name)
export const readGenesis = (): GenesisFile => readJson('devnet-genesis')

function readJson<T>(name: string): T {
  const path = join(ARTIFACTS, `${name}.json`)
  if (!existsSync(path)) throw new Error(`${name} is not compiled: run \`node contracts/build.mjs\` first`)
  return JSON.parse(readFileSync(path, 'utf8')) as T
}
