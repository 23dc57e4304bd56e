/** A small chain under Shasta rules for the engine's tests: accounts in a complete trie, attributes with a real anchor transaction. */
import type { Engine, ExecutedBlock } from '../../src/engine/engine.ts'
import type {
  AccountState,
  StateChanges,
  StateSource,
  StorageChanges,
} from '../../src/engine/state/source.ts'
import { createEmptyState, type WitnessState } from '../../src/engine/state/witness.ts'
import { createEngine } from '../../src/engine/vm.ts'
import { trimLeadingZeros } from '../../src/primitives/bytes.ts'
import { type Address, type Hash, type Hex, hexToBytes, ZERO_HASH } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256Hex } from '../../src/primitives/keccak.ts'
import { buildAnchorTransaction } from '../../src/protocol/anchorTransaction.ts'
import type { PayloadAttributes } from '../../src/protocol/protocol.ts'
import { createDevnetSpec } from '../../src/spec/devnet.ts'
import type { RollupSpec } from '../../src/spec/rollupSpec.ts'

export const CHAIN_ID = 763_999n
export const ETHER = 10n ** 18n
export const BASE_FEE = 1_000_000_007n
export const COINBASE: Address = `0x${'c0'.repeat(20)}`

export const SPEC: RollupSpec = createDevnetSpec({
  l1ChainId: 1n,
  l2ChainId: CHAIN_ID,
  inbox: `0x${'11'.repeat(20)}`,
  startBlock: 0n,
  genesisTime: 0n,
  secondsPerSlot: 12n,
  genesis: { hash: ZERO_HASH, stateRoot: EMPTY_TRIE_ROOT },
})

export type TestAccount = {
  readonly balance?: bigint
  readonly nonce?: bigint
  readonly code?: Hex
  readonly storage?: Readonly<Record<Hex, Hex>>
}

export function allocation(alloc: Readonly<Record<Address, TestAccount>>): StateChanges {
  const accounts = new Map<Address, AccountState>()
  const storage = new Map<Address, StorageChanges>()
  const code = new Map<Hash, Uint8Array>()
  for (const [address, account] of Object.entries(alloc) as [Address, TestAccount][]) {
    const bytes = hexToBytes(account.code ?? '0x')
    const codeHash = keccak256Hex(bytes)
    if (bytes.length > 0) code.set(codeHash, bytes)
    const { balance = 0n, nonce = 0n } = account
    accounts.set(address, { balance, nonce, codeHash, storageRoot: EMPTY_TRIE_ROOT })
    const slots = Object.entries(account.storage ?? {}).map(
      ([slot, value]) => [slot as Hex, trimLeadingZeros(hexToBytes(value))] as const,
    )
    if (slots.length > 0) storage.set(address, { cleared: false, slots: new Map(slots) })
  }
  return { accounts, storage, code }
}

export function stateWith(alloc: Readonly<Record<Address, TestAccount>>): WitnessState {
  return createEmptyState().after(allocation(alloc))
}

export function attributesFor(
  transactions: readonly Uint8Array[],
  overrides: Partial<PayloadAttributes> & {
    readonly anchorNonce?: bigint
    readonly anchorData?: Uint8Array
  } = {},
): PayloadAttributes {
  const { anchorNonce = 0n, anchorData = new Uint8Array(0), ...fields } = overrides
  const baseFeePerGas = overrides.baseFeePerGas ?? BASE_FEE
  return {
    fork: 'shasta',
    number: 300n,
    parentHash: `0x${'aa'.repeat(32)}`,
    coinbase: COINBASE,
    gasLimit: 31_000_000n,
    timestamp: 1_800_000_000n,
    mixHash: `0x${'bb'.repeat(32)}`,
    extraData: hexToBytes('0x4b000000000001'),
    baseFeePerGas,
    basefeeSharingPctg: 75,
    anchorBlockNumber: 1n,
    anchorTransaction: buildAnchorTransaction({
      chainId: CHAIN_ID,
      nonce: anchorNonce,
      gasLimit: 1_000_000n,
      baseFeePerGas,
      to: SPEC.l2.anchor,
      data: anchorData,
    }),
    transactions: transactions.map((raw) => ({ raw, offset: 0 })),
    ...fields,
  }
}

/** Hash of block n: n itself. */
export const ancestorHash = (number: bigint): Hash => `0x${number.toString(16).padStart(64, '0')}`

export async function executeOn(
  state: StateSource,
  transactions: readonly Uint8Array[],
  overrides: Parameters<typeof attributesFor>[1] & { readonly engine?: Engine } = {},
): Promise<ExecutedBlock> {
  const { engine = createEngine({ spec: SPEC }), ...rest } = overrides
  return engine.execute({ attributes: attributesFor(transactions, rest), state, ancestorHash })
}

export async function balanceIn(state: StateSource, address: Address): Promise<bigint | undefined> {
  return (await state.account(address))?.balance
}
