/** `eth_` reads of the state after a block. */
import { z } from 'zod'
import type { AccountState } from '../../engine/state/source.ts'
import { bytesToBigint } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, toQuantity } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../../primitives/keccak.ts'
import type { RpcDeps } from '../deps.ts'
import type { Json } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { addressParam, type BlockParameter, blockParam, slotParam } from '../params.ts'
import { type ResolvedHeader, readCurrent, readState, unavailable } from '../resolve.ts'
import { accountProof } from '../schemas/state.ts'
import { bytes, hash, quantity } from '../schemas/words.ts'

/** 32 bytes in hex with the prefix. */
const WORD_TEXT_LENGTH = 66
/** Slots of one proof request; geth: 1024. */
const PROOF_SLOTS_MAX = 1024

export function stateMethods(deps: Pick<RpcDeps, 'chain' | 'state' | 'pool' | 'pending'>): Methods {
  const readAccount = (address: Address, block: BlockParameter): Promise<AccountState | null> =>
    readState(deps, block, async (state) => state.account(address))

  return {
    eth_getBalance: defineMethod({
      cost: COST.read,
      summary: 'The balance of an account after a block, in wei.',
      params: { address: addressParam, block: blockParam },
      result: quantity,
      handle: async ({ address, block }) => toQuantity((await readAccount(address, block))?.balance ?? 0n),
    }),
    eth_getTransactionCount: defineMethod({
      cost: COST.read,
      summary: 'The nonce of an account after a block; for `pending`, after what waits in the pool.',
      params: { address: addressParam, block: blockParam },
      result: quantity,
      handle: async ({ address, block }) => {
        const nonce = (await readAccount(address, block))?.nonce ?? 0n
        const isPending = block.type === 'tag' && block.tag === 'pending'
        const pending = isPending ? (deps.pool?.pendingNonce(address) ?? 0n) : 0n
        return toQuantity(pending > nonce ? pending : nonce)
      },
    }),
    eth_getCode: defineMethod({
      cost: COST.read,
      summary: 'The code of an account after a block.',
      params: { address: addressParam, block: blockParam },
      result: bytes,
      handle: ({ address, block }) =>
        readState(deps, block, async (state) => {
          const account = await state.account(address)
          if (account === null || account.codeHash === EMPTY_CODE_HASH) return '0x'
          return bytesToHex(await state.code(account.codeHash))
        }),
    }),
    eth_getStorageAt: defineMethod({
      cost: COST.read,
      summary: "A slot of an account's storage after a block.",
      params: { address: addressParam, slot: slotParam, block: blockParam },
      result: hash,
      handle: ({ address, slot, block }) =>
        readState(deps, block, async (state) => toWordHex(await state.storage(address, slot))),
    }),
    eth_getProof: defineMethod({
      cost: COST.proof,
      summary: 'An account and slots of its storage after a block, with Merkle proofs (EIP-1186).',
      params: {
        address: addressParam,
        slots: z.array(slotKeyParam, 'a list of slots wanted').max(PROOF_SLOTS_MAX),
        block: blockParam,
      },
      result: accountProof,
      handle: ({ address, slots, block }) =>
        readCurrent(deps.chain, block, (at) => getProof(deps.state, address, slots, at)),
    }),
  }
}

/** The slot, and the key that the answer names it by: whole words stay as they are, shorter keys become quantities, as geth has it. */
const slotKeyParam = z
  .string('a storage slot wanted')
  .transform((key) => ({ isWord: key.length === WORD_TEXT_LENGTH, slot: key }))
  .pipe(z.object({ isWord: z.boolean(), slot: slotParam }))
  .transform(({ isWord, slot }) => ({ key: isWord ? slot : toQuantity(BigInt(slot)), slot }))

async function getProof(
  state: RpcDeps['state'],
  address: Address,
  keys: readonly { readonly key: string; readonly slot: Hash }[],
  at: ResolvedHeader,
): Promise<Json> {
  const slots = keys.map(({ slot }) => slot)
  const proof = await state.proof(address, slots, at.header.number).catch((error) => {
    throw unavailable(error, at, 'proof')
  })
  return {
    address,
    accountProof: proof.accountProof.map(bytesToHex),
    balance: toQuantity(proof.account?.balance ?? 0n),
    codeHash: proof.account?.codeHash ?? EMPTY_CODE_HASH,
    nonce: toQuantity(proof.account?.nonce ?? 0n),
    storageHash: proof.account?.storageRoot ?? EMPTY_TRIE_ROOT,
    storageProof: proof.storageProofs.map((storage, index) => ({
      key: keys[index]?.key ?? storage.slot,
      value: toQuantity(bytesToBigint(storage.value)),
      proof: storage.proof.map(bytesToHex),
    })),
  }
}

function toWordHex(value: Uint8Array): Hash {
  return `0x${Buffer.from(value).toString('hex').padStart(64, '0')}`
}
