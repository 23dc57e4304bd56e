/** The rollup's contracts on this L1. Not by cli/devnet/deploy.ts: viem's gas estimate is one that this execution client refuses. */
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { readArtifact } from '../contracts/artifacts.ts'
import { SETTINGS } from '../contracts/inbox.ts'
import { DEV_ACCOUNTS } from './executionGenesis.ts'
import type { PosL1 } from './startPosL1.ts'
import { deployContract } from './transactions.ts'

export type PosInbox = {
  readonly inbox: Address
  /** L1 block of the inbox's first event. */
  readonly startBlock: bigint
}

/** An inbox with an open schedule; its one attester is the first development account. Takes three blocks. */
export async function deployInbox(
  l1: PosL1,
  l2: { readonly chainId: bigint; readonly genesisHash: Hash },
): Promise<PosInbox> {
  const [account] = DEV_ACCOUNTS
  if (account === undefined) throw new Error('there are no accounts')
  const deploy = (name: string, args: readonly unknown[]) =>
    deployContract(l1, { account, artifact: readArtifact(name), args })
  const verifier = await deploy('AttestationVerifier', [l2.chainId, [account.address], 1n])
  const schedule = await deploy('OpenSchedule', [])
  const { address, receipt } = await deploy('Inbox', [
    { ...SETTINGS, proofVerifier: verifier.address, proposerChecker: schedule.address },
    l2.genesisHash,
  ])
  return { inbox: address, startBlock: BigInt(receipt.blockNumber) }
}
