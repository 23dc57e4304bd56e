/**
 * What the protocol does in a simulated block before its calls and after them. A rollup's anchor transaction is left out, since nobody
 * knows the L1 of then, and its zk gas is not counted.
 */
import { Address as EvmAddress } from '@ethereumjs/util'
import { type BlockHeader, NO_REQUESTS_HASH } from '../../primitives/header.ts'
import { type Address, hexToBytes } from '../../primitives/hex.ts'
import type { Log } from '../../primitives/receipt.ts'
import type { Withdrawal } from '../../primitives/withdrawal.ts'
import { isForkActive } from '../../spec/ethereumSpec.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import { collectRequests, requestsHash } from '../ethereum/requests.ts'
import { blockRewards } from '../ethereum/rewards.ts'
import { BEACON_ROOTS, HISTORY_STORAGE, runSystemCall } from '../ethereum/systemCalls.ts'
import type { RunContext } from '../evm.ts'

const WEI_PER_GWEI = 1_000_000_000n

export async function openBlock(
  context: RunContext,
  { parentHash, parentBeaconBlockRoot }: BlockHeader,
): Promise<void> {
  if (parentBeaconBlockRoot !== undefined)
    await runSystemCall(context, BEACON_ROOTS, hexToBytes(parentBeaconBlockRoot))
  if (isForkActive(context.rules.fork, 'prague'))
    await runSystemCall(context, HISTORY_STORAGE, hexToBytes(parentHash))
}

/** The header fields that come of it. Throws InvalidBlockError where a system contract fails. */
export async function closeBlock(
  execution: ExecutionSpec,
  context: RunContext,
  block: {
    readonly draft: BlockHeader
    readonly logs: readonly Log[]
    readonly withdrawals: readonly Withdrawal[]
  },
): Promise<Pick<BlockHeader, 'requestsHash'>> {
  for (const { address, amount } of block.withdrawals) await credit(context, address, amount * WEI_PER_GWEI)
  const { fork } = context.rules
  const hasRequests = isForkActive(fork, 'prague')
  if (execution.type === 'rollup') return hasRequests ? { requestsHash: NO_REQUESTS_HASH } : {}
  const requests = hasRequests
    ? await collectRequests(context, block.logs, execution.spec.depositContract)
    : undefined
  for (const [recipient, wei] of blockRewards(fork, block.draft, [])) await credit(context, recipient, wei)
  return requests === undefined ? {} : { requestsHash: requestsHash(requests) }
}

async function credit({ state }: RunContext, recipient: Address, wei: bigint): Promise<void> {
  if (wei === 0n) return
  const address = new EvmAddress(hexToBytes(recipient))
  const balance = (await state.getAccount(address))?.balance ?? 0n
  await state.modifyAccountFields(address, { balance: balance + wei })
  state.assertComplete()
}
