/**
 * Attested checkpoints of a devnet: without them its executable clock stands still. TRUSTED: the attesters' word takes the
 * place of a proof; what they attest is what this node has derived itself.
 */
import { decodeFunctionResult, encodeFunctionData, type LocalAccount, parseAbi } from 'viem'
import type { ChainReader } from '../chain/chain.ts'
import { defined } from '../primitives/assert.ts'
import { sleep } from '../primitives/async.ts'
import { minBigint } from '../primitives/bigint.ts'
import { CriticalError } from '../primitives/errors.ts'
import { type Address, bytesToHex, type Hash, type Hex } from '../primitives/hex.ts'
import { inboxAbi } from '../protocol/shasta/abi.ts'
import { type Commitment, encodeCommitment, hashCommitment } from '../protocol/shasta/commitment.ts'
import type { Logger } from '../telemetry/log.ts'
import { attestationDigest, signAttestations } from './attestation.ts'
import type { InboxReader } from './inbox.ts'
import { type RpcRequest, readHead } from './l1Rpc.ts'
import { createPlainSender } from './plainSender.ts'

export type AttesterOptions = {
  readonly l1ChainId: number
  readonly l2ChainId: bigint
  readonly inbox: Address
  /** Attest what is derived from final L1 blocks, or all that is derived. */
  readonly upTo: 'finalized' | 'safe'
  /** Proposals in one transaction; each takes 58 bytes of calldata. */
  readonly proposalsMax: bigint
  /** Wei per gas; above it nothing is sent. */
  readonly maxFeePerGas: bigint
  /** Wei per gas. */
  readonly tipMin: bigint
  /** L1 blocks after which an unmined transaction is replaced at doubled fees. */
  readonly stuckBlocks: bigint
  /** Milliseconds between rounds. */
  readonly intervalMs: number
}

export const DEFAULT_ATTESTER_OPTIONS = {
  upTo: 'finalized',
  proposalsMax: 64n,
  maxFeePerGas: 500_000_000_000n,
  tipMin: 1_000_000_000n,
  stuckBlocks: 3n,
  intervalMs: 12_000,
} as const satisfies Partial<AttesterOptions>

export type AttesterDeps = {
  readonly rpc: RpcRequest
  readonly chain: ChainReader
  readonly inbox: InboxReader
  /** Pays for `prove`. Not the proposer's account: pools keep blob and other transactions of an account apart. */
  readonly account: LocalAccount
  /** TRUSTED. */
  readonly attesters: readonly LocalAccount[]
  readonly logger: Logger
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

export type AttestResult =
  | { readonly type: 'upToDate' }
  | { readonly type: 'waiting'; readonly reason: string }
  | {
      readonly type: 'sent'
      readonly transactionHash: Hash
      readonly firstProposalId: bigint
      readonly lastProposalId: bigint
    }

export type Attester = {
  /** At most one transaction. Sending the same twice is harmless: the inbox takes each proposal once. */
  step(signal?: AbortSignal): Promise<AttestResult>
  /** Runs until the signal; throws only a CriticalError. */
  run(signal: AbortSignal): Promise<void>
}

const VERIFIER_READS = parseAbi(['function threshold() view returns (uint256)'])

export function createAttester(deps: AttesterDeps, options: AttesterOptions): Attester {
  const { rpc, chain, inbox, account, logger, wait = sleep } = deps
  const sender = createPlainSender(
    { rpc, account },
    {
      chainId: options.l1ChainId,
      maxFeePerGas: options.maxFeePerGas,
      tipMin: options.tipMin,
      stuckBlocks: options.stuckBlocks,
    },
  )

  const step = async (signal?: AbortSignal): Promise<AttestResult> => {
    const head = await readHead(rpc, signal)
    const core = await inbox.state(head.hash, signal)
    const target = await chain.origin(chain.heads()[options.upTo].number)
    const first = core.lastFinalizedProposalId + 1n
    const last = minBigint(target?.proposalId ?? 0n, core.lastFinalizedProposalId + options.proposalsMax)
    if (last < first) return { type: 'upToDate' }
    const commitment = await commit(first, last)
    if (commitment.firstProposalParentBlockHash !== core.lastFinalizedBlockHash) {
      const reason = `L1 takes ${core.lastFinalizedBlockHash} for the last block of proposal ${first - 1n}, this node derived ${commitment.firstProposalParentBlockHash}`
      logger.error({ reason }, 'nothing can be attested: L1 and this node disagree about proven L2 blocks')
      return { type: 'waiting', reason }
    }
    if (commitment.lastProposalHash !== (await inbox.proposalHash(last, head.hash, signal)))
      return {
        type: 'waiting',
        reason: `L1 has another proposal ${last} than this node; a reorg is under way`,
      }
    const sent = await sender.send(
      { to: options.inbox, data: () => encodeProve(commitment, signal), headNumber: head.number },
      signal,
    )
    if (sent.type === 'waiting') return sent
    const { transactionHash } = sent
    logger.info(
      { firstProposalId: first, lastProposalId: last, transactionHash },
      'sent an attested checkpoint',
    )
    return { type: 'sent', transactionHash, firstProposalId: first, lastProposalId: last }
  }

  const commit = async (first: bigint, last: bigint): Promise<Commitment> => {
    const transitions: Commitment['transitions'][number][] = []
    const { firstBlock } = defined(await chain.proposal(first), `proposal ${first}`)
    const parent = await headerAt(firstBlock - 1n)
    for (let id = first; id <= last; id++) {
      const proposal = defined(await chain.proposal(id), `proposal ${id}`)
      const { hash } = await headerAt(proposal.lastBlock)
      transitions.push({ proposer: proposal.proposer, timestamp: proposal.timestamp, blockHash: hash })
    }
    const end = defined(await chain.proposal(last), `proposal ${last}`)
    const { header } = await headerAt(end.lastBlock)
    return {
      firstProposalId: first,
      firstProposalParentBlockHash: parent.hash,
      lastProposalHash: end.hash,
      actualProver: sender.address,
      endBlockNumber: header.number,
      endStateRoot: header.stateRoot,
      transitions,
    }
  }

  const headerAt = async (number: bigint) => defined(await chain.headerByNumber(number), `L2 block ${number}`)

  const encodeProve = async (commitment: Commitment, signal?: AbortSignal): Promise<Hex> => {
    const { proofVerifier: verifier } = await inbox.config(signal)
    const call = {
      to: verifier,
      data: encodeFunctionData({ abi: VERIFIER_READS, functionName: 'threshold' }),
    }
    const answer = (await rpc('eth_call', [call, 'latest'], signal)) as Hex
    const threshold = decodeFunctionResult({ abi: VERIFIER_READS, functionName: 'threshold', data: answer })
    const digest = attestationDigest({
      chainId: options.l2ChainId,
      verifier,
      commitmentHash: hashCommitment(commitment),
    })
    const proof = await signAttestations(deps.attesters, Number(threshold), digest)
    const args = [bytesToHex(encodeCommitment(commitment)), bytesToHex(proof)] as const
    return encodeFunctionData({ abi: inboxAbi, functionName: 'prove', args })
  }

  return {
    step,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await step(signal)
        } catch (error) {
          if (signal.aborted) return
          if (error instanceof CriticalError) throw error
          logger.warn({ error: String(error) }, 'no checkpoint was attested in this round')
        }
        await wait(options.intervalMs, signal).catch(() => {})
      }
    },
  }
}
