/** Brings evidence before the registry: contracts/src/l1/registry/Slashing.sol, `slashCommitment` of an operator's own committer. */
import { type Abi, parseAbi } from 'viem'
import { CriticalError } from '../../primitives/errors.ts'
import { type Hash, ZERO_HASH } from '../../primitives/hex.ts'
import type { Ancestor } from '../lists/headerChain.ts'
import { type L1Client, type OperatorContracts, type Owner, readOperator } from '../operator.ts'
import { REGISTRY_ABI } from '../registryAbi.ts'
import type { EvidenceFile } from './file.ts'
import { encodeEvidence, SIGNED_COMMITMENT_STRUCTS } from './file.ts'

/** With the errors of registry and slasher, so that a refusal has a name. */
const SLASH_ABI = parseAbi([
  ...SIGNED_COMMITMENT_STRUCTS,
  'function slashCommitment(bytes32 registrationRoot, SignedCommitment commitment, bytes evidence) returns (uint256 slashAmountWei)',
  'function recordAncestor(bytes[] headers)',
  'function knownBlockHash(uint256 blockNumber) view returns (bytes32 blockHash)',
  'function rewards(address receiver) view returns (uint256 amountWei)',
  'error FaultAlreadySlashed()',
  'error InvalidSigningId()',
  'error NothingToSlash()',
  'error NotOptedIn()',
  'error NotSlashable()',
  'error UnknownOperator()',
  'error WrongCommitter()',
  'error EvidenceTooEarly()',
  'error EvidenceTooLate()',
  'error NoFault()',
  'error NotTheSameCommitter()',
  'error WrongChain()',
  'error WrongCommitmentType()',
  'error WrongSigningId()',
  'error WrongSlasher()',
  // Of an omission.
  'error BrokenHeaderChain()',
  'error CannotExecute()',
  'error CheckpointNotFound()',
  'error Excused()',
  'error MayExceedZkGas()',
  'error SlotUnknown()',
  'error UnknownProposal()',
])

export type Slashed = {
  readonly operator: Hash
  readonly transactionHash: Hash
  /** Transactions that went before: the slasher knows blocks by them that are far below a checkpoint. */
  readonly ancestorsRecorded: number
  /** Taken from the bond. */
  readonly takenWei: bigint
  /** What is left of it. */
  readonly bondWei: bigint
  /** What waits for the challenger in the registry since. */
  readonly rewardWei: bigint
}

/** CriticalError with a sentence for evidence that is not for these contracts, or that they would refuse. */
export async function slash(
  l1: L1Client,
  contracts: OperatorContracts,
  input: { readonly challenger: Owner; readonly evidence: EvidenceFile; readonly operator?: Hash },
): Promise<Slashed> {
  const { challenger, evidence } = input
  const { proof } = evidence
  const operator = input.operator ?? proof.registrationRoot
  if (operator === undefined)
    throw new CriticalError(
      'the evidence does not say whose bond answers: give --operator, the registration root',
    )
  await checkContracts(l1, contracts, evidence)
  const before = await bondOf(l1, contracts, operator)
  if (before.committer !== proof.committer)
    throw new CriticalError(
      `operator ${operator} answers for ${before.committer}, and the promises are signed by ${proof.committer}`,
    )
  const ancestorsRecorded =
    proof.kind === 'listViolation' ? await recordAncestors(l1, contracts, challenger, proof.ancestors) : 0
  const held = await rewardOf(l1, contracts, challenger)
  const { hash } = await challenger.send({
    address: contracts.registry,
    abi: SLASH_ABI as Abi,
    functionName: 'slashCommitment',
    args: [operator, proof.first, encodeEvidence(proof)],
  })
  const after = await bondOf(l1, contracts, operator)
  return {
    operator,
    transactionHash: hash,
    ancestorsRecorded,
    takenWei: before.bondWei - after.bondWei,
    bondWei: after.bondWei,
    rewardWei: (await rewardOf(l1, contracts, challenger)) - held,
  }
}

async function checkContracts(
  l1: L1Client,
  { registry, slasher }: OperatorContracts,
  { domain }: EvidenceFile,
): Promise<void> {
  const [chainId, signingId] = await Promise.all([
    l1.getChainId(),
    l1.readContract({ address: registry, abi: REGISTRY_ABI, functionName: 'requiredSigningId' }),
  ])
  if (BigInt(chainId) !== domain.l1ChainId)
    throw new CriticalError(`the promises are for the L1 with chain id ${domain.l1ChainId}, not ${chainId}`)
  if (slasher !== domain.slasher)
    throw new CriticalError(`the promises are for the slasher ${domain.slasher}, not ${slasher}`)
  if (signingId !== domain.signingId)
    throw new CriticalError('the promises are for another registry than that of this chain')
}

/** Answers how many the slasher did not know yet. */
async function recordAncestors(
  l1: L1Client,
  { slasher }: OperatorContracts,
  challenger: Owner,
  ancestors: readonly Ancestor[],
): Promise<number> {
  const known = await Promise.all(
    ancestors.map(({ blockNumber }) =>
      l1.readContract({
        address: slasher,
        abi: SLASH_ABI,
        functionName: 'knownBlockHash',
        args: [blockNumber],
      }),
    ),
  )
  // Whatever is below a known one is reached from there.
  const unknown = ancestors.slice(known.findLastIndex((hash) => hash !== ZERO_HASH) + 1)
  for (const { headers } of unknown)
    await challenger.send({
      address: slasher,
      abi: SLASH_ABI as Abi,
      functionName: 'recordAncestor',
      args: [headers],
    })
  return unknown.length
}

async function bondOf(l1: L1Client, contracts: OperatorContracts, operator: Hash) {
  const status = await readOperator(l1, contracts, operator)
  if (status?.optIn === undefined)
    throw new CriticalError(`no operator ${operator} has opted in to ${contracts.slasher}`)
  return status.optIn
}

function rewardOf(l1: L1Client, { registry }: OperatorContracts, { address }: Owner): Promise<bigint> {
  return l1.readContract({ address: registry, abi: SLASH_ABI, functionName: 'rewards', args: [address] })
}
