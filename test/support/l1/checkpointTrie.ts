/**
 * L1's state once something is proven, or the inbox is a proxy: the signal service with its checkpoints, laid out as CheckpointStore.sol does
 * it, the proxy with its implementation (EIP-1967), and one account that differs between blocks. Roots by our own code, proofs by
 * @ethereumjs/mpt.
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

/** EIP-1967. */
export const IMPLEMENTATION_SLOT: Hash = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc'

type Contracts = { readonly signalService: Address; readonly inbox: Address }
type Slots = ReadonlyMap<Hex, Uint8Array>

/** What each contract holds; undefined while neither holds anything. */
function contentOf(
  { signalService, inbox }: Contracts,
  { checkpoints, implementation }: Pick<L1Block['inbox'], 'checkpoints' | 'implementation'>,
): ReadonlyMap<Address, Slots> | undefined {
  if (checkpoints === undefined && implementation === undefined) return undefined
  const content = new Map<Address, Slots>([[signalService, slotsOf(checkpoints ?? [])]])
  if (implementation !== undefined)
    content.set(inbox, new Map([[IMPLEMENTATION_SLOT, trimLeadingZeros(hexToBytes(implementation))]]))
  return content
}

/** Undefined before there is anything. */
export function contractsRoot(
  contracts: Contracts,
  inbox: Pick<L1Block['inbox'], 'checkpoints' | 'implementation'>,
  mixHash: Hash,
): Hash | undefined {
  const content = contentOf(contracts, inbox)
  if (content === undefined) return undefined
  const accounts = new Map<Address, AccountState>([[fillerOf(mixHash), account(2n, EMPTY_TRIE_ROOT)]])
  for (const address of content.keys()) accounts.set(address, account(1n, EMPTY_TRIE_ROOT))
  const storage = new Map([...content].map(([address, slots]) => [address, { cleared: false, slots }]))
  return createEmptyState().after({ accounts, storage, code: new Map() }).stateRoot
}

/** As `eth_getProof`. */
export async function proveContracts(
  block: L1Block,
  contracts: Contracts,
  address: unknown,
  slots: unknown,
): Promise<unknown> {
  const content = contentOf(contracts, block.inbox) ?? new Map<Address, Slots>()
  const state = await createMPT()
  const storages = new Map<Address, MerklePatriciaTrie>()
  const put = async (at: Address, { nonce, balance, storageRoot, codeHash }: AccountState) => {
    const fields = [
      bigintToBytes(nonce),
      bigintToBytes(balance),
      hexToBytes(storageRoot),
      hexToBytes(codeHash),
    ]
    await state.put(keccak256(hexToBytes(at)), RLP.encode(fields))
  }
  for (const [at, held] of content) {
    const storage = await createMPT()
    for (const [slot, value] of held) await storage.put(keccak256(hexToBytes(slot)), RLP.encode(value))
    storages.set(at, storage)
    await put(at, account(1n, bytesToHex(storage.root())))
  }
  await put(fillerOf(block.header.mixHash), account(2n, EMPTY_TRIE_ROOT))
  const storage = storages.get(String(address).toLowerCase() as Address)
  return {
    address,
    accountProof: await nodesOf(state, hexToBytes(String(address))),
    storageProof: await Promise.all(
      (slots as Hex[]).map(async (key) => ({
        key,
        value: toQuantity(0n),
        proof: storage === undefined ? [] : await nodesOf(storage, hexToBytes(key)),
      })),
    ),
  }
}

async function nodesOf(trie: MerklePatriciaTrie, key: Uint8Array): Promise<Hex[]> {
  return (await createMerkleProof(trie, keccak256(key))).map(bytesToHex)
}

function slotsOf(checkpoints: readonly L2Checkpoint[]): Slots {
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
