/** The proof of a message, and our own look at it before anybody pays for the contract's. EIP-1186. */
import { verifyMerkleProof } from '@ethereumjs/mpt'
import { equalBytes } from '../primitives/bytes.ts'
import { CriticalError } from '../primitives/errors.ts'
import { type Address, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { keccak256, keccak256Hex } from '../primitives/keccak.ts'
import { decodeRlp } from '../primitives/rlp.ts'
import { slotOfMessage } from './message.ts'

/** As `IBridge.Proof`. */
export type MessageProof = {
  readonly blockNumber: bigint
  readonly accountProof: readonly Hex[]
  readonly storageProof: readonly Hex[]
}

/** What `eth_getProof` answers, as far as it is used. */
export type ProofAnswer = {
  readonly accountProof: readonly Hex[]
  readonly storageProof: readonly { readonly proof: readonly Hex[] }[]
}

/** The nodes do not lead from the root to the message. Whoever served them is wrong, or the message is not in that block. */
export class ProofMismatchError extends CriticalError {
  override readonly name = 'ProofMismatchError'
}

const STORAGE_ROOT_FIELD = 2
const ACCOUNT_FIELDS = 4
const STORED = Uint8Array.of(1)

/** Throws a ProofMismatchError. */
export async function checkProof(
  answer: ProofAnswer,
  input: { readonly stateRoot: Hash; readonly bridge: Address; readonly messageHash: Hash },
): Promise<Pick<MessageProof, 'accountProof' | 'storageProof'>> {
  const accountProof = listedNodes(answer.accountProof)
  const storageProof = listedNodes(answer.storageProof[0]?.proof ?? [])
  const account = await readValue(input.stateRoot, hexToBytes(input.bridge), accountProof)
  const fields = decodeRlp(account, 1)
  const storageRoot = Array.isArray(fields) && fields.length === ACCOUNT_FIELDS && fields[STORAGE_ROOT_FIELD]
  if (!(storageRoot instanceof Uint8Array)) throw new ProofMismatchError('the account proven is malformed')
  const root: Hash = `0x${Buffer.from(storageRoot).toString('hex')}`
  const value = await readValue(root, hexToBytes(slotOfMessage(input.messageHash)), storageProof)
  if (!equalBytes(value, STORED))
    throw new ProofMismatchError('the slot of the message does not say that it was sent')
  return { accountProof, storageProof }
}

/** Some servers list nodes of less than 32 bytes beside the parent they lie in; the contract takes each node once. */
function listedNodes(nodes: readonly Hex[]): readonly Hex[] {
  return nodes.filter((node, index) => index === 0 || hexToBytes(node).length >= 32)
}

async function readValue(root: Hash, key: Uint8Array, nodes: readonly Hex[]): Promise<Uint8Array> {
  const [first] = nodes
  if (first === undefined || keccak256Hex(hexToBytes(first)) !== root)
    throw new ProofMismatchError('the proof begins at another state root than the checkpoint')
  const value = await verifyMerkleProof(keccak256(key), nodes.map(hexToBytes)).catch((cause: unknown) => {
    throw new ProofMismatchError('the proof has nodes that do not belong together', { cause })
  })
  if (value === null) throw new ProofMismatchError('the proof shows that there is nothing')
  return value
}
