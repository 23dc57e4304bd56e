/** A contract of our own for the class `call`, where none is named. */
import { getContractAddress } from 'viem'
import { toSafeNumber } from '../../primitives/bigint.ts'
import type { Address, Hex } from '../../primitives/hex.ts'
import { readNonce } from '../../propose/l1Rpc.ts'
import { PLAIN_CONTRACT } from './classes.ts'
import type { ProbeDeps } from './deps.ts'
import type { EventOf } from './events.ts'
import { hashed } from './prepare.ts'

/** Creating it takes 56,000. */
const CREATE_GAS = 100_000n
const FEE_HEADROOM = 4n

/** The transaction that creates it; nothing is sent. */
export async function signContract(
  { spec, l2, payer }: Pick<ProbeDeps, 'spec' | 'l2' | 'payer'>,
  signal: AbortSignal,
): Promise<EventOf<'contract'>> {
  const from = payer.address.toLowerCase() as Address
  const nonce = await readNonce(l2, from, 'pending', signal)
  const block = (await l2('eth_getBlockByNumber', ['latest', false], signal)) as { baseFeePerGas: Hex }
  const tip = BigInt((await l2('eth_maxPriorityFeePerGas', [], signal)) as Hex)
  const maxFeePerGas = FEE_HEADROOM * BigInt(block.baseFeePerGas) + tip
  const raw = await payer.signTransaction({
    type: 'eip1559',
    chainId: toSafeNumber(spec.l2.chainId),
    data: PLAIN_CONTRACT,
    gas: CREATE_GAS,
    maxPriorityFeePerGas: tip,
    ...{ nonce, maxFeePerGas },
  })
  const address = getContractAddress({ from, nonce: BigInt(nonce) }).toLowerCase() as Address
  return { type: 'contract', transaction: hashed(raw), address, cost: String(CREATE_GAS * maxFeePerGas) }
}
