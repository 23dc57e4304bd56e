/** Nonces and balances after a block, as a value: each branch has its own. Only accounts that were ever touched are in it. */
import { type Address, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'

type AccountEntry = { readonly nonce: bigint; readonly wei: bigint }
export type AccountState = ReadonlyMap<Address, AccountEntry>

const EMPTY: AccountEntry = { nonce: 0n, wei: 0n }

export type AccountWriter = {
  /** The nonce is used: the account's next one is behind it, whatever was skipped. */
  useNonce(address: Address, nonce: bigint): void
  /** Never below zero: transactions that a test puts into a block are not asked whether they can pay. */
  move(from: Address, to: Address, wei: bigint): void
  burn(from: Address, wei: bigint): void
  /** With everything written so far. */
  state(): AccountState
}

export function genesisAccounts(balances: Readonly<Record<Address, bigint>>): AccountState {
  return new Map(
    Object.entries(balances).map(([address, wei]) => [address.toLowerCase() as Address, { nonce: 0n, wei }]),
  )
}

export function accountOf(state: AccountState, address: Address): AccountEntry {
  return state.get(address) ?? EMPTY
}

export function writeAccounts(before: AccountState): AccountWriter {
  const after = new Map(before)
  const add = (address: Address, wei: bigint): bigint => {
    const { nonce, wei: had } = accountOf(after, address)
    const has = had + wei < 0n ? 0n : had + wei
    after.set(address, { nonce, wei: has })
    return has - had
  }
  const move: AccountWriter['move'] = (from, to, wei) => {
    if (wei > 0n) add(to, -add(from, -wei))
  }
  return {
    useNonce(address, nonce) {
      const { nonce: had, wei } = accountOf(after, address)
      after.set(address, { nonce: nonce >= had ? nonce + 1n : had, wei })
    },
    move,
    burn: (from, wei) => move(from, ZERO_ADDRESS, wei),
    state: () => after,
  }
}
