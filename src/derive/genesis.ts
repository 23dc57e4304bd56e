/** The first state, written once; afterwards the database must be of the chain that was asked for. */
import { genesisHeads } from '../chain/heads.ts'
import type { Genesis } from '../engine/genesis.ts'
import type { L1Position } from '../l1/l1.ts'
import { blockSize } from '../primitives/blockSize.ts'
import { CriticalError } from '../primitives/errors.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { StoreReader, StoreTransaction } from '../store/store.ts'
import type { CommitDeps } from './commit.ts'
import { writeStep } from './steps.ts'

/** The database holds another chain, or the genesis file is not the one the spec names. */
export class WrongChainError extends CriticalError {
  override readonly name = 'WrongChainError'
}

export async function isInitialised(store: StoreReader): Promise<boolean> {
  return (await store.get('SELECT 1 FROM chain_identity LIMIT 1')) !== undefined
}

/** Throws WrongChainError when the database was made for another chain. */
export async function checkIdentity(store: StoreReader, spec: RollupSpec): Promise<void> {
  const rows = await store.all('SELECT name, value FROM chain_identity')
  const stored = new Map(rows.map((row) => [row.name as string, row.value as string]))
  for (const [name, value] of identityOf(spec)) {
    if (stored.get(name) === value) continue
    throw new WrongChainError(
      `this data directory holds another chain: its ${name} is ${stored.get(name)}, ${spec.name} has ${value}; ` +
        'use another --datadir, or delete this one to derive the chain again',
    )
  }
}

/** Throws WrongChainError unless `genesis` is the block the spec names. */
export function checkGenesis(spec: RollupSpec, genesis: Genesis): void {
  const expected = spec.l2.genesis
  if (!expected)
    throw new WrongChainError(`${spec.name} names no genesis block, so it cannot be derived from L1`)
  if (genesis.stateRoot !== expected.stateRoot || genesis.hash !== expected.hash) {
    throw new WrongChainError(
      `this is not the genesis of ${spec.name}: it gives block ${genesis.hash} with state root ${genesis.stateRoot}, ` +
        `expected ${expected.hash} with ${expected.stateRoot}`,
    )
  }
}

/** Writes genesis and the first cursor, the L1 block before the first that can hold an event of ours. */
export async function writeGenesis(
  { store, chain, state }: CommitDeps,
  input: { readonly spec: RollupSpec; readonly genesis: Genesis; readonly l1: L1Position },
): Promise<void> {
  const { spec, genesis, l1 } = input
  checkGenesis(spec, genesis)
  const head = { number: genesis.header.number, hash: genesis.hash }
  await store.transaction(async (transaction) => {
    await state.writeGenesis(transaction, genesis.changes)
    const size = blockSize(genesis.header, [])
    const block = { hash: genesis.hash, header: genesis.header, transactions: [], size }
    await chain.append(transaction, [{ block, origin: undefined }])
    await chain.setHeads(transaction, genesisHeads(head))
    await writeStep(transaction, { ...l1, safe: head, executable: head })
    await writeIdentity(transaction, spec)
  })
  state.settle()
  chain.settle()
}

/** The database is of this chain, and complete, from now on. */
export async function writeIdentity(transaction: StoreTransaction, spec: RollupSpec): Promise<void> {
  for (const [name, value] of identityOf(spec)) {
    await transaction.run('INSERT INTO chain_identity (name, value) VALUES (?, ?)', [name, value])
  }
}

function identityOf(spec: RollupSpec): ReadonlyMap<string, string> {
  return new Map([
    ['l1 chain id', spec.l1.chainId.toString()],
    ['inbox', spec.l1.inbox],
    ['l2 chain id', spec.l2.chainId.toString()],
    ['genesis hash', spec.l2.genesis?.hash ?? 'none'],
  ])
}
