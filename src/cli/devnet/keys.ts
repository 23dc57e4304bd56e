/** Accounts of the mnemonic that every development chain funds. Their keys are public; nothing of value belongs there. */
import type { Hex } from '../../primitives/hex.ts'

/** Deploys the contracts. */
export const DEPLOYER_KEY: Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
/** Proposes, paying L1 for it. */
export const PROPOSER_KEY: Hex = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'
/** Sends the attested checkpoints. */
export const PROVER_KEY: Hex = '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a'
/** Attest checkpoints, two of three. TRUSTED: nothing is proven. */
export const ATTESTER_KEYS: readonly Hex[] = [
  '0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6',
  '0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a',
  '0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba',
]
/** Deploys the L1 bridge and does nothing else: L2's genesis names the address of this account's first contract. */
export const BRIDGE_DEPLOYER_KEY: Hex = '0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356'
/** Sends the demonstration's L2 transactions. */
export const DEMO_KEY: Hex = '0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e'
