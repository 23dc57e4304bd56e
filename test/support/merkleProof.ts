/** EIP-1186 proofs, judged by EthereumJS's own trie. */
import { verifyMerkleProof } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { type Hash, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { keccak256Hex } from '../../src/primitives/keccak.ts'

export type ProvenAccount = {
  readonly nonce: bigint
  readonly balance: bigint
  readonly storageRoot: Uint8Array
  readonly codeHash: Uint8Array
}

/** Null: proven to be absent. Throws when the proof proves nothing about the root. */
export async function provenAccount(
  stateRoot: Hash,
  address: Hex,
  proof: readonly Hex[],
): Promise<ProvenAccount | null> {
  const value = await provenValue(stateRoot, address, proof)
  if (value === null) return null
  const [nonce, balance, storageRoot, codeHash] = RLP.decode(value) as Uint8Array[]
  return {
    nonce: toBigint(nonce!),
    balance: toBigint(balance!),
    storageRoot: storageRoot!,
    codeHash: codeHash!,
  }
}

export async function provenSlot(storageRoot: Hash, slot: Hex, proof: readonly Hex[]): Promise<bigint> {
  const value = await provenValue(storageRoot, slot, proof)
  return value === null ? 0n : toBigint(RLP.decode(value) as Uint8Array)
}

async function provenValue(root: Hash, key: Hex, proof: readonly Hex[]): Promise<Uint8Array | null> {
  const nodes = proof.map(hexToBytes)
  if (nodes[0] === undefined || keccak256Hex(nodes[0]) !== root)
    throw new Error(`the proof does not begin at ${root}`)
  return verifyMerkleProof(hexToBytes(key), nodes, { useKeyHashing: true })
}

function toBigint(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)
}
