/** Storage of a contract at a verified block, by Merkle proof against its state root. EIP-1186. */
import { verifyMerkleProof } from '@ethereumjs/mpt'
import { bigintToFixedBytes, bytesToBigint } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes, toQuantity } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256, keccak256Hex } from '../primitives/keccak.ts'
import { decodeRlp, RlpError, type RlpItem } from '../primitives/rlp.ts'
import type { L1Header } from './l1.ts'
import type { L1Provider } from './provider.ts'
import { readBytes, readList } from './rpcJson.ts'
import { check, WrongDataError } from './wrongData.ts'

/** Nodes of a proof: a trie of hashed keys is nowhere deeper than 64. */
const NODES_MAX = 64
const NODE_BYTES_MAX = 1_024
const ACCOUNT_FIELDS = 4
const STORAGE_ROOT_FIELD = 2

/** 32-byte words in the order of `slots`; zero where there is nothing. Null while no provider has the state of that block. */
export function readStorage(
  provider: L1Provider,
  input: { readonly at: L1Header; readonly address: Address; readonly slots: readonly Hash[] },
  signal?: AbortSignal,
): Promise<readonly Hash[] | null> {
  const { at, address, slots } = input
  return provider.ask(
    [{ method: 'eth_getProof', params: [address, slots, toQuantity(at.number)] }],
    async ([json]) => {
      if (json === null || typeof json !== 'object') return null
      const { accountProof, storageProof } = json as { accountProof?: unknown; storageProof?: unknown }
      const account = await proven(at.stateRoot, hexToBytes(address), readNodes(accountProof))
      const fields = account === null ? null : decodeProven(account, 1)
      const isAccount = Array.isArray(fields) && fields.length === ACCOUNT_FIELDS
      const root = isAccount ? fields[STORAGE_ROOT_FIELD] : undefined
      check(account === null || root instanceof Uint8Array, 'a proof of something that is no account')
      const proofs = readList(storageProof, 'the storage proofs')
      check(proofs.length === slots.length, 'another number of storage proofs than slots')
      const storageRoot = root instanceof Uint8Array ? bytesToHex(root) : EMPTY_TRIE_ROOT
      const words: Hash[] = []
      for (const [index, slot] of slots.entries()) {
        const { proof } = (proofs[index] ?? {}) as { proof?: unknown }
        const leaf = await proven(storageRoot, hexToBytes(slot), readNodes(proof))
        words.push(leaf === null ? toWord(new Uint8Array(0)) : toWord(decodeProven(leaf, 0)))
      }
      return words
    },
    signal,
  )
}

function readNodes(json: unknown): readonly Uint8Array[] {
  const nodes = readList(json, 'a proof').map((node) => readBytes(node, 'a node of a proof'))
  check(
    nodes.length <= NODES_MAX && nodes.every(({ length }) => length <= NODE_BYTES_MAX),
    'a proof that is too long',
  )
  // Some servers list nodes of less than 32 bytes beside the parent they lie in.
  return nodes.filter((node, index) => index === 0 || node.length >= 32)
}

/** The root may be of a header that somebody made up: what is proven under it can be anything. */
function decodeProven(value: Uint8Array, depthMax: number): RlpItem {
  try {
    return decodeRlp(value, depthMax)
  } catch (cause) {
    if (cause instanceof RlpError) throw new WrongDataError('a proof of something that is no RLP', { cause })
    throw cause
  }
}

function toWord(value: unknown): Hash {
  check(value instanceof Uint8Array && value.length <= 32, 'a proof of something that is no word')
  return bytesToHex(bigintToFixedBytes(bytesToBigint(value), 32))
}

/** The value at a key, or that there is none; the nodes must lead there from the root. */
async function proven(root: Hash, key: Uint8Array, nodes: readonly Uint8Array[]): Promise<Uint8Array | null> {
  if (root === EMPTY_TRIE_ROOT) return null
  const [first] = nodes
  check(
    first !== undefined && keccak256Hex(first) === root,
    'a proof that does not begin at the root it is for',
  )
  try {
    return await verifyMerkleProof(keccak256(key), [...nodes])
  } catch {
    check(false, 'a proof whose nodes do not belong together')
    return null
  }
}
