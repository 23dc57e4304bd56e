/**
 * L1's state once something is proven: the signal service with its checkpoints, laid out as CheckpointStore.sol does it, and one account that
 * differs between blocks. Roots by our own code, proofs by @ethereumjs/mpt.
 */
import { createMerkleProof, createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { encodeAbiParameters, keccak256 as keccakOf, parseAbiParameters } from 'viem'
import type { AccountState } from '../../../src/engine/state/source.ts'
import { createEmptyState } from '../../../src/engine/state/witness.ts'
import { bigintToBytes, trimLeadingZeros } from '../../../src/primitives/bytes.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  toQuantity,
} from '../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256 } from '../../../src/primitives/keccak.ts'
import type { L1Block } from './block.ts'
import type { L2Checkpoint } from './inbox.ts'

/** Of the mapping in CheckpointStore.sol, behind `latestBlockNumber`. */
const RECORDS_SLOT = 1n

/** Undefined before the first checkpoint. */
export function checkpointRoot(input: {
  readonly store: Address
  readonly checkpoints: readonly L2Checkpoint[] | undefined
  readonly mixHash: Hash
}): Hash | undefined {
  if (input.checkpoints === undefined) return undefined
  const accounts = new Map<Address, AccountState>([
    [input.store, account(1n, EMPTY_TRIE_ROOT)],
    [fillerOf(input.mixHash), account(2n, EMPTY_TRIE_ROOT)],
  ])
  const storage = new Map([[input.store, { cleared: false, slots: slotsOf(input.checkpoints) }]])
  return createEmptyState().after({ accounts, storage, code: new Map() }).stateRoot
}

/** As `eth_getProof`. */
export async function proveCheckpoints(
  block: L1Block,
  store: Address,
  address: unknown,
  slots: unknown,
): Promise<unknown> {
  const storage = await createMPT()
  for (const [slot, value] of slotsOf(block.inbox.checkpoints ?? []))
    await storage.put(keccak256(hexToBytes(slot)), RLP.encode(value))
  const state = await createMPT()
  const leaves: [Address, AccountState][] = [
    [store, account(1n, bytesToHex(storage.root()))],
    [fillerOf(block.header.mixHash), account(2n, EMPTY_TRIE_ROOT)],
  ]
  for (const [at, { nonce, balance, storageRoot, codeHash }] of leaves) {
    const fields = [
      bigintToBytes(nonce),
      bigintToBytes(balance),
      hexToBytes(storageRoot),
      hexToBytes(codeHash),
    ]
    await state.put(keccak256(hexToBytes(at)), RLP.encode(fields))
  }
  const isStore = String(address).toLowerCase() === store
  return {
    address,
    accountProof: await nodesOf(state, hexToBytes(String(address))),
    storageProof: await Promise.all(
      (slots as Hex[]).map(async (key) => ({
        key,
        value: toQuantity(0n),
        proof: isStore ? await nodesOf(storage, hexToBytes(key)) : [],
      })),
    ),
  }
}

async function nodesOf(trie: MerklePatriciaTrie, key: Uint8Array): Promise<Hex[]> {
  return (await createMerkleProof(trie, keccak256(key))).map(bytesToHex)
}

function slotsOf(checkpoints: readonly L2Checkpoint[]): ReadonlyMap<Hex, Uint8Array> {
  const parameters = parseAbiParameters('uint256, uint256')
  return new Map(
    checkpoints.flatMap(({ blockNumber, blockHash, stateRoot }) => {
      const record = BigInt(keccakOf(encodeAbiParameters(parameters, [blockNumber, RECORDS_SLOT])))
      return [blockHash, stateRoot].map((word, i): [Hex, Uint8Array] => [
        `0x${(record + BigInt(i)).toString(16).padStart(64, '0')}`,
        trimLeadingZeros(hexToBytes(word)),
      ])
    }),
  )
}

function account(nonce: bigint, storageRoot: Hash): AccountState {
  return { nonce, balance: 1n, storageRoot, codeHash: EMPTY_CODE_HASH }
}

function fillerOf(mixHash: Hash): Address {
  return `0x${mixHash.slice(2, 42)}`
}
