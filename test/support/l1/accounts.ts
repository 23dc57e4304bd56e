/** The well-known devnet accounts ("test test … junk", derivation path m/44'/60'/0'/0/i). Their keys are public: never fund them. */
import secp256k1 from 'secp256k1'
import { type Address, bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'

export type Account = { readonly address: Address; readonly privateKey: Uint8Array }

const KEYS = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
  '0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6',
]

export const ACCOUNTS: readonly Account[] = KEYS.map((key) => {
  const privateKey = hexToBytes(key)
  const publicKey = secp256k1.publicKeyCreate(privateKey, false)
  return { privateKey, address: bytesToHex(keccak256(publicKey.subarray(1)).subarray(12)) }
})

/** The account that signs for `address`: itself, or the first one, as a router contract's caller would. */
export function signerOf(address: Address): Account {
  return ACCOUNTS.find((account) => account.address === address) ?? (ACCOUNTS[0] as Account)
}
