/** Signed L2 transactions for tests of the pool and the builder. */
import type { TransactionSerializable } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { type Address, type Hex, hexToBytes } from '../../src/primitives/hex.ts'

/** Keys that everybody knows: `0x01…01`, `0x02…02` and so on, 1 to 255. */
export function testAccount(index: number) {
  const key: Hex = `0x${index.toString(16).padStart(2, '0').repeat(32)}`
  return privateKeyToAccount(key)
}

export function testAddress(index: number): Address {
  return testAccount(index).address.toLowerCase() as Address
}

export const SINK: Address = `0x${'5e'.repeat(20)}`

/** EIP-2718 bytes of a transaction; by default a plain transfer of 1 wei at fees far above any base fee. */
export async function signTransaction(
  index: number,
  fields: Partial<TransactionSerializable> & { readonly chainId: number },
): Promise<Uint8Array> {
  const { type = 'eip1559' } = fields
  const fees =
    type === 'eip1559' || type === 'eip4844' || type === 'eip7702'
      ? { maxFeePerGas: 2_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n }
      : { gasPrice: 2_000_000_000n }
  const raw = await testAccount(index).signTransaction({
    type,
    nonce: 0,
    to: SINK,
    value: 1n,
    gas: 21_000n,
    ...fees,
    ...fields,
  } as TransactionSerializable)
  return hexToBytes(raw)
}
